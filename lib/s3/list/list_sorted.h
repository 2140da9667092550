/*
 * The logic of listing a server that does not list in UTF-8 byte order, without I/O: page by page
 * from the first, all keys held in memory, sorted, and given at the end.
 *
 * A key that is listed twice is given once, as it was listed last.
 *
 * Some servers list in one order and continue after a page with the keys that are greater in
 * another, which leaves out keys. So where keys descend and no page shows that it continues in the
 * server's own order (by a key that is smaller than the last one before it), the server is asked
 * what follows a key, and the listing fails if that is not what was listed after it.
 */
#ifndef SHEAF_S3_LIST_LIST_SORTED_H
#define SHEAF_S3_LIST_LIST_SORTED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "s3/list/list_ranges.h"

struct list_sorted_opt {
	const char *prefix;	 /* borrowed */
	const char *start_after; /* give only keys after this one; NULL: all. Borrowed */
	size_t held_max;	 /* bytes in memory; more is an error */
	int has_markers;	 /* pages continue after keys, without tokens */
	list_take *take;
	void *arg;
};

struct list_sorted;

struct list_sorted *list_sorted_new(const struct list_sorted_opt *opt);
void list_sorted_free(struct list_sorted *s);

/* What to do next, as list_ranges_next; ask->range is NULL. LIST_END: everything has been given. */
enum list_next list_sorted_next(struct list_sorted *s, struct list_ask *ask, struct err *e);

/* Take the answers. e is copied. */
void list_sorted_page(struct list_sorted *s, const struct s3xml_page *page);
void list_sorted_no_page(struct list_sorted *s, const struct err *e);

/* As list_ranges_use_markers and list_ranges_has_markers. */
void list_sorted_use_markers(struct list_sorted *s);
int list_sorted_has_markers(const struct list_sorted *s);

uint64_t list_sorted_given(const struct list_sorted *s);

#endif
