/*
 * A range of keys that is listed page by page (see list_ranges.h).
 */
#ifndef SHEAF_S3_LIST_LIST_RANGE_H
#define SHEAF_S3_LIST_LIST_RANGE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "s3/list/list_check.h"
#include "s3/list/list_held.h"
#include "s3/list/list_split.h"

#define LIST_RANGE_FAR 1e11 /* estimates of pages end here */

struct list_range {
	struct list_range *prev, *next; /* in key order */
	char *after;			/* keys after this one; NULL: from the first */
	char *upto;			/* up to and including this one; NULL: to the last */
	char *void_from; /* no key was found between this and upto; NULL: not known */
	char *token;	 /* of the next page */
	struct list_chain chain;
	struct buf last; /* the last key taken */
	char *named;	 /* the first key that it named; NULL: none yet */
	char *expected; /* the first key that the range before it named after its end; NULL: none */
	uint64_t n;	/* keys taken */
	struct list_held held;
	struct buf mark;   /* an earlier key, from which density is measured */
	uint64_t n_marked; /* keys since then */
	size_t common;	   /* length of the common prefix of the last page's keys */
	double pages_left; /* estimated */
	struct err *error; /* why it cannot go on */
	unsigned char busy, done;
	unsigned char doubted; /* its end has been asked for again */
	unsigned char stuck;   /* no place to cut has been found since its last page */
	unsigned char blind; /* cut without knowing a key after it: its first answer may be empty */
	unsigned char dropped; /* no longer in the list, but its answer is outstanding */
};

/* upto becomes the range's own; NULL: to the last key. */
struct list_range *list_range_new(const char *after, char *upto);
void list_range_free(struct list_range *r);

/* The key after which r continues; NULL: from the first. */
const char *list_range_begin(struct list_range *r);

/* The key from which r is known to have no more keys; NULL: unknown. */
const char *list_range_bound(const struct list_range *r);

/* The bytes that key shares with the bound of r, at least those of the prefix. */
size_t list_range_common(const struct list_range *r, const char *key, size_t prefix_len);

/* Estimates pages_left; r must have keys. page_keys: keys of a full page. */
void list_range_estimate(
    struct list_range *r, const struct list_alphabet *a, size_t prefix_len, double page_keys);

#endif
