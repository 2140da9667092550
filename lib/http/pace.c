#include <stdlib.h>

#include "base/buf.h"
#include "http/pace.h"
#include "http/pace_file.h"
#include "http/pace_rate.h"

#define BURST_NS UINT64_C(5000000)    /* unused time that may be caught up on */
#define STALE_NS (60 * PACE_NS_PER_S) /* a schedule so far ahead is damaged */
#define FULL_NS UINT64_C(100000000)   /* with so much drawn ahead, few are drawn at once */
#define FINDING_NS                                                                                 \
	UINT64_C(10000000) /* the same while the limit is searched: what is drawn
					   cannot be taken back when the server begins to refuse */
#define LATENCY_MAX_US UINT64_C(10000000)

enum { DRAW_MANY = 10, DRAW_FEW = 2 };

struct pace {
	struct pace_state *s;
	struct pace_state own; /* used without a file */
};

double
pace_rate(struct pace *p)
{
	return pace_rate_per_s(p->s);
}

struct pace *
pace_open(const char *path, struct err *e)
{
	struct pace *p = xcalloc(1, sizeof(*p));

	p->s = path != NULL ? pace_file_map(path, sizeof(*p->s), e) : &p->own;
	if (p->s == NULL) {
		free(p);
		return NULL;
	}
	(void)pace_rate_interval_ps(p->s);
	return p;
}

void
pace_close(struct pace *p)
{
	if (p == NULL)
		return;
	if (p->s != &p->own)
		pace_file_unmap(p->s, sizeof(*p->s));
	free(p);
}

unsigned
pace_batch(const struct pace *p, uint64_t now_ns)
{
	uint64_t next = atomic_load(&p->s->next_ns), ahead = next > now_ns ? next - now_ns : 0;

	return ahead > (pace_rate_is_finding(p->s) ? FINDING_NS : FULL_NS) ? DRAW_FEW : DRAW_MANY;
}

uint64_t
pace_take(struct pace *p, uint64_t now_ns, unsigned n)
{
	uint64_t interval_ns = pace_rate_interval_ps(p->s) / 1000;
	uint64_t next = atomic_load(&p->s->next_ns), from;

	do {
		from = next;
		if (from + BURST_NS < now_ns)
			from = now_ns - BURST_NS;
		if (from > now_ns + STALE_NS)
			from = now_ns;
	} while (!atomic_compare_exchange_weak(&p->s->next_ns, &next, from + n * interval_ns));
	return from > now_ns ? from : now_ns;
}

void
pace_latency(struct pace *p, uint64_t us)
{
	uint64_t is = pace_get(&p->s->latency_us, LATENCY_MAX_US);

	if (us > LATENCY_MAX_US)
		us = LATENCY_MAX_US;
	is = us > is ? is + (us - is + 15) / 16 : is - (is - us) / 64;
	atomic_store_explicit(&p->s->latency_us, is, memory_order_relaxed);
}

void
pace_answered(struct pace *p, uint64_t now_ns)
{
	pace_rate_answered(p->s, now_ns);
}

void
pace_throttled(struct pace *p, uint64_t now_ns)
{
	pace_rate_throttled(p->s, now_ns);
}
