/*
 * Listing a prefix: ListObjectsV2, many pages at once (list_ranges.h), given in UTF-8 byte order
 * (S3 API reference, "ListObjectsV2", "ListObjects").
 */
#ifndef SHEAF_S3_LIST_S3_LIST_H
#define SHEAF_S3_LIST_S3_LIST_H

#include <stdint.h>

#include "base/err.h"
#include "s3/list/list_ranges.h"
#include "s3/s3.h"

struct s3_list_opt {
	const char *bucket;
	const char *prefix;	 /* "" for all */
	const char *start_after; /* keys behind this one only; NULL: from the first */
	unsigned
	    retry_empty; /* an empty first answer is asked again so often, then by ListObjects V1 */
	unsigned requests; /* at once; 0: 1 */
	list_take *take;
	/* Called when it may be a while until the next object. May be NULL. */
	void (*pause)(void *arg);
	void *arg;
};

/*
 * Lists all objects. 0, also when take stopped it; -1 with e filled, after the objects before the
 * failure were given. A page that fails is asked again as a whole, so that no object is given twice
 * or left out; keys that do not ascend are an error. *n counts what was listed.
 */
int s3_list(struct s3 *s3, const struct s3_list_opt *opt, uint64_t *n, struct err *e);

#endif
