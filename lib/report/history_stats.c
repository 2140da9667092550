#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "report/history_batches.h"
#include "report/history_stats.h"
#include "work/lines.h"

enum {
	STATS_VERSION = 1,
	LINE_LEN_MAX = 1 << 20,
};

const char *const history_program_names[HISTORY_PROGRAMS] = {"s3ls", "s3get", "csvcat", "s3put"};

/* --- one line --- */

static void
take_causes(struct history_counts *c, const json_t *causes)
{
	json_t *all = (json_t *)(uintptr_t)causes;

	for (void *i = json_object_iter(all); i != NULL; i = json_object_iter_next(all, i)) {
		json_int_t n = json_integer_value(json_object_iter_value(i));
		int at = 0;

		while (at < FETCH_CAUSE_OTHER &&
		    strcmp(fetch_cause_name((enum fetch_cause)at), json_object_iter_key(i)) != 0)
			at++;
		c->causes[at] += n > 0 ? (uint64_t)n : 0;
	}
}

static void
take_counts(struct history_counts *c, const json_t *o, enum history_program p)
{
	c->bytes_in += p == HISTORY_S3GET ? history_number(o, "bytes_in") : 0;
	c->requests += history_number(o, "requests");
	c->retries += history_number(o, "retries");
	c->throttled += history_number(o, "throttled");
	c->hedged += history_number(o, "hedged");
	take_causes(c, json_object_get(o, "retry_causes"));
}

/* Milliseconds with a fraction, as stats have them, to us. */
static uint64_t
in_us(const json_t *ms)
{
	double v = json_number_value(ms);

	return v > 0 && v < 1e15 ? (uint64_t)(v * 1000 + 0.5) : 0;
}

static void
take_latency(struct history *r, struct history_batch *b, const json_t *o, enum history_program p)
{
	const json_t *buckets = json_object_get(o, "buckets");
	uint64_t max = in_us(json_object_get(o, "max")), sum = in_us(json_object_get(o, "sum"));
	struct hist *h = &r->latency;

	r->latency_sum_us += sum;
	if (p != HISTORY_S3GET)
		return;
	for (size_t i = 0; i < json_array_size(buckets); i++) {
		const json_t *pair = json_array_get(buckets, i);
		json_int_t at = json_integer_value(json_array_get(pair, 0));
		json_int_t n = json_integer_value(json_array_get(pair, 1));

		if (at >= 0 && at < HIST_BUCKETS && n > 0) {
			h->count[at] += (uint64_t)n;
			h->n += (uint64_t)n;
		}
	}
	h->sum_us += sum;
	if (max > h->max_us)
		h->max_us = max;
	if (b != NULL && max > b->latency_max_us)
		b->latency_max_us = max;
}

static void
add_span(struct history_reader *d, const json_t *o, uint32_t batch, enum history_program p)
{
	struct history *r = d->r;
	struct history_span *s;
	int64_t start = history_time_ms(json_string_value(json_object_get(o, "start")));

	if (start <= 0 || r->n_spans == HISTORY_SPANS_MAX)
		return;
	if (r->n_spans == d->cap_spans) {
		d->cap_spans = d->cap_spans != 0 ? 2 * d->cap_spans : 1024;
		r->spans = xrealloc(r->spans, d->cap_spans * sizeof(*r->spans));
	}
	s = &r->spans[r->n_spans++];
	*s = (struct history_span){
	    .start_ms = start,
	    .end_ms = start + (int64_t)(history_number(o, "wall_ms") & INT32_MAX),
	    .batch = batch,
	    .maxrss_kb = (uint32_t)(history_number(o, "maxrss_kb") & UINT32_MAX),
	    .objects = p == HISTORY_S3GET ? history_number(o, "objects") : 0,
	    .retries = history_number(o, "retries"),
	    .program = p,
	};
}

