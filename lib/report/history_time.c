#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "report/history_time.h"

enum {
	SESSION_GAP_MS = 60000, /* a longer pause separates two sessions */
	ATTEMPT_GAP_MS = 60000, /* and two attempts at a batch */
};

static int
order(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int
by_start(const void *a, const void *b)
{
	const struct history_span *x = a, *y = b;

	return order(x->start_ms, y->start_ms);
}

static int
by_batch(const void *a, const void *b)
{
	const struct history_span *x = a, *y = b;

	return x->batch != y->batch ? order(x->batch, y->batch) : by_start(a, b);
}

static int
attempts_by_start(const void *a, const void *b)
{
	const struct history_attempt *x = a, *y = b;

	return order(x->start_ms, y->start_ms);
}

/* --- attempts --- */

static void
finish_attempt(struct history *r, struct history_attempt *a, int last)
{
	struct history_batch *b = &r->batches[a->batch];

	a->last = last;
	r->n_attempts++;
	b->attempts++;
	if (last) {
		b->start_ms = a->start_ms;
		b->end_ms = a->end_ms;
	}
}

static void
take_part(struct history_batch *b, const struct history_span *s)
{
	if (s->program == HISTORY_S3GET)
		b->get_ms += s->end_ms - s->start_ms;
	else if (s->program == HISTORY_S3PUT)
		b->put_ms += s->end_ms - s->start_ms;
}

/*
 * An attempt is s3get and csvcat, then s3put. Another one begins where s3get or csvcat comes
 * again, or after a long pause: an s3put alone continues what a killed run left.
 */
static void
find_attempts(struct history *r)
{
	struct history_attempt *a = NULL;
	unsigned seen = 0;

	r->attempts = xcalloc(r->n_spans + 1, sizeof(*r->attempts));
	if (r->n_spans > 0)
		qsort(r->spans, r->n_spans, sizeof(*r->spans), by_batch);
	for (size_t i = 0; i < r->n_spans && r->spans[i].batch != HISTORY_LISTING; i++) {
		const struct history_span *s = &r->spans[i];
		struct history_batch *b = &r->batches[s->batch];
		unsigned bit = s->program == HISTORY_S3PUT ? 0 : 1U << s->program;

		if (a == NULL || a->batch != s->batch || (seen & bit) != 0 ||
		    s->start_ms > a->end_ms + ATTEMPT_GAP_MS) {
			if (a != NULL)
				finish_attempt(r, a, a->batch != s->batch);
			a = &r->attempts[r->n_attempts];
			*a = (struct history_attempt){s->start_ms, s->end_ms, s->batch, 0};
			seen = 0;
			b->get_ms = b->put_ms = 0;
		}
		seen |= bit;
		if (s->end_ms > a->end_ms)
			a->end_ms = s->end_ms;
		take_part(b, s);
	}
	if (a != NULL)
		finish_attempt(r, a, 1);
	if (r->n_attempts > 0)
		qsort(r->attempts, r->n_attempts, sizeof(*r->attempts), attempts_by_start);
}

/* --- sessions, and the time during which something ran --- */

static void
find_sessions(struct history *r)
{
	struct history_session *s = NULL;
	int64_t to = INT64_MIN;
	size_t cap = 0;

	for (size_t i = 0; i < r->n_spans; i++) {
		const struct history_span *p = &r->spans[i];

		if (s == NULL || p->start_ms > s->end_ms + SESSION_GAP_MS) {
			if (r->n_sessions == cap) {
				cap = cap != 0 ? 2 * cap : 8;
				r->sessions = xrealloc(r->sessions, cap * sizeof(*r->sessions));
			}
			s = &r->sessions[r->n_sessions++];
			*s = (struct history_session){p->start_ms, p->end_ms};
		}
		if (p->end_ms > s->end_ms)
			s->end_ms = p->end_ms;
		if (p->end_ms > to) {
			r->busy_ms += (uint64_t)(p->end_ms - (p->start_ms > to ? p->start_ms : to));
			to = p->end_ms;
		}
	}
}

/* The programs of the last run; if it started none, those of the last session. */
static void
find_last_run(struct history *r)
{
	if (r->n_sessions == 0)
		return;
	for (size_t i = 0; i < r->n_spans; i++) {
		const struct history_span *p = &r->spans[i];

		/* started_ms is cut to whole seconds */
		if (r->started_ms == 0 || p->start_ms < r->started_ms)
			continue;
		if (r->last_run_start_ms == 0)
			r->last_run_start_ms = p->start_ms;
		if (p->end_ms > r->last_run_end_ms)
			r->last_run_end_ms = p->end_ms;
	}
	if (r->last_run_start_ms == 0) {
		r->last_run_start_ms = r->sessions[r->n_sessions - 1].start_ms;
		r->last_run_end_ms = r->sessions[r->n_sessions - 1].end_ms;
	}
}

/* --- over time --- */

/* Maps a time to the time line that has the sessions end to end. */
static int64_t
on_line(const struct history *r, size_t *session, int64_t *before, int64_t t)
{
	/* calls come in the order of starts, so the session only moves forward */
	while (*session + 1 < r->n_sessions && t >= r->sessions[*session + 1].start_ms) {
		*before += r->sessions[*session].end_ms - r->sessions[*session].start_ms;
		++*session;
	}
	return *before + t - r->sessions[*session].start_ms;
}

/* Spreads amount evenly from from_ms to to_ms. */
static void
spread(struct history_series *s, double *bins, int64_t from_ms, int64_t to_ms, double amount)
{
	int64_t length = to_ms > from_ms ? to_ms - from_ms : 1;
	size_t i = (size_t)(from_ms / s->step_ms);

	for (; i < s->n && (int64_t)i * s->step_ms < from_ms + length; i++) {
		int64_t lo = (int64_t)i * s->step_ms, hi = lo + s->step_ms;

		lo = lo > from_ms ? lo : from_ms;
		hi = hi < from_ms + length ? hi : from_ms + length;
		bins[i] += amount * (double)(hi - lo) / (double)length;
	}
}

static void
make_series(struct history *r)
{
	static const int64_t steps[] = {100, 200, 500, 1000, 2000, 5000, 10000, 20000, 30000, 60000,
	    120000, 300000, 600000, 1200000, 1800000, 3600000};
	struct history_series *s = &r->series;
	int64_t total = 0, before = 0;
	size_t k = 0, session = 0;

	for (size_t i = 0; i < r->n_sessions; i++)
		total += r->sessions[i].end_ms - r->sessions[i].start_ms;
	if (total == 0)
		return;
	while (k + 1 < sizeof(steps) / sizeof(steps[0]) && total > steps[k] * HISTORY_BINS_MAX)
		k++;
	s->step_ms = steps[k];
	while (total > s->step_ms * HISTORY_BINS_MAX)
		s->step_ms *= 2;
	s->n = (size_t)((total + s->step_ms - 1) / s->step_ms);
	for (size_t i = 0; i < r->n_spans; i++) {
		const struct history_span *p = &r->spans[i];
		int64_t from = on_line(r, &session, &before, p->start_ms);

		spread(s, s->objects, from, from + p->end_ms - p->start_ms, (double)p->objects);
		spread(s, s->retries, from, from + p->end_ms - p->start_ms, (double)p->retries);
	}
	session = 0;
	before = 0;
	for (size_t i = 0; i < r->n_attempts; i++) {
		const struct history_attempt *a = &r->attempts[i];
		int64_t from = on_line(r, &session, &before, a->start_ms);
		int64_t length = a->end_ms - a->start_ms;

		spread(s, s->batches, from, from + length, (double)length / (double)s->step_ms);
	}
}

/* --- at once --- */

struct change {
	int64_t t;
	int64_t amount;
};

/* At the same moment ends come before starts. */
static int
compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return x->t != y->t ? order(x->t, y->t) : order(x->amount, y->amount);
}

