/*
 * Whether and when a failed request is sent again, as in the standard mode of the AWS SDKs (AWS
 * SDKs and tools reference guide, "Retry behavior"): a budget of tokens, and exponential backoff
 * with full jitter (docs/engine.md, "Retries"). Pure but for the seed.
 */
#ifndef SHEAF_HTTP_RETRY_H
#define SHEAF_HTTP_RETRY_H

#include <stdint.h>

struct retry {
	unsigned tokens;
	uint64_t rng;
};

void retry_begin(struct retry *r);

/* Pays for a retry (a timeout costs more) and adds the price to *paid. 1, or 0 if the budget is
 * used up. */
int retry_pay(struct retry *r, int after_timeout, unsigned *paid);

/* After a success: refunds what its retries paid, or adds one token if there were none. */
void retry_earn(struct retry *r, unsigned paid);

/* How long to wait, in ms, before the retry after so many tries. server_ms is the least that the
 * server asked for, honoured up to a minute. */
int64_t retry_wait_ms(struct retry *r, unsigned tries, int throttled, uint32_t server_ms);

#endif
