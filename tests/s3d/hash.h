/*
 * Hashes for the server: SHA-256 and HMAC in the form that signing wants, MD5 for ETags, and the
 * checksums of the x-amz-checksum-* headers (S3 user guide, "Checking object integrity").
 */
#ifndef S3D_HASH_H
#define S3D_HASH_H

/* EVP in OpenSSL 3.0 looks the algorithm up for each hash: more work than hashing 200 bytes. */
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

/* An HMAC-SHA-256 key with both pads already hashed, so that a signature takes four blocks. */
struct hmac {
	SHA256_CTX inner, outer;
};

void hmac_key(struct hmac *h, const void *key, size_t len);
void hmac_sum(const struct hmac *h, const void *p, size_t n, unsigned char out[32]);

/* Lower-case hex and a NUL; out has 2 * n + 1 bytes. */
void hex_put(char *out, const unsigned char *p, size_t n);
void sha256_hex(char out[65], const void *p, size_t n);
void md5(const void *p, size_t n, unsigned char out[16]);

/* Base64 with padding and a NUL into out; returns its length. 4 * ((n + 2) / 3) + 1 bytes. */
size_t base64_put(char *out, const unsigned char *p, size_t n);

/* Exactly n bytes from base64 text. 0, or -1 when it is not that. n is at most 64. */
int base64_get(unsigned char *out, size_t n, const char *s);

enum sum_algo { SUM_NONE, SUM_CRC32, SUM_CRC32C, SUM_CRC64NVME, SUM_SHA1, SUM_SHA256, SUM_N };

enum { SUM_TEXT = 48 }; /* room for any checksum in base64, with the NUL */

/* "crc32c" of SUM_CRC32C, as in x-amz-checksum-crc32c. */
const char *sum_name(enum sum_algo a);
/* The inverse, ignoring case; SUM_NONE if unknown. */
enum sum_algo sum_by_name(const char *name);
size_t sum_len(enum sum_algo a);
/* The checksum of the n bytes, in base64. */
void sum_text(char out[SUM_TEXT], enum sum_algo a, const void *p, size_t n);
/* CRC32C continued from crc (0 at first); the folder's records carry it too. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

#endif
