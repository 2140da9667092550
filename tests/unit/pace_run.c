/*
 * The send schedule under many processes at once: each draws, sends, waits, sleeps and retries as
 * the engine does (lib/http/fetch.c), with the engine's own pace and retry code. The server is a
 * model with a cap and a little burst, 503 above it. The clock is the model's and chance is seeded,
 * so the figures are the same on every machine.
 */
#include <stdlib.h>

#include "base/xorshift.h"
#include "http/pace.h"
#include "http/retry.h"
#include "tap.h"

#define MS UINT64_C(1000000)
#define S (1000 * MS)
#define NEVER UINT64_MAX

enum {
	SEEDS = 5,
	SEEDS_FEW = 2,
	PROCESSES = 50,
	CONNECTIONS = 20,
	WAITING_MAX = 4000,
	BIN_MS = 50,
	BINS = 60000 / BIN_MS,
	NAP_MIN_MS = 2,
	NAP_MAX_MS = 100,
	ENDLESS = 1 << 30,
};

struct scene {
	unsigned objects;	  /* of each process */
	double cap, then;	  /* requests a second, and from changes_s on; 0: none */
	double changes_s, ends_s; /* 0: never; when all is done */
	double burst_s;		  /* of the cap's tokens */
	double latency_ms, noise_ms;
	double refused; /* share of requests refused whatever the rate */
};

struct reply {
	uint64_t at_ns, us;
	unsigned tries;
	int good;
};

struct retried {
	uint64_t due_ns;
	unsigned tries;
};

struct process {
	unsigned todo, n_waiting, n_flying, n_reserved;
	struct reply flying[CONNECTIONS];
	struct retried waiting[WAITING_MAX];
	uint64_t reserved_ns, wakes_ns;
	struct retry retry;
	int over;
};

static struct world {
	struct scene s;
	struct pace *pace;
	uint64_t now, tokens_ns, rng;
	double tokens;
	unsigned good[BINS], bad[BINS];
	double rate[BINS];
	struct process processes[PROCESSES];
} w;

static double
chance(void)
{
	return (double)(xorshift64(&w.rng) >> 11) / 9007199254740992.0;
}

static size_t
bin(void)
{
	size_t i = (size_t)((w.now - S) / (BIN_MS * MS));

	return i < BINS ? i : BINS - 1;
}

static int
is_admitted(void)
{
	double cap =
	    w.s.changes_s > 0 && (double)(w.now - S) / S >= w.s.changes_s ? w.s.then : w.s.cap;

	if (chance() < w.s.refused)
		return 0;
	if (cap <= 0)
		return 1;
	w.tokens += (double)(w.now - w.tokens_ns) * cap / S;
	w.tokens_ns = w.now;
	if (w.tokens > cap * w.s.burst_s)
		w.tokens = cap * w.s.burst_s;
	if (w.tokens < 1)
		return 0;
	w.tokens -= 1;
	return 1;
}

static void
take_replies(struct process *p)
{
	for (unsigned i = 0; i < p->n_flying;) {
		struct reply r = p->flying[i];

		if (r.at_ns > w.now) {
			i++;
			continue;
		}
		p->flying[i] = p->flying[--p->n_flying];
		pace_latency(w.pace, r.us);
		if (r.good) {
			w.good[bin()]++;
			pace_answered(w.pace, w.now);
			continue;
		}
		if (p->n_waiting == WAITING_MAX)
			abort();
		w.bad[bin()]++;
		pace_throttled(w.pace, w.now);
		p->waiting[p->n_waiting++] = (struct retried){
		    w.now + (uint64_t)retry_wait_ms(&p->retry, r.tries, 1, 0) * MS, r.tries};
	}
}

/* The retry that is due, else a new one; ready counts both. */
static unsigned
ready(const struct process *p, unsigned *retry)
{
	unsigned n = p->todo;

	*retry = p->n_waiting;
	for (unsigned i = 0; i < p->n_waiting; i++)
		if (p->waiting[i].due_ns <= w.now) {
			*retry = i;
			n++;
		}
	return n;
}