/* The highest sum of amounts present at once; changes come in pairs. */
static uint64_t
highest(struct change *c, size_t n)
{
	int64_t sum = 0, most = 0;

	if (n > 0)
		qsort(c, n, sizeof(*c), compare_changes);
	for (size_t i = 0; i < n; i++) {
		sum += c[i].amount;
		most = sum > most ? sum : most;
	}
	return (uint64_t)most;
}

static void
measure_peaks(struct history *r)
{
	size_t most = r->n_spans > r->n_attempts ? r->n_spans : r->n_attempts;
	struct change *c = xcalloc(2 * most + 1, sizeof(*c));

	for (size_t i = 0; i < r->n_spans; i++) {
		c[2 * i] = (struct change){r->spans[i].start_ms, r->spans[i].maxrss_kb};
		c[2 * i + 1] = (struct change){r->spans[i].end_ms, -(int64_t)r->spans[i].maxrss_kb};
	}
	r->rss_at_once_kb = highest(c, 2 * r->n_spans);
	for (size_t i = 0; i < r->n_attempts; i++) {
		c[2 * i] = (struct change){r->attempts[i].start_ms, 1};
		c[2 * i + 1] = (struct change){r->attempts[i].end_ms, -1};
	}
	r->batches_at_once = highest(c, 2 * r->n_attempts);
	free(c);
}

static int64_t
took_ms(const struct history *r, uint32_t batch)
{
	return r->batches[batch].end_ms - r->batches[batch].start_ms;
}

static void
find_slowest(struct history *r)
{
	for (uint32_t i = 0; i < r->n_batches; i++) {
		size_t at = r->n_slowest;

		if (r->batches[i].state != HISTORY_DONE || r->batches[i].start_ms == 0)
			continue;
		while (at > 0 && took_ms(r, r->slowest[at - 1]) < took_ms(r, i))
			at--;
		if (at == HISTORY_SLOWEST_MAX)
			continue;
		if (r->n_slowest < HISTORY_SLOWEST_MAX)
			r->n_slowest++;
		memmove(r->slowest + at + 1, r->slowest + at,
		    (r->n_slowest - at - 1) * sizeof(r->slowest[0]));
		r->slowest[at] = i;
	}
}

void
history_measure(struct history *r)
{
	find_attempts(r);
	if (r->n_spans > 0)
		qsort(r->spans, r->n_spans, sizeof(*r->spans), by_start);
	find_sessions(r);
	find_last_run(r);
	make_series(r);
	measure_peaks(r);
	find_slowest(r);
}
