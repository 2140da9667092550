/*
 * These use OpenSSL's functions from before 3.0. Their replacement, EVP, initialises the library
 * and its table of all algorithms, which takes 0.9 of the 4 ms that a program needs to start (a run
 * starts hundreds), and is slower for small bodies.
 */
#define OPENSSL_API_COMPAT 10101

#include <endian.h>
#include <string.h>

#include "sums/hash.h"

void
hash_begin(struct hash *h, enum hash_algorithm a)
{
	h->algorithm = a;
	switch (a) {
	case HASH_MD5: MD5_Init(&h->state.md5); break;
	case HASH_SHA1: SHA1_Init(&h->state.sha1); break;
	case HASH_SHA256: SHA256_Init(&h->state.sha256); break;
	}
}

void
hash_add(struct hash *h, const void *p, size_t n)
{
	switch (h->algorithm) {
	case HASH_MD5: MD5_Update(&h->state.md5, p, n); break;
	case HASH_SHA1: SHA1_Update(&h->state.sha1, p, n); break;
	case HASH_SHA256: SHA256_Update(&h->state.sha256, p, n); break;
	}
}

size_t
hash_end(struct hash *h, unsigned char *sum)
{
	switch (h->algorithm) {
	case HASH_MD5: MD5_Final(sum, &h->state.md5); return HASH_MD5_LEN;
	case HASH_SHA1: SHA1_Final(sum, &h->state.sha1); return HASH_SHA1_LEN;
	case HASH_SHA256: SHA256_Final(sum, &h->state.sha256); return HASH_SHA256_LEN;
	}
	return 0;
}

size_t
hash_of(unsigned char *sum, enum hash_algorithm a, const void *p, size_t n)
{
	struct hash h;

	hash_begin(&h, a);
	hash_add(&h, p, n);
	return hash_end(&h, sum);
}

/* Four bytes at a time: each of its nibbles in a byte of x, then all to digits at once. */
void
hash_hex(char *hex, const unsigned char *sum, size_t n)
{
	const uint64_t ones = 0x0101010101010101;

	for (size_t i = 0; i < n; i += 4) {
		uint64_t x = sum[i] | (uint64_t)sum[i + 1] << 16 | (uint64_t)sum[i + 2] << 32 |
		    (uint64_t)sum[i + 3] << 48;

		x = (x >> 4 | x << 8) & 15 * ones;
		x += '0' * ones + ((x + 6 * ones) >> 4 & ones) * ('a' - '0' - 10);
		x = htole64(x);
		memcpy(hex + 2 * i, &x, sizeof(x));
	}
	hex[2 * n] = '\0';
}

void
hash_hex_of(char *hex, enum hash_algorithm a, const void *p, size_t n)
{
	unsigned char sum[HASH_MAX];
	size_t len = hash_of(sum, a, p, n);

	hash_hex(hex, sum, len);
}
