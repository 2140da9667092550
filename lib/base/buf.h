/*
 * A growable byte buffer. Owned by whoever holds the struct; zero-initialised is empty and valid.
 * The bytes may hold NUL. Growing never fails: out of memory ends the program (err_nomem).
 */
#ifndef SHEAF_BASE_BUF_H
#define SHEAF_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *p;    /* owned; NULL while cap is 0 */
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
};

/* Of buf_room, where cap is not enough. */
char *buf_grow(struct buf *b, size_t n);

/* Makes room for n more bytes behind len and returns where they go; len is unchanged. */
static inline char *
buf_room(struct buf *b, size_t n)
{
	return b->cap != 0 && n <= b->cap - b->len ? b->p + b->len : buf_grow(b, n);
}

static inline void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_room(b, n), p, n);
	b->len += n;
}

static inline void
buf_addc(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->len++;
}

static inline void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

/* As %llu and %08x of buf_addf, which takes ten times as long. */
void buf_addu(struct buf *b, uint64_t n);
void buf_addx(struct buf *b, uint32_t n);

void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The bytes as a C string: a NUL is kept behind them, not counted in len. Valid until b changes. */
const char *buf_str(struct buf *b);

/* len becomes 0, the memory stays. */
void buf_reset(struct buf *b);

/* Gives the memory back; b is empty and usable again. */
void buf_free(struct buf *b);

/* The same for what may hold secrets: zeroed first. */
void buf_wipe(struct buf *b);

/* malloc, realloc and strdup that end the program when there is no memory. Freed with free(). */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);

#endif
