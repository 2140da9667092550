/*
 * The headers that describe an object to store: media type, encryption, storage class, user
 * metadata, and which of them exclude each other (S3 API reference, "PutObject"; S3 user guide,
 * "Working with object metadata"). Pure.
 */
#ifndef SHEAF_S3_PUT_PUT_HEADERS_H
#define SHEAF_S3_PUT_PUT_HEADERS_H

#include <stddef.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	PUT_HEADERS_MAX = 12,
	PUT_META_MAX = 2048, /* bytes of all metadata, names and values */
};

/* Zero-initialised is empty. */
struct put_headers {
	struct sigv4_header list[PUT_HEADERS_MAX];
	size_t n;
	struct buf names[PUT_HEADERS_MAX]; /* of metadata headers */
	size_t meta_len;
	const char *sse;	 /* points into list; NULL: none */
	int with_kms;		 /* one that needs sse aws:kms */
	const char *meta_crc32c; /* the value of x-amz-meta-sheaf-crc32c; NULL: none */
};

/* Values are borrowed. All: 0, or -1 with EXIT_USAGE. */
int put_headers_add(struct put_headers *h, const char *name, const char *value, struct err *e);

/* AES256, aws:kms or aws:kms:dsse; a key's id; the bucket's key. */
int put_headers_sse(struct put_headers *h, const char *algorithm, struct err *e);
int put_headers_kms_key(struct put_headers *h, const char *id, struct err *e);
int put_headers_bucket_key(struct put_headers *h, struct err *e);

/* "KEY=VALUE" of user metadata; the key becomes lower-case. */
int put_headers_metadata(struct put_headers *h, const char *arg, struct err *e);

/* At the end: do they go together? */
int put_headers_check(const struct put_headers *h, struct err *e);

void put_headers_free(struct put_headers *h);

#endif
