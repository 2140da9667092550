#include <stdlib.h>
#include <string.h>

#include "sums/crc32c.h"

#define POLY UINT32_C(0x82f63b78) /* reflected */

enum {
	KNOWN_POWERS = 512
}; /* powers for shorter lengths are cached; the rows of small files are mostly shorter */

static uint32_t table[8][256]; /* table[0] a byte at a time, the others for eight at once */

static void
make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ POLY : c >> 1;
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++)
			table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 255];
}

uint32_t
crc32c_portable(uint32_t crc, const void *buf, size_t n)
{
	const unsigned char *p = buf;

	if (table[0][1] == 0)
		make_table();
	crc = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint32_t lo = crc ^
		    ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			(uint32_t)p[3] << 24);

		crc = table[7][lo & 255] ^ table[6][lo >> 8 & 255] ^ table[5][lo >> 16 & 255] ^
		    table[4][lo >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
		    table[0][p[7]];
	}
	for (; n > 0; n--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 255];
	return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t
crc32c_sse42(uint32_t crc, const void *buf, size_t n)
{
	const unsigned char *p = buf;
	uint64_t c = ~crc, word;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		c = _mm_crc32_u64(c, word);
	}
	for (; n > 0; n--)
		c = _mm_crc32_u8((uint32_t)c, *p++);
	return ~(uint32_t)c;
}

uint32_t
crc32c(uint32_t crc, const void *p, size_t n)
{
	return __builtin_cpu_supports("sse4.2") ? crc32c_sse42(crc, p, n)
						: crc32c_portable(crc, p, n);
}
#else
uint32_t
crc32c(uint32_t crc, const void *p, size_t n)
{
	return crc32c_portable(crc, p, n);
}
#endif

/* a times b modulo the polynomial, both reflected (bit 31 is the coefficient of x^0). Without
 * branches, which could not be predicted. */
static uint32_t
multiply(uint32_t a, uint32_t b)
{
	uint32_t r = 0;

	for (; a != 0; a <<= 1) {
		r ^= b & -(a >> 31);
		b = b >> 1 ^ (POLY & -(b & 1));
	}
	return r;
}

/* x^(8 * len) modulo the polynomial. */
static uint32_t
power(uint64_t len)
{
	static uint32_t square[64] = {UINT32_C(1) << 23}; /* x^8: one byte, two, four ... */
	static int n = 1;				  /* known so far */
	uint32_t r = UINT32_C(1) << 31;

	for (int i = 0; len > 0; i++, len >>= 1) {
		if (i == n) {
			square[n] = multiply(square[n - 1], square[n - 1]);
			n++;
		}
		if (len & 1)
			r = multiply(square[i], r);
	}
	return r;
}

uint32_t
crc32c_combine(uint32_t a, uint32_t b, uint64_t b_len)
{
	static uint32_t known[KNOWN_POWERS]; /* 0: not computed yet */
	uint32_t p;

	if (b_len < KNOWN_POWERS) {
		if (known[b_len] == 0)
			known[b_len] = power(b_len);
		p = known[b_len];
	} else {
		p = power(b_len);
	}
	/* A's remainder is shifted by the bytes of B */
	return multiply(p, a) ^ b;
}

int
crc32c_parse(const char *s, uint32_t *crc)
{
	if (strlen(s) != 8 || strspn(s, "0123456789abcdef") != 8)
		return -1;
	*crc = (uint32_t)strtoul(s, NULL, 16);
	return 0;
}
