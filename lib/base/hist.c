#include "base/hist.h"

uint64_t
hist_bound_us(unsigned i)
{
	/* 2^(k/8) with 32 binary places, rounded down: the whole microseconds stay the same */
	static const uint64_t root[8] = {0x100000000, 0x1172b83c7, 0x1306fe0a3, 0x14bfdad53,
	    0x16a09e667, 0x18ace5422, 0x1ae89f995, 0x1d5818dcf};

	if (i >= HIST_BUCKETS)
		i = HIST_BUCKETS - 1;
	return root[i % 8] >> (32 - i / 8);
}

void
hist_add(struct hist *h, uint64_t us)
{
	unsigned i = 0;

	if (us > 1) {
		i = (63 - (unsigned)__builtin_clzll(us)) * 8;
		while (i < HIST_BUCKETS - 1 && us > hist_bound_us(i))
			i++;
		if (i > HIST_BUCKETS - 1)
			i = HIST_BUCKETS - 1;
	}
	h->n++;
	h->sum_us += us;
	h->count[i]++;
	if (us > h->max_us)
		h->max_us = us;
}

uint64_t
hist_quantile_us(const struct hist *h, double q)
{
	double want = q * (double)h->n;
	uint64_t rank = want > 0 ? (uint64_t)want : 0, seen = 0;

	if ((double)rank < want || rank == 0)
		rank++;
	for (unsigned i = 0; i < HIST_BUCKETS - 1; i++) {
		seen += h->count[i];
		if (seen >= rank)
			return hist_bound_us(i) < h->max_us ? hist_bound_us(i) : h->max_us;
	}
	return h->max_us;
}

static void
add_ms(struct buf *out, const char *name, uint64_t us)
{
	buf_addf(
	    out, ",\"%s\":%llu.%03u", name, (unsigned long long)(us / 1000), (unsigned)(us % 1000));
}

void
hist_json(struct buf *out, const struct hist *h)
{
	const char *comma = "";

	buf_addf(out, "{\"n\":%llu", (unsigned long long)h->n);
	add_ms(out, "p50", hist_quantile_us(h, 0.50));
	add_ms(out, "p90", hist_quantile_us(h, 0.90));
	add_ms(out, "p99", hist_quantile_us(h, 0.99));
	add_ms(out, "max", h->max_us);
	add_ms(out, "sum", h->sum_us);
	buf_adds(out, ",\"buckets\":[");
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		if (h->count[i] == 0)
			continue;
		buf_addf(out, "%s[%u,%llu]", comma, i, (unsigned long long)h->count[i]);
		comma = ",";
	}
	buf_adds(out, "]}");
}
