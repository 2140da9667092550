/* When the engine in fetch.h asks a slow GET a second time (docs/engine.md, "Hedging"). */
#ifndef SHEAF_HTTP_FETCH_HEDGE_H
#define SHEAF_HTTP_FETCH_HEDGE_H

#include <stdint.h>

#include "http/fetch.h"

struct fetch_hedge {
	int after_ms; /* as in struct fetch_opt */
	int64_t learnt_ms;
	uint64_t learnt_from; /* answers */
};

/* How old an exchange without an answer must be; INT64_MAX: none is hedged. */
int64_t fetch_hedge_age_ms(struct fetch_hedge *h, const struct hist *latency);

/* 1 while hedges are few beside all requests. */
int fetch_hedge_is_allowed(const struct fetch_stats *st);

#endif
