#include <stdatomic.h>
#include <stdlib.h>

#include "base/buf.h"
#include "http/pace.h"
#include "http/pace_file.h"

#define MAGIC UINT64_C(0x3465636170667331) /* "1sfpace4": names this layout */
#define NS_PER_S UINT64_C(1000000000)
#define WINDOW_NS                                                                                  \
	UINT64_C(100000000)	   /* goodput is measured, and the rate raised, once per window */
#define CUT_NS UINT64_C(300000000) /* one cut answers all throttles of one burst */
#define CALM_NS (10 * NS_PER_S)	   /* without a cut: probe faster, the limit may have moved */
#define CUT 0.95
#define PROVEN_WINDOWS 8 /* goodput is proven when it lasts about so many windows */
#define PROVEN_LOSS 0.97 /* each cut lowers it by this, as the limit may have fallen */
#define ROUND_MIN 50	 /* answers before their share of refusals means anything */
#define ROUND_MAX 2000
#define SHARE 3000 /* of refusals in a round, in millionths; above it the rate is too high */
#define HELPED 0.6 /* a cut helped if it left less than this of the share */
#define FALLS_IN_VAIN 3
#define BURST_NS UINT64_C(5000000) /* unused time that may be caught up on */
#define STALE_NS (60 * NS_PER_S)   /* a schedule so far ahead is from before a reboot */
#define SKEW_NS NS_PER_S	   /* and so is a past event so far ahead */
#define RATE_FIRST 5000.0	   /* requests a second; S3 promises 5,500 */
#define RATE_MIN 100.0		   /* refusals unrelated to the rate must not stall the run */
#define RATE_MAX 1e6
#define INTERVAL_MIN_PS UINT64_C(1000000) /* of RATE_MAX, and of RATE_MIN */
#define INTERVAL_MAX_PS UINT64_C(10000000000)
#define COUNT_MAX UINT64_C(1000000000) /* more answers, or a second, than there can be */
#define MILLION UINT64_C(1000000)
#define GROWTH_FIRST 250000 /* per window, until the limit is found */
#define GROWTH_LEAST 2000   /* from then on: 2 % a second */
#define GROWTH_CALM 20000

struct shared {
	_Atomic uint64_t magic;	      /* as pace_file.h has it */
	_Atomic uint64_t next_ns;     /* the first time not given to a request yet */
	_Atomic uint64_t interval_ps; /* between two sends; 0: not set yet */
	_Atomic uint64_t growth;      /* of the rate in a window, in millionths */
	_Atomic uint64_t window_ns;   /* when the current window began; 0: none yet */
	_Atomic uint64_t window_n;    /* successes in it */
	_Atomic uint64_t goodput;     /* successes a second in the last complete window */
	_Atomic uint64_t smooth;      /* the same, smoothed over PROVEN_WINDOWS */
	_Atomic uint64_t proven;      /* the highest recent value of smooth */
	_Atomic uint64_t cut_ns;      /* when the rate was last cut */
	_Atomic uint64_t round_good;  /* answers in the current round */
	_Atomic uint64_t round_bad;
	_Atomic uint64_t share;	  /* of refusals that caused the last cut, in millionths */
	_Atomic uint64_t in_vain; /* successive cuts that did not help */
	_Atomic uint64_t fell_ps; /* the interval before the first of them */
	_Atomic uint64_t noise;	  /* the share of refusals that cuts do not reduce */
};

struct pace {
	struct shared *s;
	struct shared own; /* used without a file */
};

/* What the file says, whoever wrote it, up to a limit within which the sums below stay. */
static uint64_t
get(const _Atomic uint64_t *value, uint64_t max)
{
	uint64_t v = atomic_load(value);

	return v < max ? v : max;
}

static void
set_rate(struct pace *p, double per_s)
{
	if (!(per_s > RATE_MIN)) /* also what is not a number */
		per_s = RATE_MIN;
	if (per_s > RATE_MAX)
		per_s = RATE_MAX;
	atomic_store(&p->s->interval_ps, (uint64_t)(1e12 / per_s));
}

