/*
 * Listing a prefix: ListObjectsV2 page by page, in UTF-8 byte order (S3 API reference,
 * "ListObjectsV2", "ListObjects").
 */
#ifndef SHEAF_S3_LIST_H
#define SHEAF_S3_LIST_H

#include <stdint.h>

#include "err.h"
#include "s3.h"
#include "s3xml.h"

struct s3_list_opt {
	const char *bucket;
	const char *prefix;	 /* "" for all */
	const char *start_after; /* keys behind this one only; NULL: from the first */
	unsigned
	    retry_empty; /* an empty first answer is asked again so often, then by ListObjects V1 */
};

/* Takes one object; strings are valid during the call. Non-zero stops the listing. */
typedef int s3_list_take(void *arg, const struct s3xml_object *o);

/*
 * Lists all objects. 0, also when take stopped it; -1 with e filled. A page that fails is asked
 * again as a whole, so that no object is given twice or left out; keys that do not ascend are an
 * error. *n counts what was given to take.
 */
int s3_list(struct s3 *s3, const struct s3_list_opt *opt, s3_list_take *take, void *arg,
    uint64_t *n, struct err *e);

#endif
