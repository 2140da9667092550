#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "s3/s3_region.h"

void
s3_region_set(struct s3_regions *r, const char *name)
{
	snprintf(r->region, sizeof(r->region), "%s", name);
}

const char *
s3_region_of(const struct s3_regions *r, const char *bucket)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->buckets[i].bucket, bucket) == 0)
			return r->buckets[i].region;
	return r->region;
}

void
s3_region_learn(struct s3_regions *r, const char *bucket, const char *name)
{
	size_t i = 0;

	r->learnt++;
	while (i < r->n && strcmp(r->buckets[i].bucket, bucket) != 0)
		i++;
	if (i == S3_REGION_BUCKETS_MAX)
		return;
	if (i == r->n) {
		r->buckets[i].bucket = xstrdup(bucket);
		r->n++;
	}
	snprintf(r->buckets[i].region, sizeof(r->buckets[i].region), "%s", name);
}

void
s3_region_free(struct s3_regions *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->buckets[i].bucket);
	*r = (struct s3_regions){0};
}
