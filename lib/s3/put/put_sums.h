/*
 * The checksums of one part of an upload, updated while it is read: the data is still in the
 * processor's cache, and connections proceed meanwhile.
 */
#ifndef SHEAF_S3_PUT_PUT_SUMS_H
#define SHEAF_S3_PUT_PUT_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "sums/hash.h"

struct put_digest {
	unsigned char md5[HASH_MD5_LEN];
	unsigned char sha256[HASH_SHA256_LEN]; /* if it was asked for */
	uint32_t crc32c;
};

struct put_sums {
	struct hash md5, sha256;
	int has_sha256;
	uint32_t crc32c;
};

void put_sums_begin(struct put_sums *s, int with_sha256);
void put_sums_add(struct put_sums *s, const void *p, size_t n);
void put_sums_end(struct put_sums *s, struct put_digest *d);

/* The ETag of an upload of n parts: the MD5 of their MD5s, and "-n" (unless it is encrypted with a
 * key of KMS or the customer's). */
void put_parts_etag(char etag[64], unsigned char (*md5s)[16], unsigned n);

#endif
