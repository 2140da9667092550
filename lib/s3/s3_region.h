/*
 * The regions of buckets: the one that is set, and what answers say about single buckets.
 */
#ifndef SHEAF_S3_S3_REGION_H
#define SHEAF_S3_S3_REGION_H

#include <stddef.h>

#include "aws/region.h"

enum { S3_REGION_BUCKETS_MAX = 64 }; /* buckets whose region is remembered */

/* Zero-initialise, then s3_region_set. */
struct s3_regions {
	char region[REGION_LEN]; /* of buckets that nothing is known about */
	struct {
		char *bucket; /* owned */
		char region[REGION_LEN];
	} buckets[S3_REGION_BUCKETS_MAX];
	size_t n;
	unsigned learnt; /* counts up with s3_region_learn */
};

/* name must be the name of a region (region_is_name). */
void s3_region_set(struct s3_regions *r, const char *name);
void s3_region_learn(struct s3_regions *r, const char *bucket, const char *name);

const char *s3_region_of(const struct s3_regions *r, const char *bucket);

void s3_region_free(struct s3_regions *r);

#endif