/* 0, or -1 where the program is unknown. */
static int
take_line(struct history_reader *d, const json_t *o, uint32_t batch)
{
	const char *name = json_string_value(json_object_get(o, "program"));
	struct history *r = d->r;
	struct history_batch *b = history_batch_at(r, batch);
	int p = 0;

	while (
	    p < HISTORY_PROGRAMS && (name == NULL || strcmp(name, history_program_names[p]) != 0))
		p++;
	if (p == HISTORY_PROGRAMS)
		return -1;
	r->runs[p]++;
	r->cpu_ms[p] += history_number(o, "user_ms") + history_number(o, "sys_ms");
	if (history_number(o, "maxrss_kb") > r->maxrss_kb[p])
		r->maxrss_kb[p] = history_number(o, "maxrss_kb");
	r->requests_get += history_number(o, "requests_get");
	r->requests_put += history_number(o, "requests_put");
	r->requests_list += history_number(o, "requests_list");
	r->requests_head += history_number(o, "requests_head");
	r->requests_other += history_number(o, "requests_other");
	r->connections += history_number(o, "connections");
	r->tls_handshakes += history_number(o, "tls_handshakes");
	r->tls_resumed += history_number(o, "tls_resumed");
	take_counts(&r->counts, o, (enum history_program)p);
	if (b != NULL)
		take_counts(&b->counts, o, (enum history_program)p);
	take_latency(r, b, json_object_get(o, "latency_ms"), (enum history_program)p);
	add_span(d, o, batch, (enum history_program)p);
	return 0;
}

/* --- files --- */

/* The lines of a file that cannot be used: the first, and why. */
struct bad_lines {
	unsigned long long n, first;
	const char *why;
};

static void
tell_bad(struct history *r, const struct bad_lines *bad, const char *path)
{
	if (bad->n == 1)
		history_problem(r, "%s/%s: line %llu %s", r->work, path, bad->first, bad->why);
	else if (bad->n > 1)
		history_problem(r, "%s/%s: line %llu and %llu more: the first %s", r->work, path,
		    bad->first, bad->n - 1, bad->why);
}

/* Other things keep stats in the same folder, too: verify does. */
static int
is_of_run(const char *name, uint32_t batch)
{
	return batch != HISTORY_LISTING || strcmp(name, "listing.ndjson") == 0 ||
	    strcmp(name, "one.ndjson") == 0;
}

/* What is wrong with a line; NULL when nothing is. */
static const char *
take_text(
    struct history_reader *d, enum lines_event ev, const char *text, size_t len, uint32_t batch)
{
	json_t *o = ev != LINES_LONG ? json_loadb(text, len, 0, NULL) : NULL;
	const char *why = NULL;

	if (!json_is_object(o))
		why = ev == LINES_UNENDED ? "is cut short" : "is not a JSON object";
	else if (history_number(o, "v") != STATS_VERSION)
		why = "is of a version unknown to this report";
	else if (take_line(d, o, batch) == -1)
		why = "is of a program unknown to this report";
	json_decref(o);
	return why;
}

static void
take_file(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	struct bad_lines bad = {0};
	struct lines l;
	enum lines_event ev;
	struct err e;
	char *text;
	size_t len;
	int fd;

	if (!is_of_run(name, batch))
		return;
	if ((fd = work_folder_file(&d->work, path, &e)) == -1) {
		history_problem(d->r, "%s", e.text);
		return;
	}
	lines_begin(&l, fd, LINE_LEN_MAX);
	while ((ev = lines_next(&l, &text, &len)) != LINES_END && ev != LINES_ERROR) {
		const char *why = take_text(d, ev, text, len, batch);

		if (why != NULL && bad.n++ == 0) {
			bad.first = l.number;
			bad.why = why;
		}
	}
	if (ev == LINES_ERROR)
		history_problem(d->r, "%s/%s: %s", d->r->work, path, strerror(errno));
	tell_bad(d->r, &bad, path);
	lines_end(&l);
}

void
history_take_stats(struct history_reader *d)
{
	history_each_file(d, "stats", ".ndjson", take_file);
	if (d->r->n_spans == HISTORY_SPANS_MAX)
		history_problem(d->r,
		    "%s/stats: more than %d lines: the times of the rest are ignored", d->r->work,
		    HISTORY_SPANS_MAX);
}