/* 1 if something waits for the pace only. */
static int
send_ready(struct process *p)
{
	unsigned n, retry, most, tries;
	double ms;

	while ((n = ready(p, &retry)) > 0 && p->n_flying < CONNECTIONS) {
		if (p->n_reserved == 0) {
			most = pace_batch(w.pace, w.now);
			n = n < CONNECTIONS - p->n_flying ? n : CONNECTIONS - p->n_flying;
			p->n_reserved = n < most ? n : most;
			p->reserved_ns = pace_take(w.pace, w.now, p->n_reserved);
		}
		if (p->reserved_ns > w.now)
			return 1;
		p->n_reserved--;
		tries = 1;
		if (retry < p->n_waiting) {
			tries += p->waiting[retry].tries;
			p->waiting[retry] = p->waiting[--p->n_waiting];
		} else {
			p->todo--;
		}
		ms = w.s.latency_ms + chance() * w.s.noise_ms;
		p->flying[p->n_flying++] = (struct reply){
		    w.now + (uint64_t)(ms * MS), (uint64_t)(ms * 1000), tries, is_admitted()};
	}
	return 0;
}

static void
step(struct process *p)
{
	uint64_t due = NEVER;
	int held;

	take_replies(p);
	held = send_ready(p);
	if (p->todo + p->n_waiting + p->n_flying == 0) {
		p->over = 1;
		return;
	}
	if (held)
		due = (p->reserved_ns / MS + 1) * MS;
	for (unsigned i = 0; i < p->n_waiting; i++)
		if (p->waiting[i].due_ns > w.now && p->waiting[i].due_ns < due)
			due = p->waiting[i].due_ns;
	if (held && due >= w.now + NAP_MIN_MS * MS) { /* it sleeps, whatever is answered */
		if (due > w.now + NAP_MAX_MS * MS)
			due = w.now + NAP_MAX_MS * MS;
	} else {
		for (unsigned i = 0; i < p->n_flying; i++)
			if (p->flying[i].at_ns < due)
				due = p->flying[i].at_ns;
	}
	p->wakes_ns = due + (uint64_t)(chance() * 0.3 * MS); /* the machine is busy */
}

/* Seconds that it took. */
static double
run(const struct scene *s, uint64_t seed)
{
	struct process *p;
	struct err e;

	w = (struct world){.s = *s,
	    .pace = pace_open(NULL, &e),
	    .now = S,
	    .tokens = s->cap * s->burst_s,
	    .tokens_ns = S,
	    .rng = seed * 0x9e3779b97f4a7c15u};
	for (unsigned i = 0; i < PROCESSES; i++) {
		p = &w.processes[i];
		p->todo = s->objects;
		p->retry = (struct retry){.tokens = 500, .rng = w.rng + i};
		p->wakes_ns = S + (uint64_t)(chance() * 20 * MS);
	}
	for (;;) {
		p = NULL;
		for (unsigned i = 0; i < PROCESSES; i++)
			if (!w.processes[i].over &&
			    (p == NULL || w.processes[i].wakes_ns < p->wakes_ns))
				p = &w.processes[i];
		if (p == NULL || (s->ends_s > 0 && (double)(p->wakes_ns - S) / S >= s->ends_s))
			break;
		if (p->wakes_ns > w.now)
			w.now = p->wakes_ns;
		w.rate[bin()] = pace_rate(w.pace);
		step(p);
	}
	pace_close(w.pace);
	return (double)(w.now - S) / S;
}

static double
sum(const unsigned *bins, double from_s, double to_s)
{
	double n = 0;

	for (size_t i = (size_t)(from_s * 1000 / BIN_MS); i < (size_t)(to_s * 1000 / BIN_MS); i++)
		n += bins[i];
	return n;
}

static double
good_per_s(double from_s, double to_s)
{
	return sum(w.good, from_s, to_s) / (to_s - from_s);
}

/* Percent of all requests. */
static double
refused(double from_s, double to_s)
{
	double bad = sum(w.bad, from_s, to_s);

	return 100 * bad / (bad + sum(w.good, from_s, to_s));
}

/* When the rate is at least, or at most, so much; and stays there for a second. */
static double
reaches(double from_s, double least, double most)
{
	size_t stays = 0, i;

	for (i = (size_t)(from_s * 1000 / BIN_MS); i < BINS && stays < 1000 / BIN_MS; i++)
		stays = w.rate[i] >= least && w.rate[i] <= most ? stays + 1 : 0;
	return (double)(i - stays) * BIN_MS / 1000 - from_s;
}

static const struct scene usual = {
    .objects = ENDLESS, .cap = 5500, .burst_s = 0.05, .latency_ms = 30, .noise_ms = 10};

