/*
 * Listing with many requests at once, the part that thinks and does no I/O: which request to make
 * next, and what its answer means. Keys are listed in ranges side by side and given in order.
 *
 * A range lists the keys behind one key up to and with another, page by page. There is one at
 * first; where a request could be made and no range needs one, the rest of the range that seems to
 * have most left is cut in two. No key is lost or doubled, wherever a cut is placed: the left part
 * ends at the first key behind the cut that the server names, the right one begins with the server
 * asked for what is behind the cut. That nothing is behind a cut is never taken from an empty
 * answer: the left part then goes on to where the right one would have ended.
 *
 * What was listed and is not next in order waits, packed, in memory up to a limit; ranges further
 * to the right stop sooner, so that those that are next always go on.
 */
#ifndef SHEAF_S3_LIST_LIST_RANGES_H
#define SHEAF_S3_LIST_LIST_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "s3/s3xml_list.h"

/* Takes one object; strings are valid during the call. Non-zero stops the listing. */
typedef int list_take(void *arg, const struct s3xml_object *o);

struct list_ranges_opt {
	const char *prefix;	 /* borrowed */
	const char *start_after; /* keys behind this one only; NULL: from the first. Borrowed */
	unsigned requests;	 /* at once; 1: there will be one range */
	size_t held_max;	 /* bytes that may wait; a page of each request more at the worst */
	int has_markers;	 /* pages may go on behind their last key without a token */
	list_take *take;
	void *arg;
};

struct list_ranges;
struct list_range;

/* A request to be made: with the token if there is one, else behind start_after, if there is one.
 * Borrowed until its answer. */
struct list_ask {
	struct list_range *range;
	const char *token;
	const char *start_after;
};

struct list_ranges_count {
	uint64_t ranges, requests;
	uint64_t wasted; /* requests that gave no key */
	uint64_t keys;	 /* given */
	size_t held_max; /* bytes that waited, at most */
};

struct list_ranges *list_ranges_new(const struct list_ranges_opt *opt);
void list_ranges_free(struct list_ranges *lr);

enum list_next {
	LIST_ASK,    /* make this request */
	LIST_WAIT,   /* none now: wait for an answer */
	LIST_END,    /* all was given, or take has stopped it */
	LIST_FAILED, /* e is filled; what stands before was given */
};

/* What to do next; when it is LIST_ASK, that request counts as made. */
enum list_next list_ranges_next(struct list_ranges *lr, struct list_ask *ask, struct err *e);

/* The answers, in any order. refused: by the server, whose answer will not be another next time. e
 * is copied. */
void list_ranges_page(struct list_ranges *lr, struct list_range *r, const struct s3xml_page *page);
void list_ranges_no_page(
    struct list_ranges *lr, struct list_range *r, int refused, const struct err *e);

const struct list_ranges_count *list_ranges_counted(const struct list_ranges *lr);

#endif
