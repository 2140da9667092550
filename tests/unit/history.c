/* lib/report/history_time: attempts, sessions and what ran at once, from programs' times. */
#include <stdlib.h>

#include "base/buf.h"
#include "report/history_reader.h"
#include "report/history_time.h"
#include "tap.h"

enum { T = 1000000, HOUR = 3600000, BATCHES = 4 };

struct span {
	uint32_t batch;
	enum history_program program;
	int64_t start, end;
};

/* A run of these programs, measured; freed by history_free. */
static struct history *
make(const struct span *spans, size_t n)
{
	struct history *r = xcalloc(1, sizeof(*r));

	r->state = "done";
	r->n_batches = BATCHES;
	r->batches = xcalloc(BATCHES, sizeof(*r->batches));
	r->spans = xcalloc(n + 1, sizeof(*r->spans));
	r->n_spans = n;
	for (size_t i = 0; i < BATCHES; i++)
		r->batches[i].state = HISTORY_DONE;
	for (size_t i = 0; i < n; i++)
		r->spans[i] = (struct history_span){
		    .batch = spans[i].batch,
		    .program = spans[i].program,
		    .start_ms = spans[i].start,
		    .end_ms = spans[i].end,
		    .maxrss_kb = 100,
		    .objects = spans[i].program == HISTORY_S3GET ? 10 : 0,
		};
	return r;
}

static double
sum(const double *v, size_t n)
{
	double s = 0;

	for (size_t i = 0; i < n; i++)
		s += v[i];
	return s;
}

static int
is_near(double v, double want)
{
	return v > want * 0.999 && v < want * 1.001;
}

static void
test_attempts(void)
{
	static const struct span spans[] = {/* out of order, as files are read */
	    {1, HISTORY_S3PUT, T + 900, T + 1000}, {1, HISTORY_CSVCAT, T + 101, T + 850},
	    {1, HISTORY_S3GET, T + 100, T + 840}, {0, HISTORY_S3GET, T, T + 400},
	    {0, HISTORY_CSVCAT, T + 1, T + 410}, {0, HISTORY_S3GET, T + 500, T + 700},
	    {0, HISTORY_CSVCAT, T + 502, T + 710}, {0, HISTORY_S3PUT, T + 720, T + 760},
	    {0, HISTORY_S3PUT, T + 770, T + 800},
	    /* the first run was killed before it stored 2; a later one only does that */
	    {2, HISTORY_CSVCAT, T, T + 500}, {2, HISTORY_S3PUT, T + HOUR, T + HOUR + 50},
	    {HISTORY_LISTING, HISTORY_S3LS, T - 100, T + 200}};
	struct history *r = make(spans, sizeof(spans) / sizeof(spans[0]));
	const struct history_batch *b = r->batches;

	r->started_ms = T + HOUR - 1000;
	history_measure(r);
	OK(r->n_attempts == 5, "five attempts");
	OK(b[0].attempts == 2 && b[0].start_ms == T + 500 && b[0].end_ms == T + 800,
	    "the last attempt is the batch's time");
	OK(b[0].get_ms == 200 && b[0].put_ms == 70, "and so are its parts: a backup is put, too");
	OK(b[1].attempts == 1 && b[1].start_ms == T + 100 && b[1].end_ms == T + 1000,
	    "the order of the lines is nothing");
	OK(b[2].attempts == 2 && b[2].start_ms == T + HOUR, "an hour later is another attempt");
	OK(b[3].attempts == 0 && b[3].start_ms == 0, "no program, no attempt");
	OK(r->n_sessions == 2 && r->sessions[0].start_ms == T - 100 &&
		r->sessions[0].end_ms == T + 1000 && r->sessions[1].end_ms == T + HOUR + 50,
	    "two sessions");
	OK(r->busy_ms == 1100, "the time in which something ran");
	OK(r->last_run_start_ms == T + HOUR && r->last_run_end_ms == T + HOUR + 50, "the last run");
	OK(r->batches_at_once == 3 && r->rss_at_once_kb == 600, "at once: batches, memory");
	OK(r->n_slowest == 3 && r->slowest[0] == 1 && r->slowest[1] == 0 && r->slowest[2] == 2,
	    "the slowest first");
	OK(r->series.step_ms == 100 && r->series.n == 12, "a series with bins of 100 ms");
	OK(is_near(sum(r->series.objects, r->series.n), 30), "that holds all objects");
	OK(is_near(r->series.batches[11], 0.5), "the last half bin is the second session");
	history_free(r);
}

static void
test_edges(void)
{
	static const struct span none[] = {{0, HISTORY_S3GET, T, T}};
	static const struct span same[] = {{0, HISTORY_S3GET, T, T + 10},
	    {1, HISTORY_S3GET, T + 10, T + 20}, {2, HISTORY_S3GET, T + 70020, T + 70030}};
	struct history *r = make(none, 0);

	history_measure(r);
	OK(r->n_attempts == 0 && r->n_sessions == 0 && r->series.n == 0 && r->n_slowest == 0,
	    "nothing ran");
	history_free(r);
	r = make(none, 1);
	history_measure(r);
	OK(r->n_attempts == 1 && r->busy_ms == 0 && r->series.n == 0, "something ran for no time");
	history_free(r);
	r = make(same, 3);
	history_measure(r);
	OK(r->batches_at_once == 1, "one that begins as another ends is not at once");
	OK(r->n_sessions == 2 && r->busy_ms == 30, "more than a minute is a pause");
	OK(r->last_run_start_ms == T + 70020, "where no run is known the last session is it");
	history_free(r);
}

static void
test_steps(void)
{
	static const int64_t lengths[] = {1, 99, 12000, 12001, 3600000, 86400000, 864000000000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct span one = {0, HISTORY_S3GET, T, T + lengths[i]};
		struct history *r = make(&one, 1);
		const struct history_series *s = &r->series;

		history_measure(r);
		OK(s->n >= 1 && s->n <= HISTORY_BINS_MAX &&
			(int64_t)s->n * s->step_ms >= lengths[i] &&
			is_near(sum(s->objects, s->n), 10),
		    "%lld ms in %zu bins of %lld", (long long)lengths[i], s->n,
		    (long long)s->step_ms);
		history_free(r);
	}
}

static void
test_times(void)
{
	OK(history_time_ms("2026-11-23T13:45:00.123Z") == 1795441500123, "milliseconds");
	OK(history_time_ms("2026-11-23T13:45:00Z") == 1795441500000, "none");
	OK(history_time_ms("yesterday") == 0 && history_time_ms(NULL) == 0 &&
		history_time_ms("") == 0,
	    "no time");
}

int
main(void)
{
	test_attempts();
	test_edges();
	test_steps();
	test_times();
	return tap_done();
}
