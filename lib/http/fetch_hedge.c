#include "http/fetch_hedge.h"

enum {
	LEAST_MS = 500,
	SAMPLES = 100, /* answers before "the slowest percent" means anything */
	SHARE = 50,    /* at most one request in so many */
};

int64_t
fetch_hedge_age_ms(struct fetch_hedge *h, const struct hist *latency)
{
	if (h->after_ms < 0)
		return INT64_MAX;
	if (h->after_ms > 0)
		return h->after_ms;
	if (latency->n < SAMPLES)
		return INT64_MAX;
	if (latency->n >= h->learnt_from + SAMPLES || h->learnt_ms == 0) {
		h->learnt_ms = (int64_t)(hist_quantile_us(latency, 0.99) / 1000) + 1;
		if (h->learnt_ms < LEAST_MS)
			h->learnt_ms = LEAST_MS;
		h->learnt_from = latency->n;
	}
	return h->learnt_ms;
}

int
fetch_hedge_is_allowed(const struct fetch_stats *st)
{
	return st->hedged * SHARE <= st->requests;
}
