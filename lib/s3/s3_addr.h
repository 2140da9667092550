/*
 * Where a request to a bucket goes (S3 user guide, "Virtual hosting of buckets"; AWS general
 * reference, "S3 endpoints and quotas"). Pure.
 */
#ifndef SHEAF_S3_S3_ADDR_H
#define SHEAF_S3_S3_ADDR_H

#include "base/buf.h"
#include "base/err.h"

/* The region that stands for the endpoint without one, and what is signed there. */
#define S3_GLOBAL "aws-global"
#define S3_GLOBAL_REGION "us-east-1"

enum s3_style { S3_STYLE_AUTO, S3_STYLE_PATH, S3_STYLE_VIRTUAL };

struct s3_endpoint {
	char *scheme; /* owned: "https" or "http" */
	char *host;   /* owned: with ":port" unless it is the scheme's own; NULL: AWS, by region */
	char *base;   /* owned: path before the bucket, "" or "/x" */
	enum s3_style style;
	int dualstack, fips;
	int global; /* the region S3_GLOBAL was asked for, and goes as S3_GLOBAL_REGION */
};

/* Parses an endpoint URL; NULL: AWS. -1 with EXIT_USAGE for anything but
 * http(s)://host[:port][/path]. */
int s3_endpoint_parse(struct s3_endpoint *ep, const char *url, struct err *e);
/* 1 when what goes there can be read on the way: plain HTTP, and not to this machine. */
int s3_endpoint_is_open(const struct s3_endpoint *ep);

void s3_endpoint_free(struct s3_endpoint *ep);

/* Appends the Host header's value and the encoded path (never empty) for a bucket and key. */
void s3_address(const struct s3_endpoint *ep, const char *region, const char *bucket,
    const char *key, struct buf *host, struct buf *path);

#endif
