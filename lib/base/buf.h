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

/* For buf_room, when cap is not enough. */
char *buf_grow(struct buf *b, size_t n);

/* Makes room for n more bytes after len and returns where they go; len does not change. */
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

/* Like buf_addf with %llu and %08x, in a tenth of the time. */
void buf_addu(struct buf *b, uint64_t n);
void buf_addx(struct buf *b, uint32_t n);

void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The bytes as a C string, followed by a NUL that len does not count. Valid until b changes. */
const char *buf_str(struct buf *b);

/* Empties b and keeps its memory. */
void buf_reset(struct buf *b);

/* Frees the memory; b is empty and can be used again. */
void buf_free(struct buf *b);

/* The same for secrets: zeroes the memory first. */
void buf_wipe(struct buf *b);

/* As malloc and the like, but end the program when there is no memory. Free with free(). */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);

#endif
