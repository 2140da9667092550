/*
 * The logic of listing with many requests at once, without I/O: which request to make next, and
 * what its answer means. Ranges of keys are listed in parallel and delivered in order.
 *
 * A range lists the keys after one key up to and including another, page by page. There is one at
 * first; if a request is free and no range needs it, the rest of the range that seems to have most
 * left is cut in two. No key is lost or doubled, wherever a cut is placed: the left part ends at
 * the first key after the cut that the server names, and the right part asks for the keys after the
 * cut. An empty answer is never taken to mean that nothing follows a cut: the left part then
 * continues to where the right one would have ended.
 *
 * All this needs a server that lists in UTF-8 byte order. One that does not gives itself away: keys
 * descend, a range begins with keys from before its cut, or does not begin with the key that the
 * range before it named first after the cut. Then the listing ends with LIST_UNORDERED.
 *
 * Keys that are not next in order wait, packed, in memory up to a limit; ranges further to the
 * right stop sooner, so that the next one can always proceed.
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
	const char *start_after; /* only keys after this one; NULL: from the first. Borrowed */
	unsigned requests;	 /* at once; 1: a single range */
	size_t held_max;	 /* bytes that may wait; at worst exceeded by a page a request */
	int has_markers;	 /* pages continue after keys, without tokens */
	list_take *take;
	void *arg;
};

struct list_ranges;
struct list_range;

/* A request to make: with the token if there is one, else after start_after if there is one.
 * Borrowed until its answer. */
struct list_ask {
	struct list_range *range;
	const char *token;
	const char *start_after;
};

struct list_ranges_count {
	uint64_t ranges, requests;
	uint64_t wasted; /* requests that yielded no key */
	uint64_t keys;	 /* given */
	size_t held_max; /* bytes that waited, at most */
};

struct list_ranges *list_ranges_new(const struct list_ranges_opt *opt);
void list_ranges_free(struct list_ranges *lr);

enum list_next {
	LIST_ASK,	/* make this request */
	LIST_WAIT,	/* none now: wait for an answer */
	LIST_END,	/* everything is delivered, or take has stopped it */
	LIST_FAILED,	/* e is filled; everything before the failure is delivered */
	LIST_UNORDERED, /* the server lists in another order; e is filled with what shows it. What
			   was delivered is in order, but other keys may belong before it */
};

/* What to do next; a request of LIST_ASK counts as made. */
enum list_next list_ranges_next(struct list_ranges *lr, struct list_ask *ask, struct err *e);

/* Take the answers, in any order. refused: by the server, which will not answer otherwise next
 * time. e is copied. */
void list_ranges_page(struct list_ranges *lr, struct list_range *r, const struct s3xml_page *page);
void list_ranges_no_page(
    struct list_ranges *lr, struct list_range *r, int refused, const struct err *e);

/* Instead of an answer: the request, the first, will be made in a way that has no tokens. */
void list_ranges_use_markers(struct list_ranges *lr, struct list_range *r);

/* 1 if pages continue after keys: so it was asked for, or the server has given no token. From then
 * on requests are to be ListObjects, whose markers are keys. */
int list_ranges_has_markers(const struct list_ranges *lr);

const struct list_ranges_count *list_ranges_counted(const struct list_ranges *lr);

#endif
