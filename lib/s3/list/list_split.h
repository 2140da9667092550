/*
 * Where to cut a range of keys of which only the beginning is known. The bytes seen in each
 * position of keys suggest where other keys are; a badly placed cut costs a request, never a key.
 * Pure. Keys are strings without NUL.
 */
#ifndef SHEAF_S3_LIST_LIST_SPLIT_H
#define SHEAF_S3_LIST_LIST_SPLIT_H

#include <stddef.h>

#include "base/buf.h"

struct list_alphabet;

struct list_alphabet *list_alphabet_new(void);
void list_alphabet_free(struct list_alphabet *a);

/* Records a key. */
void list_alphabet_see(struct list_alphabet *a, const char *key, size_t len);

/* Records that next directly follows key. */
void list_alphabet_next(struct list_alphabet *a, const char *key, const char *next);

/* The length of the common prefix. */
size_t list_common(const char *a, const char *b);

/*
 * The place of key, from 0 to 1, among all strings that begin with its first `from` bytes and
 * continue with bytes that are likely in their positions. NULL: after all of them.
 */
double list_place(const struct list_alphabet *a, const char *key, size_t from);

/*
 * Both write a key strictly between pos and bound (NULL: no end) into out: valid UTF-8, no longer
 * than a key may be. 0, or -1 if they find none. list_cut: near that place, give or take `near`.
 */
int list_cut(struct buf *out, const struct list_alphabet *a, const char *pos, const char *bound,
    size_t from, double place, double near);

/* list_next: with the first `at` bytes of pos, or more if need be, and then a higher byte than pos
 * has there. */
int list_next(
    struct buf *out, const struct list_alphabet *a, const char *pos, const char *bound, size_t at);

#endif
