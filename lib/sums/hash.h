/*
 * MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4), computed by OpenSSL. Allocates nothing and cannot
 * fail.
 */
#ifndef SHEAF_SUMS_HASH_H
#define SHEAF_SUMS_HASH_H

#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stddef.h>

enum hash_algorithm { HASH_MD5, HASH_SHA1, HASH_SHA256 };

enum {
	HASH_MD5_LEN = 16,
	HASH_SHA1_LEN = 20,
	HASH_SHA256_LEN = 32,
	HASH_MAX = 32,		     /* bytes of the longest sum */
	HASH_HEX = 2 * HASH_MAX + 1, /* its hex digits, and a NUL */
};

/* A hash of bytes that come in pieces. A copy is independent. */
struct hash {
	enum hash_algorithm algorithm;
	union {
		MD5_CTX md5;
		SHA_CTX sha1;
		SHA256_CTX sha256;
	} state;
};

void hash_begin(struct hash *h, enum hash_algorithm a);
void hash_add(struct hash *h, const void *p, size_t n);

/* Fills sum and returns its length. */
size_t hash_end(struct hash *h, unsigned char *sum);

/* The same for n bytes at p. */
size_t hash_of(unsigned char *sum, enum hash_algorithm a, const void *p, size_t n);

/* Writes n bytes, a multiple of four as all sums are, as 2n lower-case hex digits and a NUL. */
void hash_hex(char *hex, const unsigned char *sum, size_t n);

/* The digest of n bytes at p as hex digits. */
void hash_hex_of(char *hex, enum hash_algorithm a, const void *p, size_t n);

#endif
