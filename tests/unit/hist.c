/* lib/base/hist: buckets, quantiles, JSON. */
#include <math.h>

#include "base/hist.h"
#include "tap.h"

static unsigned
bucket_of(uint64_t us)
{
	struct hist h = {0};
	unsigned i = 0;

	hist_add(&h, us);
	while (i < HIST_BUCKETS && h.count[i] == 0)
		i++;
	return i;
}

static void
test_buckets(void)
{
	int right = 1, edges = 1;

	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		right &= hist_bound_us(i) == (uint64_t)exp2l((long double)i / 8);
	OK(right, "bound i is 2 to the i/8, cut to whole us");
	OK(hist_bound_us(HIST_BUCKETS) == hist_bound_us(HIST_BUCKETS - 1), "none beyond the last");
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		uint64_t bound = hist_bound_us(i);

		if (i > 0 && hist_bound_us(i - 1) == bound)
			continue; /* no whole us is in this one */
		edges &= bucket_of(bound) == i;
		edges &= i == HIST_BUCKETS - 1 || bucket_of(bound + 1) > i;
	}
	OK(edges, "a bucket ends at its bound");
	OK(bucket_of(0) == 0 && bucket_of(1) == 0 && bucket_of(2) == 8 && bucket_of(3) == 13 &&
		bucket_of(1000) == 80,
	    "some by hand");
	OK(bucket_of(UINT64_MAX) == HIST_BUCKETS - 1 &&
		bucket_of(hist_bound_us(HIST_BUCKETS - 1) + 1) == HIST_BUCKETS - 1,
	    "what is beyond the last bound is in the last bucket");
}

static void
test_quantiles(void)
{
	struct hist h = {0};
	int close = 1;

	OK(hist_quantile_us(&h, 0.5) == 0 && hist_quantile_us(&h, 1) == 0, "empty: 0");
	hist_add(&h, 1000);
	OK(hist_quantile_us(&h, 0) == 1000 && hist_quantile_us(&h, 0.5) == 1000 &&
		hist_quantile_us(&h, 1) == 1000,
	    "one: never above the greatest");
	h = (struct hist){0};
	for (uint64_t us = 1; us <= 100000; us++)
		hist_add(&h, us);
	for (int percent = 1; percent <= 100; percent++) {
		uint64_t got = hist_quantile_us(&h, percent / 100.0),
			 exact = (uint64_t)percent * 1000;

		close &= got >= exact && (double)got <= (double)exact * 1.0906 && got <= 100000;
	}
	OK(close, "not below the exact value, and at most a bucket above");
	OK(h.n == 100000 && h.max_us == 100000 && h.sum_us == 5000050000, "number, greatest, sum");
	h = (struct hist){0};
	for (int i = 0; i < 99; i++)
		hist_add(&h, 2);
	hist_add(&h, 64);
	OK(hist_quantile_us(&h, 0.99) == 2 && hist_quantile_us(&h, 0.991) == 64,
	    "a share of exactly so many");
	h = (struct hist){0};
	hist_add(&h, 5);
	hist_add(&h, UINT64_C(10000000000));
	OK(hist_quantile_us(&h, 1) == UINT64_C(10000000000),
	    "the last bucket gives the greatest itself");
}

static void
test_hist_json(void)
{
	struct hist h = {0};
	struct buf out = {0};

	hist_json(&out, &h);
	OK_STR(buf_str(&out),
	    "{\"n\":0,\"p50\":0.000,\"p90\":0.000,\"p99\":0.000,\"max\":0.000,\"sum\":0.000,"
	    "\"buckets\":[]}",
	    "empty");
	hist_add(&h, 1);
	hist_add(&h, 1);
	hist_add(&h, 1234567);
	buf_reset(&out);
	hist_json(&out, &h);
	OK_STR(buf_str(&out),
	    "{\"n\":3,\"p50\":0.001,\"p90\":1234.567,\"p99\":1234.567,\"max\":1234.567,\"sum\":"
	    "1234.569,\"buckets\":[[0,2],"
	    "[162,1]]}",
	    "three");
	buf_free(&out);
}

int
main(void)
{
	test_buckets();
	test_quantiles();
	test_hist_json();
	return tap_done();
}
