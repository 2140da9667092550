/*
 * Listing a prefix with ListObjectsV2, many pages at once (list_ranges.h), delivered in UTF-8 byte
 * order (S3 API reference, "ListObjectsV2", "ListObjects").
 */
#ifndef SHEAF_S3_LIST_S3_LIST_H
#define SHEAF_S3_LIST_S3_LIST_H

#include <stdint.h>

#include "base/err.h"
#include "s3/list/list_ranges.h"
#include "s3/s3.h"

enum { LIST_UNORDERED_STATUS = 4 };

struct s3_list_opt {
	const char *bucket;
	const char *prefix;	 /* "" for all */
	const char *start_after; /* only keys after this one; NULL: from the first */
	unsigned retry_empty;	 /* an empty listing is asked for again this often, at last by V1 */
	unsigned requests;	 /* at once; 0: 1 */
	int sorted; /* the server is known to list in another order: page by page, then sort */
	list_take *take;
	/* The server lists in another order, so objects that were taken may not have been the
	 * first. 0: they are forgotten, and the listing begins again, sorted. NULL or -1: the
	 * listing fails with LIST_UNORDERED_STATUS. */
	int (*restart)(void *arg);
	/* Called when the next object may take a while. May be NULL. */
	void (*pause)(void *arg);
	void *arg;
};

/*
 * Lists all objects. 0, also if take stopped it; -1 with e filled, after the objects before the
 * failure were delivered. A page that fails is requested again as a whole, so that no object is
 * doubled or lost. A server that knows only ListObjects (V1), or gives no continuation tokens, is
 * listed by that. *n counts the objects listed.
 */
int s3_list(struct s3 *s3, const struct s3_list_opt *opt, uint64_t *n, struct err *e);

#endif
