#include <openssl/evp.h>
#include <zlib.h>

#include "sums/checksum.h"
#include "sums/crc32c.h"

#define POLY64 UINT64_C(0x9a6c9329ac4bc9b5) /* the polynomial of CRC-64/NVME, reflected */

static uint64_t table64[8][256]; /* as in crc32c.c */

static const char *const names[CHECKSUMS] = {"", "CRC32C", "CRC64NVME", "CRC32", "SHA256", "SHA1"};

const char *
checksum_name(enum checksum_algorithm a)
{
	return names[a];
}

static void
make_table64(void)
{
	for (uint64_t i = 0; i < 256; i++) {
		uint64_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ POLY64 : c >> 1;
		table64[0][i] = c;
	}
	for (int i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++)
			table64[t][i] =
			    table64[t - 1][i] >> 8 ^ table64[0][table64[t - 1][i] & 255];
}

static uint64_t
crc64(uint64_t crc, const unsigned char *p, size_t n)
{
	crc = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t word = 0, next = 0;

		for (int i = 0; i < 8; i++)
			word |= (uint64_t)p[i] << 8 * i;
		word ^= crc;
		for (int i = 0; i < 8; i++)
			next ^= table64[7 - i][word >> 8 * i & 255];
		crc = next;
	}
	for (; n > 0; n--)
		crc = crc >> 8 ^ table64[0][(crc ^ *p++) & 255];
	return ~crc;
}

static int
is_hash(enum checksum_algorithm a)
{
	return a == CHECKSUM_SHA256 || a == CHECKSUM_SHA1;
}

void
checksum_begin(struct checksum *c, enum checksum_algorithm a)
{
	c->algorithm = a;
	c->crc = 0;
	if (a == CHECKSUM_CRC64NVME && table64[0][1] == 0)
		make_table64();
	if (is_hash(a))
		hash_begin(&c->hash, a == CHECKSUM_SHA1 ? HASH_SHA1 : HASH_SHA256);
}

void
checksum_add(struct checksum *c, const void *p, size_t n)
{
	switch (c->algorithm) {
	case CHECKSUM_CRC32C: c->crc = crc32c((uint32_t)c->crc, p, n); break;
	case CHECKSUM_CRC64NVME: c->crc = crc64(c->crc, p, n); break;
	case CHECKSUM_CRC32: c->crc = crc32_z(c->crc, p, n); break;
	case CHECKSUM_SHA256:
	case CHECKSUM_SHA1: hash_add(&c->hash, p, n); break;
	default: break;
	}
}

void
checksum_end(struct checksum *c, char text[CHECKSUM_TEXT])
{
	unsigned char sum[HASH_MAX];
	size_t n = c->algorithm == CHECKSUM_NONE ? 0 : c->algorithm == CHECKSUM_CRC64NVME ? 8 : 4;

	if (is_hash(c->algorithm)) {
		n = hash_end(&c->hash, sum);
	} else {
		for (size_t i = 0; i < n; i++)
			sum[i] = (unsigned char)(c->crc >> 8 * (n - 1 - i));
	}
	text[0] = '\0';
	EVP_EncodeBlock((unsigned char *)text, sum, (int)n);
	c->algorithm = CHECKSUM_NONE;
}

void
checksum_crc32c_text(char text[CHECKSUM_TEXT], uint32_t crc)
{
	struct checksum c = {.algorithm = CHECKSUM_CRC32C, .crc = crc};

	checksum_end(&c, text);
}
