#include "http/pace_rate.h"

#define MS UINT64_C(1000000)
#define WINDOW_NS (100 * MS)   /* answers are counted, and the rate raised, once per window */
#define SEEN_NS (100 * MS)     /* after so long a new rate shows in the answers, at least, */
#define SEEN_MORE_NS (60 * MS) /* or so long after they come */
#define EFFECT_NS (200 * MS)   /* the same for a cut: until then nothing is concluded */
#define EFFECT_MORE_NS (100 * MS)
#define APART_NS (50 * MS)	     /* cuts are */
#define AHEAD_NS (5 * PACE_NS_PER_S) /* a time further ahead is damaged */
#define LATENCY_MAX_US UINT64_C(2000000)

#define RATE_FIRST 5000.0 /* requests a second; S3 promises 5,500 */
#define RATE_HOLD 7000.0  /* held for HOLD_NS, so that a limit of 5,500 shows in spite of a burst */
#define HOLD_NS (400 * MS)
#define RATE_MIN 100.0 /* refusals unrelated to the rate must not stall the run */
#define RATE_MAX 1e6
#define INTERVAL_MIN_PS UINT64_C(1000000) /* of RATE_MAX, and of RATE_MIN */
#define INTERVAL_MAX_PS UINT64_C(10000000000)
#define COUNT_MAX UINT64_C(1000000000) /* more answers, or a second, than there can be */
#define MILLION 1e6

#define STEP 1.5      /* by so much the rate is raised until the limit is found */
#define LIMITS 0.85   /* of the rate: with fewer answers it is not what limits the run */
#define SMOOTH 8      /* windows */
#define MOVED 1.12    /* above so many times the limit found last, it is searched again */
#define MOVED_FAR 2.0 /* while that limit is a rough estimate */

#define TOLERATED 0.005 /* share of refusals */
#define TOLERATED_NOISE 1.5
#define ALARM 8.0   /* refusals beyond what is tolerated; twice as many for a first estimate */
#define CUT 0.97    /* of the limit */
#define KEPT 0.7    /* of the goodput, while the limit is hardly known */
#define SUDDEN 0.25 /* share of refusals: not what the growth of the rate leads to */
#define SUDDEN_FINDING 0.5
#define SHUT 0.9     /* share of refusals: the server lets almost nothing through at the moment */
#define SHUT_CUT 0.6 /* of the rate, when the server stays so */
#define TRIAL 20.0   /* the answers of a trial suffice for so many refusals, at least for 100 ms */
#define TRIAL_MIN 100.0
#define TRIAL_MAX 3000.0
#define TRIAL_S 0.1
#define HELPED 0.6 /* a cut helped if it left less than this of the share */
#define IN_VAIN 3
#define NOISE_MAX 0.5 /* whoever refuses more is overloaded */

/* By how much the rate is raised in a window, and after how many seconds without a cut that is
 * doubled, twice at most. A rough estimate of the limit is corrected fast. */
enum phase { FINDING, ROUGH, BETTER, FOUND };
enum { DOUBLED_MAX = 2 };
static const struct {
	double by;
	unsigned doubled_s;
} growth[] = {{0, 1}, {0.006, 1}, {0.003, 2}, {0.002, 4}};

struct sum {
	double all, share; /* answers, and the share of refusals among them */
	double good, bad;
};

static void
set_rate(struct pace_state *s, double per_s)
{
	if (!(per_s > RATE_MIN)) /* also what is not a number */
		per_s = RATE_MIN;
	if (per_s > RATE_MAX)
		per_s = RATE_MAX;
	atomic_store(&s->interval_ps, (uint64_t)(1e12 / per_s));
}

uint64_t
pace_rate_interval_ps(struct pace_state *s)
{
	uint64_t ps = atomic_load(&s->interval_ps);

	if (ps < INTERVAL_MIN_PS || ps > INTERVAL_MAX_PS) {
		set_rate(s, RATE_FIRST);
		ps = (uint64_t)(1e12 / RATE_FIRST);
	}
	return ps;
}

double
pace_rate_per_s(struct pace_state *s)
{
	return 1e12 / (double)pace_rate_interval_ps(s);
}

static enum phase
phase_of(const struct pace_state *s)
{
	return (enum phase)pace_get(&s->phase, FOUND);
}

