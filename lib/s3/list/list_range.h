/*
 * A range of keys that is listed page by page (see list_ranges.h).
 */
#ifndef SHEAF_S3_LIST_LIST_RANGE_H
#define SHEAF_S3_LIST_LIST_RANGE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "s3/list/list_held.h"
#include "s3/list/list_split.h"

#define LIST_RANGE_FAR 1e11 /* estimates of pages end here */

struct list_range {
	struct list_range *prev, *next; /* in key order */
	char *after;			/* keys behind this one; NULL: from the first */
	char *upto;			/* up to and with this one; NULL: to the last */
	char *void_from; /* no key was found between this and upto; NULL: not known */
	char *token;	 /* of the next page */
	struct buf last; /* key taken */
	uint64_t n;	 /* keys taken */
	struct list_held held;
	struct buf mark;   /* a key taken some time ago, from where on density is measured */
	uint64_t n_marked; /* keys since then */
	size_t common;	   /* bytes that all keys of the last page begin with */
	double pages_left; /* estimated */
	struct err *error; /* why it cannot go on */
	unsigned char busy, done;
	unsigned char doubted; /* its end was asked for again already */
	unsigned char stuck;   /* no place to cut was found since its last page */
	unsigned char blind;   /* its first answer may well be empty */
	unsigned char dropped; /* waits only for its answer */
};

/* upto becomes the range's own; NULL: to the last key. */
struct list_range *list_range_new(const char *after, char *upto);
void list_range_free(struct list_range *r);

/* The key after which r continues; NULL: from the first. */
const char *list_range_begin(struct list_range *r);

/* From where on r is known to have no more keys; NULL: not known. */
const char *list_range_bound(const struct list_range *r);

/* The bytes that key shares with the bound of r, at least those of the prefix. */
size_t list_range_common(const struct list_range *r, const char *key, size_t prefix_len);

/* Works pages_left out; r has keys. page_keys: keys of a full page. */
void list_range_estimate(
    struct list_range *r, const struct list_alphabet *a, size_t prefix_len, double page_keys);

#endif
