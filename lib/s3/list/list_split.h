/*
 * Where to cut a range of keys of which only the beginning is known. The bytes that keys were seen
 * to have, position by position, tell where other keys may be; a cut that is badly placed costs a
 * request, never a key. Pure. Keys are strings without NUL.
 */
#ifndef SHEAF_S3_LIST_LIST_SPLIT_H
#define SHEAF_S3_LIST_LIST_SPLIT_H

#include <stddef.h>

#include "base/buf.h"

struct list_alphabet;

struct list_alphabet *list_alphabet_new(void);
void list_alphabet_free(struct list_alphabet *a);

/* A key was seen. */
void list_alphabet_see(struct list_alphabet *a, const char *key, size_t len);

/* That key was seen with next right behind it. */
void list_alphabet_next(struct list_alphabet *a, const char *key, const char *next);

/* The number of bytes that both begin with. */
size_t list_common(const char *a, const char *b);

/*
 * Where key lies among the strings with its first `from` bytes, 0 to 1, were all bytes that are
 * likely in a position in use. NULL: behind them all.
 */
double list_place(const struct list_alphabet *a, const char *key, size_t from);

/*
 * The two write a key between pos and bound (NULL: no end), neither of them, into out. It is valid
 * UTF-8, no longer than a key may be, and 0, or -1 when they find none.
 *
 * list_cut: near that place, give or take `near`.
 */
int list_cut(struct buf *out, const struct list_alphabet *a, const char *pos, const char *bound,
    size_t from, double place, double near);

/* list_next: with pos's first `at` bytes, at least `from`, and then, if need be further behind, a
 * higher byte than pos has there. */
int list_next(
    struct buf *out, const struct list_alphabet *a, const char *pos, const char *bound, size_t at);

#endif
