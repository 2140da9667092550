#include "hash.h"

#include <openssl/evp.h>
#include <openssl/md5.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

void
hmac_key(struct hmac *h, const void *key, size_t len)
{
	unsigned char pad[64] = {0};

	if (len > sizeof(pad))
		SHA256(key, len, pad);
	else
		memcpy(pad, key, len);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	SHA256_Init(&h->inner);
	SHA256_Update(&h->inner, pad, sizeof(pad));
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	SHA256_Init(&h->outer);
	SHA256_Update(&h->outer, pad, sizeof(pad));
}

void
hmac_sum(const struct hmac *h, const void *p, size_t n, unsigned char out[32])
{
	SHA256_CTX c = h->inner;

	SHA256_Update(&c, p, n);
	SHA256_Final(out, &c);
	c = h->outer;
	SHA256_Update(&c, out, 32);
	SHA256_Final(out, &c);
}

void
hex_put(char *out, const unsigned char *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

void
sha256_hex(char out[65], const void *p, size_t n)
{
	unsigned char sum[32];

	SHA256(p, n, sum);
	hex_put(out, sum, sizeof(sum));
}

void
md5(const void *p, size_t n, unsigned char out[16])
{
	MD5(p, n, out);
}

size_t
base64_put(char *out, const unsigned char *p, size_t n)
{
	return (size_t)EVP_EncodeBlock((unsigned char *)out, p, (int)n);
}

int
base64_get(unsigned char *out, size_t n, const char *s)
{
	unsigned char full[69];
	size_t len = strlen(s), pad;

	if (n > 64 || len != 4 * ((n + 2) / 3))
		return -1;
	pad = (3 - n % 3) % 3;
	if (len - strcspn(s, "=") != pad)
		return -1;
	if (EVP_DecodeBlock(full, (const unsigned char *)s, (int)len) != (int)(n + pad))
		return -1;
	memcpy(out, full, n);
	return 0;
}

static const struct {
	const char *name;
	size_t len;
	uint64_t poly; /* reflected */
} algos[SUM_N] = {
    [SUM_NONE] = {"", 0, 0},
    [SUM_CRC32] = {"crc32", 4, 0xedb88320},
    [SUM_CRC32C] = {"crc32c", 4, 0x82f63b78},
    [SUM_CRC64NVME] = {"crc64nvme", 8, 0x9a6c9329ac4bc9b5},
    [SUM_SHA1] = {"sha1", 20, 0},
    [SUM_SHA256] = {"sha256", 32, 0},
};

const char *
sum_name(enum sum_algo a)
{
	return algos[a].name;
}

size_t
sum_len(enum sum_algo a)
{
	return algos[a].len;
}

enum sum_algo
sum_by_name(const char *name)
{
	for (int a = 1; a < SUM_N; a++)
		if (strcasecmp(name, algos[a].name) == 0)
			return (enum sum_algo)a;
	return SUM_NONE;
}

/* Eight tables a polynomial, so that eight bytes go in one step. */
static uint64_t tables[SUM_N][8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void
tables_make(void)
{
	for (int a = SUM_CRC32; a <= SUM_CRC64NVME; a++) {
		for (unsigned i = 0; i < 256; i++) {
			uint64_t c = i;

			for (int bit = 0; bit < 8; bit++)
				c = (c & 1) != 0 ? (c >> 1) ^ algos[a].poly : c >> 1;
			tables[a][0][i] = c;
		}
		for (unsigned i = 0; i < 256; i++)
			for (int k = 1; k < 8; k++) {
				uint64_t c = tables[a][k - 1][i];

				tables[a][k][i] = (c >> 8) ^ tables[a][0][c & 255];
			}
	}
}

static uint64_t
crc_run(enum sum_algo a, uint64_t crc, const unsigned char *p, size_t n)
{
	uint64_t(*t)[256] = tables[a];

	pthread_once(&tables_once, tables_make);
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t w = 0;

		for (unsigned i = 0; i < 8; i++)
			w |= (uint64_t)p[i] << (8 * i);
		w ^= crc;
		crc = 0;
		for (unsigned i = 0; i < 8; i++)
			crc ^= t[7 - i][(w >> (8 * i)) & 255];
	}
	for (; n > 0; n--)
		crc = (crc >> 8) ^ t[0][(crc ^ *p++) & 255];
	return crc;
}

uint32_t
crc32c(uint32_t crc, const void *p, size_t n)
{
	return (uint32_t)crc_run(SUM_CRC32C, crc ^ 0xffffffff, p, n) ^ 0xffffffff;
}

void
sum_text(char out[SUM_TEXT], enum sum_algo a, const void *p, size_t n)
{
	unsigned char sum[32] = {0};
	size_t len = algos[a].len;

	if (a == SUM_SHA1) {
		SHA1(p, n, sum);
	} else if (a == SUM_SHA256) {
		SHA256(p, n, sum);
	} else {
		uint64_t ones = len == 8 ? UINT64_MAX : 0xffffffff;
		uint64_t crc = crc_run(a, ones, p, n) ^ ones;

		for (size_t i = 0; i < len; i++)
			sum[i] = (unsigned char)(crc >> (8 * (len - 1 - i)));
	}
	base64_put(out, sum, len);
}
