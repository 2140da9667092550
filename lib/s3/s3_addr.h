/*
 * Where a request to a bucket goes (S3 user guide, "Virtual hosting of buckets"; AWS general
 * reference, "S3 endpoints and quotas"). Pure.
 */
#ifndef SHEAF_S3_S3_ADDR_H
#define SHEAF_S3_S3_ADDR_H

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/err.h"

/* The pseudo-region of the endpoint without a region in its name, and the region it signs for. */
#define S3_GLOBAL "aws-global"
#define S3_GLOBAL_REGION "us-east-1"

enum s3_style { S3_STYLE_AUTO, S3_STYLE_PATH, S3_STYLE_VIRTUAL };

struct s3_addr {
	struct endpoint endpoint; /* host NULL: AWS, by region */
	enum s3_style style;
	int dualstack, fips;
	int global; /* S3_GLOBAL was asked for; requests are signed for S3_GLOBAL_REGION */
};

/* url NULL: AWS. Else as endpoint_parse. */
int s3_addr_parse(struct s3_addr *a, const char *url, struct err *e);
void s3_addr_free(struct s3_addr *a);

/* 1 if requests go to AWS. */
int s3_addr_is_aws(const struct s3_addr *a);

/* 1 if the hosts of both regions are under the same domain. Always for endpoints other than AWS,
 * where regions are not part of the host's name. */
int s3_addr_same_domain(const struct s3_addr *a, const char *region, const char *other);

/* Appends the Host header's value and the encoded path (never empty) for a bucket and key. */
void s3_addr_make(const struct s3_addr *a, const char *region, const char *bucket, const char *key,
    struct buf *host, struct buf *path);

#endif
