/*
 * Whether and when a failed request is sent again, as the AWS SDKs' standard mode has it: a budget
 * of 500 tokens that retries use up and successes fill, so that a server that is down is not
 * beaten, and a wait that doubles, at random between nothing and all of it (AWS SDKs and tools
 * reference guide, "Retry behavior"). Pure but for the seed.
 */
#ifndef SHEAF_HTTP_RETRY_H
#define SHEAF_HTTP_RETRY_H

#include <stdint.h>

struct retry {
	unsigned tokens;
	uint64_t rng;
};

void retry_begin(struct retry *r);

/* Pays for a retry, dearer after a time-out, and adds that to *paid: 1. 0: the budget is used up.
 */
int retry_pay(struct retry *r, int after_timeout, unsigned *paid);

/* A success: what its retries had paid comes back, and one token where it needed none. */
void retry_earn(struct retry *r, unsigned paid);

/* How long to wait before the retry that follows so many tries, in ms; server_ms is what the server
 * asked for at least, obeyed up to a minute. */
int64_t retry_wait_ms(struct retry *r, unsigned tries, int throttled, uint32_t server_ms);

#endif
