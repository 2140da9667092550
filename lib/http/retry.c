#include <sys/random.h>

#include "base/xorshift.h"
#include "http/retry.h"

enum {
	TOKENS_MAX = 500,
	TOKENS_RETRY = 5,
	TOKENS_TIMEOUT = 10,
	BACKOFF_MS = 50, /* doubles with each try */
	BACKOFF_THROTTLED_MS = 500,
	BACKOFF_MAX_MS = 20000,
	SERVER_WAIT_MAX_MS = 60000,
};

void
retry_begin(struct retry *r)
{
	r->tokens = TOKENS_MAX;
	/* not OpenSSL's generator, which takes a millisecond to set up at each start */
	if (getrandom(&r->rng, sizeof(r->rng), 0) != sizeof(r->rng))
		r->rng = (uint64_t)(uintptr_t)r;
	r->rng |= 1;
}

int
retry_pay(struct retry *r, int after_timeout, unsigned *paid)
{
	unsigned cost = after_timeout ? TOKENS_TIMEOUT : TOKENS_RETRY;

	if (r->tokens < cost)
		return 0;
	r->tokens -= cost;
	*paid += cost;
	return 1;
}

void
retry_earn(struct retry *r, unsigned paid)
{
	r->tokens += paid != 0 ? paid : 1;
	if (r->tokens > TOKENS_MAX)
		r->tokens = TOKENS_MAX;
}

static double
random_share(struct retry *r)
{
	return (double)(xorshift64(&r->rng) >> 11) / 9007199254740992.0;
}

int64_t
retry_wait_ms(struct retry *r, unsigned tries, int throttled, uint32_t server_ms)
{
	uint64_t ms = throttled ? BACKOFF_THROTTLED_MS : BACKOFF_MS;
	uint64_t wait = server_ms < SERVER_WAIT_MAX_MS ? server_ms : SERVER_WAIT_MAX_MS;

	ms <<= tries - 1 < 12 ? tries - 1 : 12;
	if (ms > BACKOFF_MAX_MS)
		ms = BACKOFF_MAX_MS;
	return (int64_t)(wait + (uint64_t)(random_share(r) * (double)ms));
}
