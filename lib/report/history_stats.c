/* Stats and logs: NDJSON, a line at a time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/num.h"
#include "report/history_reader.h"

enum {
	STATS_VERSION = 1,
	LINE_LEN_MAX = 1 << 20,
	EVENTS_PER_BATCH = 20,
	TEXT_MAX = 500,
	URI_MAX = 1200, /* with a key of 1,024 bytes */
	TAIL_LEN = 65536,
};

const char *const history_program_names[HISTORY_PROGRAMS] = {"s3ls", "s3get", "csvcat", "s3put"};

uint64_t
history_number(const json_t *o, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(o, name));

	return v > 0 ? (uint64_t)v : 0;
}

char *
history_string(const json_t *o, const char *name, size_t max)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? xstrndup(s, strnlen(s, max)) : NULL;
}

int64_t
history_time_ms(const char *s)
{
	struct tm tm = {0};
	const char *rest;
	uint64_t ms = 0;

	if (s == NULL || (rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm)) == NULL)
		return 0;
	if (*rest == '.' && strlen(rest) >= 4)
		(void)num_parse_n(rest + 1, 3, 0, 999, &ms);
	return (int64_t)timegm(&tm) * 1000 + (int64_t)ms;
}

/* --- one line --- */

static void
take_causes(struct history_counts *c, const json_t *causes)
{
	for (void *i = json_object_iter((json_t *)(uintptr_t)causes); i != NULL;
	     i = json_object_iter_next((json_t *)(uintptr_t)causes, i)) {
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

/* Milliseconds with a fraction, as the line has them, in us. */
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

	if (start <= 0)
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

/* 0, or -1: not a program that this report knows. */
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

/* The first of its lines that cannot be used, and why. */
struct bad_lines {
	unsigned long n, first;
	const char *why;
};

static void
note_bad(struct bad_lines *bad, unsigned long line, const char *why)
{
	if (bad->n++ == 0) {
		bad->first = line;
		bad->why = why;
	}
}

static void
tell_bad(struct history *r, const struct bad_lines *bad, const char *path)
{
	if (bad->n == 1)
		history_problem(r, "%s: line %lu: %s", path, bad->first, bad->why);
	else if (bad->n > 1)
		history_problem(
		    r, "%s: line %lu and %lu more: %s", path, bad->first, bad->n - 1, bad->why);
}

static json_t *
parse(const char *line, ssize_t len, const char **why)
{
	json_error_t je;
	json_t *o = len <= LINE_LEN_MAX ? json_loadb(line, (size_t)len, 0, &je) : NULL;

	if (json_is_object(o))
		return o;
	json_decref(o);
	*why = len > 0 && line[len - 1] != '\n' ? "is cut short" : "is not a JSON object";
	return NULL;
}

void
history_take_stats(struct history_reader *d, const char *path, uint32_t batch)
{
	struct bad_lines bad = {0};
	unsigned long line_no = 0;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		history_problem(d->r, "%s: %s", path, strerror(errno));
		return;
	}
	while ((len = getline(&line, &cap, f)) != -1) {
		const char *why;
		json_t *o = parse(line, len, &why);

		line_no++;
		if (o == NULL)
			note_bad(&bad, line_no, why);
		else if (history_number(o, "v") != STATS_VERSION)
			note_bad(&bad, line_no, "is of a version that this report does not know");
		else if (take_line(d, o, batch) == -1)
			note_bad(&bad, line_no, "is of a program that this report does not know");
		json_decref(o);
	}
	if (ferror(f))
		history_problem(d->r, "%s: %s", path, strerror(errno));
	tell_bad(d->r, &bad, path);
	free(line);
	fclose(f);
}

static void
free_lines(char **lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(lines[i]);
}

/* The last lines, oldest first. */
static size_t
last_lines(FILE *f, char *ring[EVENTS_PER_BATCH], char *lines[EVENTS_PER_BATCH])
{
	char *line = NULL;
	size_t cap = 0, n = 0, kept;

	/* a log may be of any length */
	if (fseek(f, -TAIL_LEN, SEEK_END) == 0)
		(void)!getline(&line, &cap, f); /* begins somewhere inside it */
	while (getline(&line, &cap, f) != -1) {
		if (n >= EVENTS_PER_BATCH)
			free(ring[n % EVENTS_PER_BATCH]);
		ring[n++ % EVENTS_PER_BATCH] = xstrdup(line);
	}
	free(line);
	kept = n < EVENTS_PER_BATCH ? n : EVENTS_PER_BATCH;
	for (size_t i = 0; i < kept; i++)
		lines[i] = ring[(n - kept + i) % EVENTS_PER_BATCH];
	return kept;
}

void
history_take_events(struct history_reader *d, const char *path, uint32_t batch)
{
	char *ring[EVENTS_PER_BATCH] = {NULL}, *lines[EVENTS_PER_BATCH];
	struct bad_lines bad = {0};
	struct history *r = d->r;
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL) {
		if (errno != ENOENT)
			history_problem(r, "%s: %s", path, strerror(errno));
		return;
	}
	n = last_lines(f, ring, lines);
	fclose(f);
	for (size_t i = 0; i < n && r->n_events < HISTORY_EVENTS_MAX; i++) {
		const char *why;
		json_t *o = parse(lines[i], (ssize_t)strlen(lines[i]), &why);

		if (o == NULL) {
			note_bad(&bad, i + 1, why);
			continue;
		}
		if (r->events == NULL)
			r->events = xcalloc(HISTORY_EVENTS_MAX, sizeof(*r->events));
		r->events[r->n_events++] = (struct history_event){
		    .batch = batch,
		    .time = history_string(o, "time", TEXT_MAX),
		    .level = history_string(o, "level", TEXT_MAX),
		    .program = history_string(o, "program", TEXT_MAX),
		    .uri = history_string(o, "uri", URI_MAX),
		    .message = history_string(o, "message", TEXT_MAX),
		};
		json_decref(o);
	}
	if (bad.n > 0)
		history_problem(r, "%s: a line %s", path, bad.why);
	free_lines(lines, n);
}
