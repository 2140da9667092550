#include "model.h"

#include <time.h>

uint64_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* xorshift64* */
uint64_t
random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

void
model_init(struct model *m, const struct model_config *conf)
{
	*m = (struct model){.conf = *conf, .random = conf->seed ^ UINT64_C(0x9e3779b97f4a7c15)};
	if (m->random == 0)
		m->random = 1;
	pthread_mutex_init(&m->lock, NULL);
	m->read.tokens = conf->cap_burst;
	m->write.tokens = conf->put_cap_burst;
	m->read.last_us = m->write.last_us = clock_us();
}

int
model_throttled(struct model *m, enum model_kind kind)
{
	double rate = kind == MODEL_WRITE ? m->conf.put_cap : m->conf.cap;
	double burst = kind == MODEL_WRITE ? m->conf.put_cap_burst : m->conf.cap_burst;
	double *tokens = kind == MODEL_WRITE ? &m->write.tokens : &m->read.tokens;
	uint64_t *last = kind == MODEL_WRITE ? &m->write.last_us : &m->read.last_us, now;
	int throttled;

	if (rate <= 0)
		return 0;
	pthread_mutex_lock(&m->lock);
	now = clock_us();
	*tokens += (double)(now - *last) * rate / 1e6;
	*last = now;
	if (*tokens > burst)
		*tokens = burst;
	throttled = *tokens < 1;
	if (!throttled)
		*tokens -= 1;
	pthread_mutex_unlock(&m->lock);
	return throttled;
}

uint64_t
model_delay_us(struct model *m, enum model_kind kind)
{
	const struct model_config *c = &m->conf;
	uint64_t delay = c->latency_us;

	if (kind == MODEL_LIST && c->list_latency_us >= 0)
		delay = (uint64_t)c->list_latency_us;
	if (kind == MODEL_WRITE && c->put_latency_us >= 0)
		delay = (uint64_t)c->put_latency_us;
	if (c->tail_percent > 0) {
		double x;

		pthread_mutex_lock(&m->lock);
		x = (double)(random_next(&m->random) >> 11) / 9007199254740992.0;
		pthread_mutex_unlock(&m->lock);
		if (x * 100 < c->tail_percent)
			delay += c->tail_us;
	}
	return delay;
}