/* Sets the first rate where the file is new, or was cut short. */
static uint64_t
interval_ps(struct pace *p)
{
	uint64_t ps = atomic_load(&p->s->interval_ps);

	if (ps < INTERVAL_MIN_PS || ps > INTERVAL_MAX_PS) {
		atomic_store(&p->s->growth, GROWTH_FIRST);
		set_rate(p, RATE_FIRST);
		ps = (uint64_t)(1e12 / RATE_FIRST);
	}
	return ps;
}

double
pace_rate(struct pace *p)
{
	return 1e12 / (double)interval_ps(p);
}

struct pace *
pace_open(const char *path, struct err *e)
{
	struct pace *p = xcalloc(1, sizeof(*p));

	p->s = path != NULL ? pace_file_map(path, MAGIC, sizeof(*p->s), e) : &p->own;
	if (p->s == NULL) {
		free(p);
		return NULL;
	}
	(void)interval_ps(p);
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

uint64_t
pace_take(struct pace *p, uint64_t now_ns, unsigned n)
{
	uint64_t interval_ns = interval_ps(p) / 1000;
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

/* The age of a shared time. It may be slightly ahead, as another process read the clock later; one
 * far ahead is from before a reboot, and long past. */
static uint64_t
since(uint64_t then_ns, uint64_t now_ns)
{
	if (then_ns > now_ns + SKEW_NS)
		return UINT64_MAX;
	return then_ns > now_ns ? 0 : now_ns - then_ns;
}

static void
prove(struct shared *s, double good)
{
	double smooth = (double)get(&s->smooth, COUNT_MAX);

	smooth += (good - smooth) / PROVEN_WINDOWS;
	atomic_store(&s->smooth, (uint64_t)smooth);
	if (smooth > (double)get(&s->proven, COUNT_MAX))
		atomic_store(&s->proven, (uint64_t)smooth);
}

static void
round_begin(struct shared *s)
{
	atomic_store(&s->round_good, 0);
	atomic_store(&s->round_bad, 0);
}

/* The share of refusals in this round, in millionths. */
static uint64_t
round_share(const struct shared *s)
{
	uint64_t bad = get(&s->round_bad, COUNT_MAX);

	return bad * MILLION / (bad + get(&s->round_good, COUNT_MAX) + 1);
}

static uint64_t
round_answers(const struct shared *s)
{
	return get(&s->round_bad, COUNT_MAX) + get(&s->round_good, COUNT_MAX);
}

/* After a long round with fewer refusals than are tolerated, tolerates less. */
static void
tolerate_less(struct shared *s)
{
	uint64_t share = round_share(s), noise = get(&s->noise, MILLION);

	if (round_answers(s) < ROUND_MAX)
		return;
	if (share < noise)
		atomic_store(&s->noise, (share + noise) / 2);
	round_begin(s);
}

/* Closes the current window when it is old enough; one of the processes does. */
static void
roll(struct pace *p, uint64_t now_ns)
{
	struct shared *s = p->s;
	uint64_t began = atomic_load(&s->window_ns), length = since(began, now_ns), since_cut, n;
	double rate, good;

	if (length < WINDOW_NS)
		return;
	if (!atomic_compare_exchange_strong(&s->window_ns, &began, now_ns))
		return;
	n = atomic_exchange(&s->window_n, 0);
	n = n < COUNT_MAX ? n : COUNT_MAX;
	if (length > 8 * WINDOW_NS) /* the first window, or one with a pause */
		return;
	good = (double)n * (double)NS_PER_S / (double)length;
	atomic_store(&s->goodput, (uint64_t)good);
	prove(s, good);
	tolerate_less(s);
	rate = pace_rate(p);
	since_cut = since(atomic_load(&s->cut_ns), now_ns);
	if (since_cut < 2 * WINDOW_NS ||
	    good < rate /
		    2) /* the last change shows no effect yet, or the rate is not what limits us */
		return;
	if (since_cut > CALM_NS && get(&s->growth, MILLION) < GROWTH_CALM)
		atomic_store(&s->growth, GROWTH_CALM);
	set_rate(p, rate * (1 + (double)get(&s->growth, MILLION) / (double)MILLION));
}

void
pace_answered(struct pace *p, uint64_t now_ns)
{
	atomic_fetch_add(&p->s->window_n, 1);
	atomic_fetch_add(&p->s->round_good, 1);
	roll(p, now_ns);
}

/* Recent successes a second: the better of the last window and the current one, if that is old
 * enough. */
static double
goodput(struct pace *p, uint64_t now_ns)
{
	double good = (double)get(&p->s->goodput, COUNT_MAX), running;
	uint64_t length = since(atomic_load(&p->s->window_ns), now_ns);

	if (length > WINDOW_NS / 4) {
		running =
		    (double)get(&p->s->window_n, COUNT_MAX) * (double)NS_PER_S / (double)length;
		if (running > good)
			good = running;
	}
	return good;
}

/* The cuts did not help: returns to the rate before them and tolerates this share. */
static void
tolerate(struct shared *s, uint64_t share)
{
	atomic_store(&s->noise, share);
	atomic_store(&s->in_vain, 0);
	atomic_store(&s->share, 0);
	atomic_store(&s->interval_ps, atomic_load(&s->fell_ps));
	atomic_store(&s->growth, GROWTH_FIRST / 8);
	round_begin(s);
}

/* 1 if the share of refusals calls for a lower rate. */
static int
is_too_fast(struct shared *s)
{
	uint64_t share = round_share(s), noise = get(&s->noise, MILLION);
	uint64_t last = get(&s->share, MILLION), tolerated = SHARE + noise + noise / 2;

	if (get(&s->growth, MILLION) ==
	    GROWTH_FIRST) /* still growing fast: any refusal means that the limit is passed */
		tolerated = noise;
	if (round_answers(s) < ROUND_MIN || share <= tolerated)
		return 0;
	if (last > noise && (double)(share - noise) > HELPED * (double)(last - noise)) {
		if (atomic_fetch_add(&s->in_vain, 1) + 1 >= FALLS_IN_VAIN) {
			tolerate(s, share);
			return 0;
		}
	} else {
		atomic_store(&s->in_vain, 0);
		atomic_store(&s->fell_ps, atomic_load(&s->interval_ps));
	}
	atomic_store(&s->share, share);
	return 1;
}

/*
 * When a server stalls, requests pile up, and it refuses some on resuming although the rate is far
 * below its limit. So the new rate is derived from the proven goodput if that is higher than the
 * current one; and each cut lowers the proven goodput.
 */
static void
cut(struct pace *p, uint64_t now_ns)
{
	struct shared *s = p->s;
	double rate = pace_rate(p), good = goodput(p, now_ns);
	double proven = (double)get(&s->proven, COUNT_MAX);
	uint64_t growth = get(&s->growth, MILLION) / 8;

	atomic_store(&s->proven, (uint64_t)(PROVEN_LOSS * proven));
	if (good < proven)
		good = proven;
	if (good == 0 || good > rate)
		good = good == 0 ? rate / 2 : rate;
	set_rate(p, CUT * good);
	atomic_store(&s->growth, growth > GROWTH_LEAST ? growth : GROWTH_LEAST);
	round_begin(s);
}

void
pace_throttled(struct pace *p, uint64_t now_ns)
{
	struct shared *s = p->s;
	uint64_t last = atomic_load(&s->cut_ns);

	roll(p, now_ns);
	if (since(last, now_ns) < CUT_NS) {
		round_begin(s); /* answers a request sent before the cut */
		return;
	}
	atomic_fetch_add(&s->round_bad, 1);
	if (is_too_fast(s) && atomic_compare_exchange_strong(&s->cut_ns, &last, now_ns))
		cut(p, now_ns);
}
