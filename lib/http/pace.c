#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/pace.h"

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
#define MILLION UINT64_C(1000000)
#define GROWTH_FIRST 250000 /* per window, until the limit is found */
#define GROWTH_LEAST 2000   /* from then on: 2 % a second */
#define GROWTH_CALM 20000

struct shared {
	_Atomic uint64_t magic;
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

static void
set_rate(struct pace *p, double per_s)
{
	if (per_s < RATE_MIN)
		per_s = RATE_MIN;
	if (per_s > RATE_MAX)
		per_s = RATE_MAX;
	atomic_store(&p->s->interval_ps, (uint64_t)(1e12 / per_s));
}

double
pace_rate(const struct pace *p)
{
	return 1e12 / (double)atomic_load(&p->s->interval_ps);
}

static int
map_file(struct pace *p, const char *path, struct err *e)
{
	struct stat st;
	uint64_t none = 0;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd == -1)
		return err_errno(e, EXIT_USAGE, "%s", path);
	if (fstat(fd, &st) == -1 || (st.st_size == 0 && ftruncate(fd, sizeof(*p->s)) == -1)) {
		err_errno(e, EXIT_USAGE, "%s", path);
		close(fd);
		return -1;
	}
	if (st.st_size != 0 && st.st_size != (off_t)sizeof(*p->s)) {
		close(fd);
		return err_set(e, EXIT_USAGE, "%s: not a pace file", path);
	}
	p->s = mmap(NULL, sizeof(*p->s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p->s == MAP_FAILED)
		return err_errno(e, EXIT_USAGE, "%s", path);
	if (!atomic_compare_exchange_strong(&p->s->magic, &none, MAGIC) && none != MAGIC)
		return err_set(e, EXIT_USAGE, "%s: not a pace file of this version", path);
	return 0;
}

struct pace *
pace_open(const char *path, struct err *e)
{
	struct pace *p = xcalloc(1, sizeof(*p));

	p->s = &p->own;
	if (path != NULL && map_file(p, path, e) == -1) {
		pace_close(p);
		return NULL;
	}
	if (atomic_load(&p->s->interval_ps) == 0) {
		atomic_store(&p->s->growth, GROWTH_FIRST);
		set_rate(p, RATE_FIRST);
	}
	return p;
}

void
pace_close(struct pace *p)
{
	if (p == NULL)
		return;
	if (p->s != &p->own && p->s != MAP_FAILED)
		munmap(p->s, sizeof(*p->s));
	free(p);
}

uint64_t
pace_take(struct pace *p, uint64_t now_ns, unsigned n)
{
	uint64_t interval_ns = atomic_load(&p->s->interval_ps) / 1000;
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
	double smooth = (double)atomic_load(&s->smooth);

	smooth += (good - smooth) / PROVEN_WINDOWS;
	atomic_store(&s->smooth, (uint64_t)smooth);
	if (smooth > (double)atomic_load(&s->proven))
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
	uint64_t bad = atomic_load(&s->round_bad);

	return bad * MILLION / (bad + atomic_load(&s->round_good) + 1);
}

static uint64_t
round_answers(const struct shared *s)
{
	return atomic_load(&s->round_bad) + atomic_load(&s->round_good);
}

/* After a long round with fewer refusals than are tolerated, tolerates less. */
static void
tolerate_less(struct shared *s)
{
	uint64_t share = round_share(s), noise = atomic_load(&s->noise);

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
	if (since_cut > CALM_NS && atomic_load(&s->growth) < GROWTH_CALM)
		atomic_store(&s->growth, GROWTH_CALM);
	set_rate(p, rate * (1 + (double)atomic_load(&s->growth) / (double)MILLION));
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
	double good = (double)atomic_load(&p->s->goodput), running;
	uint64_t length = since(atomic_load(&p->s->window_ns), now_ns);

	if (length > WINDOW_NS / 4) {
		running = (double)atomic_load(&p->s->window_n) * (double)NS_PER_S / (double)length;
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
	uint64_t share = round_share(s), noise = atomic_load(&s->noise);
	uint64_t last = atomic_load(&s->share), tolerated = SHARE + noise + noise / 2;

	if (atomic_load(&s->growth) ==
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
	double proven = (double)atomic_load(&s->proven);
	uint64_t growth = atomic_load(&s->growth) / 8;

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
