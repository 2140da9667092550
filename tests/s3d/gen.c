#include "gen.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"

static const char head[] = "id,customer,amount,created,note\n";
static const char row[] = "0000000000,customer-0000000,000000.00,2026-01-01T00:00:00Z,";

int
gen_init(struct gen *g, struct str prefix, const char *tmpl, uint64_t count, size_t body_len)
{
	size_t tmpl_len = strlen(tmpl);
	uint64_t room = 1;

	*g = (struct gen){.len = prefix.len + tmpl_len, .count = count};
	if (g->len > KEY_MAX || body_len < GEN_BODY_MIN)
		return -1;
	g->body_len = body_len;
	g->tmpl = xmalloc(g->len + 1);
	g->at = xcalloc(g->len + 1, sizeof(g->at[0]));
	memcpy(g->tmpl, prefix.p, prefix.len);
	memcpy(g->tmpl + prefix.len, tmpl, tmpl_len + 1);
	for (size_t i = prefix.len; i < g->len; i++) {
		if (g->tmpl[i] != '#')
			continue;
		g->at[g->digits++] = (unsigned)i;
		room = room < UINT64_MAX / 10 ? room * 10 : UINT64_MAX;
	}
	if (g->digits > 0 && count < room)
		return 0;
	gen_free(g);
	return -1;
}

void
gen_free(struct gen *g)
{
	free(g->tmpl);
	free(g->at);
	*g = (struct gen){0};
}

void
gen_key(const struct gen *g, uint64_t n, char *out)
{
	memcpy(out, g->tmpl, g->len);
	for (unsigned d = g->digits; d-- > 0; n /= 10)
		out[g->at[d]] = (char)('0' + n % 10);
}

uint64_t
gen_find(const struct gen *g, struct str key)
{
	char want[KEY_MAX];
	uint64_t n = 0;

	if (key.len != g->len)
		return 0;
	for (unsigned d = 0; d < g->digits; d++) {
		unsigned digit = (unsigned)(unsigned char)key.p[g->at[d]] - '0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return 0;
		n = n * 10 + digit;
	}
	if (n == 0 || n > g->count)
		return 0;
	gen_key(g, n, want);
	return memcmp(want, key.p, key.len) == 0 ? n : 0;
}

uint64_t
gen_seek(const struct gen *g, struct str key, int after)
{
	uint64_t lo = 1, hi = g->count + 1;
	char probe[KEY_MAX];

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		int c;

		gen_key(g, mid, probe);
		c = str_cmp((struct str){probe, g->len}, key);
		if (c < 0 || (c == 0 && after))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
digits_put(char *end, unsigned n_digits, uint64_t n)
{
	for (; n_digits > 0; n_digits--, n /= 10)
		*--end = (char)('0' + n % 10);
}

void
gen_body(const struct gen *g, uint64_t n, char *out)
{
	char *r = out + sizeof(head) - 1, *note = r + sizeof(row) - 1, *end = out + g->body_len - 1;

	memcpy(out, head, sizeof(head) - 1);
	memcpy(r, row, sizeof(row) - 1);
	digits_put(r + 10, 10, n);
	digits_put(r + 27, 7, n * 7919);
	digits_put(r + 34, 6, n * 104729 / 100);
	digits_put(r + 37, 2, n * 104729);
	digits_put(r + 45, 2, n / 2419200 % 12 + 1);
	digits_put(r + 48, 2, n / 86400 % 28 + 1);
	digits_put(r + 51, 2, n / 3600 % 24);
	digits_put(r + 54, 2, n / 60 % 60);
	digits_put(r + 57, 2, n % 60);
	for (uint64_t c = n; note < end; c++)
		*note++ = (char)('a' + c % 26);
	*end = '\n';
}

void
gen_etag(const struct gen *g, uint64_t n, char etag[33])
{
	char small[512], *body = g->body_len <= sizeof(small) ? small : xmalloc(g->body_len);
	unsigned char sum[16];

	gen_body(g, n, body);
	md5(body, g->body_len, sum);
	hex_put(etag, sum, sizeof(sum));
	if (body != small)
		free(body);
}
