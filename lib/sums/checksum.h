/*
 * The checksums that S3 keeps with an object and sends as x-amz-checksum-* (S3 user guide,
 * "Checking object integrity").
 */
#ifndef SHEAF_SUMS_CHECKSUM_H
#define SHEAF_SUMS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "sums/hash.h"

enum checksum_algorithm {
	CHECKSUM_NONE,
	CHECKSUM_CRC32C,
	CHECKSUM_CRC64NVME,
	CHECKSUM_CRC32,
	CHECKSUM_SHA256,
	CHECKSUM_SHA1,
	CHECKSUMS,
};

enum { CHECKSUM_TEXT = 48 }; /* holds any of them in base64, and a NUL */

/* "CRC32C"; "" for none. */
const char *checksum_name(enum checksum_algorithm a);

/* Zero-initialised is CHECKSUM_NONE, which ignores what is added. */
struct checksum {
	enum checksum_algorithm algorithm;
	uint64_t crc;
	struct hash hash;
};

void checksum_begin(struct checksum *c, enum checksum_algorithm a);
void checksum_add(struct checksum *c, const void *p, size_t n);

/* Fills text with the sum in base64, CRCs with the most significant byte first; "" for none. c
 * becomes CHECKSUM_NONE. */
void checksum_end(struct checksum *c, char text[CHECKSUM_TEXT]);

/* Formats a CRC32C as checksum_end does. */
void checksum_crc32c_text(char text[CHECKSUM_TEXT], uint32_t crc);

#endif