/* 60,000 objects into a hard cap. */
static void
test_start(void)
{
	static const double bursts[] = {0.01, 0.02, 0.05, 0.1};
	struct scene s = usual;

	s.objects = 60000 / PROCESSES;
	for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			double took, share;

			s.burst_s = bursts[i];
			took = run(&s, seed);
			share = 100 * sum(w.bad, 0, 60) / 60000;
			OK(share <= 0.8 && took <= 1.07 * 60000 / s.cap,
			    "a start, %.0f ms of burst, seed %u: %.2f %% refused, %.1f %% of the "
			    "cap used",
			    1000 * s.burst_s, (unsigned)seed, share, 100 * 60000 / took / s.cap);
		}
	s = usual;
	s.objects = 120000 / PROCESSES;
	s.latency_ms = 120;
	for (uint64_t seed = 1; seed <= SEEDS_FEW; seed++) {
		double took = run(&s, seed), share = 100 * sum(w.bad, 0, 60) / 120000;

		OK(share <= 2.5 && took <= 1.1 * 120000 / s.cap,
		    "a start far away, seed %u: %.2f %% refused, %.1f %% of the cap used",
		    (unsigned)seed, share, 100 * 120000 / took / s.cap);
	}
}

static void
test_steady(void)
{
	struct scene s = usual;

	s.ends_s = 40;
	for (uint64_t seed = 1; seed <= SEEDS_FEW; seed++) {
		run(&s, seed);
		OK(good_per_s(5, 40) >= 0.98 * s.cap && refused(5, 40) <= 0.5,
		    "later on, seed %u: %.1f %% of the cap used, %.2f %% refused", (unsigned)seed,
		    100 * good_per_s(5, 40) / s.cap, refused(5, 40));
	}
}

static void
test_change(void)
{
	struct scene s = usual;
	double after;

	s.cap = 20000;
	s.then = 5500;
	s.changes_s = 10;
	s.ends_s = 25;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		run(&s, seed);
		after = reaches(10, 0, 1.1 * s.then);
		OK(w.rate[200] > 18000 && after <= 1.5,
		    "the cap falls, seed %u: followed after %.2f s", (unsigned)seed, after);
		OK(refused(12, 17) <= 2 && good_per_s(12, 17) >= 0.9 * s.then &&
			refused(17, 25) <= 1,
		    "  then %.2f %% refused, %.1f %% used", refused(12, 17),
		    100 * good_per_s(12, 17) / s.then);
	}
	s.cap = 5500;
	s.then = 20000;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		run(&s, seed);
		after = reaches(10, 0.9 * s.then, 1e9);
		OK(after <= 10, "the cap rises, seed %u: followed after %.2f s", (unsigned)seed,
		    after);
	}
}

static void
test_without_cap(void)
{
	struct scene s = usual;

	s.cap = 0;
	s.ends_s = 6;
	for (uint64_t seed = 1; seed <= SEEDS_FEW; seed++) {
		double took = run(&s, seed);

		OK(reaches(0, 20000, 1e9) <= 1.6 && good_per_s(3, took) >= 25000,
		    "no cap, seed %u: 20,000 a second after %.2f s, later %.0f", (unsigned)seed,
		    reaches(0, 20000, 1e9), good_per_s(3, took));
	}
}

static void
test_noise(void)
{
	static const double shares[] = {0.002, 0.01, 0.05, 0.2};
	struct scene s = usual;

	s.ends_s = 12;
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		for (uint64_t seed = 1; seed <= SEEDS_FEW; seed++) {
			s.refused = shares[i];
			s.cap = 0;
			run(&s, seed);
			OK(good_per_s(6, 12) >= 20000,
			    "%.1f %% refused at any rate, no cap, seed %u: %.0f a second",
			    100 * s.refused, (unsigned)seed, good_per_s(6, 12));
			s.cap = 5500;
			run(&s, seed);
			OK(good_per_s(6, 12) >= 0.93 * s.cap &&
				refused(6, 12) <= 1 + 150 * s.refused,
			    "  with a cap: %.1f %% used, %.2f %% refused",
			    100 * good_per_s(6, 12) / s.cap, refused(6, 12));
		}
}

int
main(void)
{
	test_start();
	test_steady();
	test_change();
	test_without_cap();
	test_noise();
	return tap_done();
}
