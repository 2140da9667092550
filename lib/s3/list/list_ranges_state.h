/*
 * What the parts of list_ranges share: list_ranges.c, which knows what answers mean, and
 * list_plan.c, which chooses the next request. Only these two include this.
 */
#ifndef SHEAF_S3_LIST_LIST_RANGES_STATE_H
#define SHEAF_S3_LIST_LIST_RANGES_STATE_H

#include "base/buf.h"
#include "s3/list/list_held.h"
#include "s3/list/list_ranges.h"
#include "s3/list/list_split.h"

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

struct list_ranges {
	struct list_ranges_opt opt;
	size_t prefix_len;
	struct list_range *first; /* the only one whose keys are given as they come */
	struct list_range *dropped;
	struct list_alphabet *alphabet;
	struct buf cut;
	struct buf highest; /* key that any answer named */
	int any;	    /* there is one */
	int after_works;    /* the server has begun where it was told to */
	int serial;	    /* the server does not start where it is told to: one range */
	int no_cuts;
	int stopped;		   /* by take */
	unsigned in_flight, blind; /* requests; ranges of which nothing is known yet */
	size_t held;
	size_t page_bytes; /* the largest yet, as held */
	uint64_t useful;   /* answers with keys */
	double page_keys;
	struct list_ranges_count count;
};

/* upto becomes the range's own; NULL: to the last key. */
struct list_range *list_range_new(const char *after, char *upto);

/* The key behind which r goes on; NULL: from the first. */
const char *list_range_begin(struct list_range *r);

/* Works pages_left out; r has keys. */
void list_range_estimate(struct list_ranges *lr, struct list_range *r);

#endif