int
pace_rate_is_finding(const struct pace_state *s)
{
	return phase_of(s) == FINDING;
}

static double
per_s(const _Atomic uint64_t *value)
{
	return (double)pace_get(value, COUNT_MAX);
}

static double
noise_of(const struct pace_state *s)
{
	return (double)pace_get(&s->noise, (uint64_t)(NOISE_MAX * MILLION)) / MILLION;
}

/* Of the refusals that caused the cut on trial; 0: there is none. */
static double
share_of(const struct pace_state *s)
{
	return (double)pace_get(&s->share, (uint64_t)MILLION) / MILLION;
}

/* The part of a share that is not noise. */
static double
excess(const struct pace_state *s, double share)
{
	double noise = noise_of(s);

	return share > noise ? (share - noise) / (1 - noise) : 0;
}

static void
mark(struct pace_count *at, const struct pace_state *s)
{
	atomic_store(&at->good, atomic_load(&s->now.good));
	atomic_store(&at->bad, atomic_load(&s->now.bad));
}

static struct sum
sum_since(const struct pace_count *at, const struct pace_state *s)
{
	uint64_t good = atomic_load(&s->now.good) - atomic_load(&at->good);
	uint64_t bad = atomic_load(&s->now.bad) - atomic_load(&at->bad);
	struct sum sum = {
	    .good = good < COUNT_MAX ? (double)good : 0, .bad = bad < COUNT_MAX ? (double)bad : 0};

	sum.all = sum.good + sum.bad;
	sum.share = sum.all > 0 ? sum.bad / sum.all : 0;
	return sum;
}

/* 1 if the time has not come. */
static int
is_ahead(uint64_t ns, uint64_t now_ns)
{
	return ns > now_ns && ns - now_ns < 2 * AHEAD_NS;
}

/* When what is drawn from now on will be sent. */
static uint64_t
sent_ns(const struct pace_state *s, uint64_t now_ns)
{
	uint64_t next = atomic_load(&s->next_ns);

	return next > now_ns && next - now_ns < AHEAD_NS ? next : now_ns;
}

static uint64_t
latency_ns(const struct pace_state *s)
{
	return 1000 * pace_get(&s->latency_us, LATENCY_MAX_US);
}

static uint64_t
longer(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* --- cuts --- */

/* 1 while answers may be those to requests sent before the last cut. Begins the trial. */
static int
is_too_early(struct pace_state *s, uint64_t now_ns)
{
	uint64_t effect = atomic_load(&s->effect_ns);

	if (effect == 0)
		return 0;
	if (is_ahead(effect, now_ns))
		return 1;
	if (atomic_compare_exchange_strong(&s->effect_ns, &effect, 0)) {
		mark(&s->run, s);
		mark(&s->trial, s);
		if (atomic_load(&s->in_vain) == 0)
			mark(&s->first, s);
	}
	return 0;
}

/* The cuts did not help: the refusals have nothing to do with the rate. */
static void
tolerate(struct pace_state *s)
{
	atomic_store(&s->noise, (uint64_t)(sum_since(&s->first, s).share * MILLION));
	atomic_store(&s->interval_ps, atomic_load(&s->before_ps));
	atomic_store(&s->in_vain, 0);
	atomic_store(&s->share, 0);
	atomic_store(&s->phase, FINDING);
}

/* The rate that the refusals are a share of. Where something else limits the run, it is less than
 * the schedule allows. */
static double
rate_seen(struct pace_state *s, uint64_t now_ns)
{
	double rate = pace_rate_per_s(s), seen = per_s(&s->answers), now;
	uint64_t began = atomic_load(&s->window_ns);

	if (seen < per_s(&s->goodput))
		seen = per_s(&s->goodput);
	if (seen > 0 && now_ns > began + WINDOW_NS / 4) {
		now = sum_since(&s->window, s).all * PACE_NS_PER_S / (double)(now_ns - began);
		if (seen < now)
			seen = now;
	}
	seen *= is_ahead(atomic_load(&s->seen_ns), now_ns) ? 1.25 : 1.1; /* it is an average */
	return seen > 0 && seen < rate ? seen : rate;
}

/* More than the growth of the rate explains: the limit fell, or the server stalled. */
static int
is_sudden(const struct pace_state *s, double share)
{
	return share > (phase_of(s) == FINDING ? SUDDEN_FINDING : SUDDEN);
}

/*
 * What the server allows, from the share that it refuses. A server that stalls lets requests pile
 * up, and refuses some on resuming although the rate is far below its limit: so once the limit is
 * known, a first cut is a small one, and only the next one, after a trial, believes the share.
 */
static double
estimate(struct pace_state *s, uint64_t now_ns, double share, int is_first)
{
	double rate = pace_rate_per_s(s), seen = rate_seen(s, now_ns), goodput = per_s(&s->goodput);
	double limit = seen * (1 - excess(s, share)), least = seen / (is_first ? 4 : 8);
	enum phase phase = phase_of(s);

	if (is_first && phase != FINDING && (phase >= BETTER || is_sudden(s, share)))
		return limit > CUT * rate ? limit : CUT * rate;
	if (is_first && KEPT * goodput > least)
		least = KEPT * goodput;
	if (share > SHUT && goodput > 0) {
		limit = goodput;
		if (!is_first && limit > SHUT_CUT * seen)
			limit = SHUT_CUT * seen;
	}
	if (limit < least)
		limit = least;
	return limit < seen ? limit : seen;
}

static void
cut(struct pace_state *s, uint64_t now_ns, double share)
{
	int is_first = atomic_load(&s->share) == 0;
	enum phase phase = phase_of(s);
	double limit = estimate(s, now_ns, share, is_first);

	if (is_first) {
		atomic_store(&s->in_vain, 0);
		atomic_store(&s->before_ps, pace_rate_interval_ps(s));
		if (!is_sudden(s, share))
			atomic_store(&s->phase, phase < FOUND ? phase + 1 : FOUND);
	} else if (atomic_fetch_add(&s->in_vain, 1) + 1 < IN_VAIN || share > NOISE_MAX) {
		atomic_store(&s->phase, ROUGH);
		if (share <= SHUT)
			atomic_store(&s->goodput, (uint64_t)limit);
	} else {
		tolerate(s);
		limit = 0;
	}
	if (limit > 0) {
		set_rate(s, CUT * limit);
		atomic_store(&s->limit, (uint64_t)limit);
		atomic_store(&s->share, (uint64_t)(share * MILLION) + 1);
	}
	atomic_store(&s->effect_ns,
	    sent_ns(s, now_ns) + longer(EFFECT_NS, 2 * latency_ns(s) + EFFECT_MORE_NS));
}

/* One of the processes cuts. */
static void
try_cut(struct pace_state *s, uint64_t now_ns, double share)
{
	uint64_t last = atomic_load(&s->cut_ns);

	if (last <= now_ns && now_ns - last < APART_NS)
		return;
	if (atomic_compare_exchange_strong(&s->cut_ns, &last, now_ns))
		cut(s, now_ns, share);
}

/* Whether the cut on trial helped. */
static void
judge(struct pace_state *s, uint64_t now_ns)
{
	struct sum sum = sum_since(&s->trial, s);
	double share = share_of(s), over = excess(s, share), n;

	n = over > 0 ? TRIAL * share / (over * over) : TRIAL_MAX;
	if (n > TRIAL_MAX)
		n = TRIAL_MAX;
	if (n < TRIAL_MIN)
		n = TRIAL_MIN;
	if (n < TRIAL_S * pace_rate_per_s(s))
		n = TRIAL_S * pace_rate_per_s(s);
	if (sum.all >= n / 2 && sum.bad >= n * (share - (1 - HELPED) * over)) {
		try_cut(s, now_ns, sum.share);
	} else if (sum.all >= n) {
		atomic_store(&s->share, 0);
		atomic_store(&s->in_vain, 0);
		mark(&s->run, s);
		mark(&s->trial, s);
	}
}

/* --- windows --- */

/* After many answers with fewer refusals than are tolerated, tolerates less. */
static void
tolerate_less(struct pace_state *s)
{
	struct sum sum = sum_since(&s->trial, s);
	double noise = noise_of(s);

	if (sum.all < TRIAL_MAX)
		return;
	if (sum.share < noise)
		atomic_store(&s->noise, (uint64_t)((sum.share + noise) / 2 * MILLION));
	mark(&s->trial, s);
}

/* A large step, unless the last one has yet to show what it does. The next window begins when the
 * effect of this one is seen. */
static void
step(struct pace_state *s, uint64_t now_ns, double rate)
{
	uint64_t seen = sent_ns(s, now_ns) + longer(SEEN_NS, latency_ns(s) + SEEN_MORE_NS);
	uint64_t hold = seen;

	if (is_ahead(atomic_load(&s->hold_ns), now_ns))
		return;
	if (rate < RATE_HOLD && STEP * rate > RATE_HOLD) {
		rate = RATE_HOLD / STEP;
		hold += HOLD_NS;
	}
	set_rate(s, STEP * rate);
	atomic_store(&s->seen_ns, seen);
	atomic_store(&s->hold_ns, hold);
	atomic_store(&s->due_ns, seen);
}

/* Of the rate, in a window. */
static double
growth_now(const struct pace_state *s, uint64_t now_ns, enum phase phase)
{
	uint64_t cut = atomic_load(&s->cut_ns), doubled = 0;

	if (now_ns > cut)
		doubled = (now_ns - cut) / PACE_NS_PER_S / growth[phase].doubled_s;
	return growth[phase].by * (1 << (doubled < DOUBLED_MAX ? doubled : DOUBLED_MAX));
}

static void
raise_rate(struct pace_state *s, uint64_t now_ns, double seconds)
{
	enum phase phase = phase_of(s);
	double rate = pace_rate_per_s(s), limit = per_s(&s->limit), by;

	if (phase != FINDING && rate > (phase == ROUGH ? MOVED_FAR : MOVED) * limit)
		atomic_store(&s->phase, phase = FINDING);
	if (phase == FINDING) {
		step(s, now_ns, rate);
		return;
	}
	by = growth_now(s, now_ns, phase);
	set_rate(s, rate * (1 + by * seconds * PACE_NS_PER_S / WINDOW_NS));
}

/* Ends the current window when it is due; one of the processes does. */
static void
roll(struct pace_state *s, uint64_t now_ns)
{
	uint64_t due = atomic_load(&s->due_ns), began;
	double seconds, goodput;
	struct sum sum;

	if (is_ahead(due, now_ns) ||
	    !atomic_compare_exchange_strong(&s->due_ns, &due, now_ns + WINDOW_NS))
		return;
	began = atomic_exchange(&s->window_ns, now_ns);
	sum = sum_since(&s->window, s);
	mark(&s->window, s);
	seconds = now_ns > began ? (double)(now_ns - began) / PACE_NS_PER_S : 0;
	if (seconds < 0.05 || seconds > 2 || sum.all <= 0) /* the first one, or one with a pause */
		return;
	atomic_store(&s->answers, (uint64_t)(sum.all / seconds));
	goodput = per_s(&s->goodput);
	goodput += (sum.good / seconds - goodput) / (goodput > 0 ? SMOOTH : 1);
	atomic_store(&s->goodput, (uint64_t)goodput);
	if (is_too_early(s, now_ns))
		return;
	if (atomic_load(&s->share) > 0) {
		judge(s, now_ns);
		return;
	}
	if (atomic_load(&s->noise) > 0)
		tolerate_less(s);
	if (sum.all / seconds > LIMITS * pace_rate_per_s(s) && began >= atomic_load(&s->seen_ns))
		raise_rate(s, now_ns, seconds);
}

void
pace_rate_answered(struct pace_state *s, uint64_t now_ns)
{
	(void)is_too_early(s, now_ns);
	atomic_fetch_add(&s->now.good, 1);
	roll(s, now_ns);
}

/* A cumulative sum decides: refusals in excess of those tolerated, since they last were none. */
void
pace_rate_throttled(struct pace_state *s, uint64_t now_ns)
{
	double noise = noise_of(s), tolerated = TOLERATED + TOLERATED_NOISE * noise, alarm = ALARM;
	int early = is_too_early(s, now_ns);
	struct sum sum = sum_since(&s->run, s);

	if (sum.bad <= tolerated * sum.all)
		mark(&s->run, s);
	atomic_fetch_add(&s->now.bad, 1);
	if (early) {
		/* nothing can be concluded */
	} else if (atomic_load(&s->share) > 0) {
		judge(s, now_ns);
	} else {
		if (phase_of(s) < BETTER)
			alarm *= 2;
		sum = sum_since(&s->run, s);
		if (sum.bad - tolerated * sum.all >= alarm * (1 + 10 * noise))
			try_cut(s, now_ns, sum.share);
	}
	roll(s, now_ns);
}
