#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "buf.h"
#include "num.h"
#include "run.h"

enum { LINE_MAX_LEN = 1 << 20 };

const char *const run_program_names[RUN_PROGRAMS] = {"s3ls", "s3get", "csvcat", "s3put"};

/* When a program ran, for the busy time. */
struct span {
	int64_t from_ms, to_ms;
};

struct reader {
	struct run *r;
	struct span *spans;
	size_t n_spans, cap_spans, cap_batches;
};

__attribute__((format(printf, 2, 3))) static void
problem(struct run *r, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (r->n_problems < RUN_PROBLEMS_MAX) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		r->problems[r->n_problems] = xstrdup(text);
	}
	r->n_problems++;
}

/* --- small files of NAME=value lines --- */

static void
take_value(struct run *r, const char *file, const char *name, const char *value)
{
	static const struct {
		const char *file, *name;
		size_t text, number; /* offsets; one of them is 0 */
	} known[] = {
	    {"settings", "SRC", offsetof(struct run, src), 0},
	    {"settings", "DEST", offsetof(struct run, dest), 0},
	    {"status", "state", offsetof(struct run, state), 0},
	    {"status", "started", offsetof(struct run, started), 0},
	    {"status", "ended", offsetof(struct run, ended), 0},
	    {"status", "jobs", 0, offsetof(struct run, jobs)},
	    {"keys/complete", "objects", 0, offsetof(struct run, objects_listed)},
	    {"keys/complete", "bytes", 0, offsetof(struct run, bytes_listed)},
	    {"keys/complete", "skipped", 0, offsetof(struct run, skipped)},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].file, file) != 0 || strcmp(known[i].name, name) != 0)
			continue;
		if (known[i].number != 0) {
			uint64_t v;

			if (num_parse(value, 0, UINT64_MAX, &v) == -1)
				problem(r, "%s/%s: %s is no number", r->work, file, name);
			else
				memcpy((char *)r + known[i].number, &v, sizeof(v));
		} else {
			char *copy = xstrdup(value), *old;

			memcpy(&old, (char *)r + known[i].text, sizeof(old));
			free(old);
			memcpy((char *)r + known[i].text, &copy, sizeof(copy));
		}
	}
}

/* 1 when the file is there. */
static int
read_values(struct run *r, const char *file)
{
	struct buf path = {0};
	char *line = NULL, *eq;
	size_t cap = 0;
	ssize_t len;
	FILE *f;

	buf_addf(&path, "%s/%s", r->work, file);
	f = fopen(buf_str(&path), "re");
	if (f == NULL && errno != ENOENT)
		problem(r, "%s: %s", path.p, strerror(errno));
	buf_free(&path);
	if (f == NULL)
		return 0;
	while ((len = getline(&line, &cap, f)) != -1) {
		if (len > 0 && line[len - 1] == '\n')
			line[len - 1] = '\0';
		if ((eq = strchr(line, '=')) == NULL)
			continue;
		*eq = '\0';
		take_value(r, file, line, eq + 1);
	}
	free(line);
	fclose(f);
	return 1;
}

/* --- batches --- */

static int
is_batch_name(const char *s, size_t len)
{
	return len >= 5 && len < sizeof(((struct run_batch *)0)->name) &&
	    strspn(s, "0123456789") >= len;
}

static int
compare_names(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	return n != m ? (n < m ? -1 : 1) : strcmp(a, b);
}

/* The batch of that name, made where there is none. Names mostly come in order. */
static struct run_batch *
batch(struct reader *d, const char *name, size_t len)
{
	struct run *r = d->r;
	char key[16];
	size_t lo = 0, hi = r->n_batches;

	memcpy(key, name, len);
	key[len] = '\0';
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int order = compare_names(r->batches[mid].name, key);

		if (order == 0)
			return &r->batches[mid];
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (r->n_batches == d->cap_batches) {
		d->cap_batches = d->cap_batches != 0 ? 2 * d->cap_batches : 512;
		r->batches = xrealloc(r->batches, d->cap_batches * sizeof(*r->batches));
	}
	memmove(r->batches + lo + 1, r->batches + lo, (r->n_batches - lo) * sizeof(*r->batches));
	r->batches[lo] = (struct run_batch){0};
	memcpy(r->batches[lo].name, key, sizeof(key));
	r->n_batches++;
	return &r->batches[lo];
}

/* --- stats --- */

static uint64_t
number(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return json_is_integer(v) && json_integer_value(v) > 0 ? (uint64_t)json_integer_value(v)
							       : 0;
}

/* "2026-11-23T13:45:00.123Z" in Unix ms; 0 when it is not. */
static int64_t
time_ms(const json_t *v)
{
	const char *s = json_string_value(v), *rest;
	struct tm tm = {0};
	uint64_t ms = 0;

	if (s == NULL || (rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm)) == NULL)
		return 0;
	if (*rest == '.' && strlen(rest) >= 4)
		(void)num_parse_n(rest + 1, 3, 0, 999, &ms);
	return (int64_t)timegm(&tm) * 1000 + (int64_t)ms;
}

static void
take_causes(struct run *r, const json_t *causes)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)causes, name, v)
	{
		size_t i = 0;

		if (!json_is_integer(v))
			continue;
		while (i < r->n_causes && strcmp(r->causes[i].name, name) != 0)
			i++;
		if (i == RUN_CAUSES_MAX)
			continue;
		if (i == r->n_causes) {
			snprintf(r->causes[i].name, sizeof(r->causes[i].name), "%s", name);
			r->n_causes++;
		}
		r->causes[i].count += (uint64_t)json_integer_value(v);
	}
}

static void
take_latency(struct hist *h, const json_t *o)
{
	const json_t *buckets = json_object_get(o, "buckets");
	double max = json_number_value(json_object_get(o, "max")),
	       sum = json_number_value(json_object_get(o, "sum"));

	for (size_t i = 0; i < json_array_size(buckets); i++) {
		const json_t *pair = json_array_get(buckets, i);
		json_int_t at = json_integer_value(json_array_get(pair, 0));
		json_int_t n = json_integer_value(json_array_get(pair, 1));

		if (at >= 0 && at < HIST_BUCKETS && n > 0) {
			h->count[at] += (uint64_t)n;
			h->n += (uint64_t)n;
		}
	}
	if (max > 0 && (uint64_t)(max * 1000 + 0.5) > h->max_us)
		h->max_us = (uint64_t)(max * 1000 + 0.5);
	h->sum_us += sum > 0 ? (uint64_t)(sum * 1000 + 0.5) : 0;
}

static int
program_of(const json_t *o)
{
	const char *name = json_string_value(json_object_get(o, "program"));

	for (int i = 0; i < RUN_PROGRAMS; i++)
		if (name != NULL && strcmp(name, run_program_names[i]) == 0)
			return i;
	return -1;
}

static void
take_span(struct reader *d, int64_t from, int64_t to, struct run_batch *b)
{
	struct run *r = d->r;

	if (from == 0)
		return;
	if (d->n_spans == d->cap_spans) {
		d->cap_spans = d->cap_spans != 0 ? 2 * d->cap_spans : 1024;
		d->spans = xrealloc(d->spans, d->cap_spans * sizeof(*d->spans));
	}
	d->spans[d->n_spans++] = (struct span){from, to};
	if (r->first_ms == 0 || from < r->first_ms)
		r->first_ms = from;
	if (to > r->last_ms)
		r->last_ms = to;
	if (b != NULL && (b->start_ms == 0 || from < b->start_ms))
		b->start_ms = from;
	if (b != NULL && to > b->end_ms)
		b->end_ms = to;
}

static void
take_stats(struct reader *d, const json_t *o, struct run_batch *b)
{
	struct run *r = d->r;
	int p = program_of(o);
	int64_t from = time_ms(json_object_get(o, "start"));

	if (p == -1)
		return;
	r->runs[p]++;
	r->cpu_ms[p] += number(o, "user_ms") + number(o, "sys_ms");
	if (number(o, "maxrss_kb") > r->maxrss_kb[p])
		r->maxrss_kb[p] = number(o, "maxrss_kb");
	take_span(d, from, from + (int64_t)number(o, "wall_ms"), b);
	r->requests += number(o, "requests");
	r->requests_get += number(o, "requests_get");
	r->requests_put += number(o, "requests_put");
	r->requests_list += number(o, "requests_list");
	r->requests_head += number(o, "requests_head");
	r->requests_other += number(o, "requests_other");
	r->retries += number(o, "retries");
	r->throttled += number(o, "throttled");
	r->hedged += number(o, "hedged");
	r->connections += number(o, "connections");
	r->tls_handshakes += number(o, "tls_handshakes");
	r->tls_resumed += number(o, "tls_resumed");
	r->rejected += p == RUN_S3GET || p == RUN_CSVCAT ? number(o, "rejected") : 0;
	take_causes(r, json_object_get(o, "retry_causes"));
	if (p == RUN_S3GET) {
		r->bytes_in += number(o, "bytes_in");
		take_latency(&r->latency, json_object_get(o, "latency_ms"));
	}
	if (b != NULL) {
		b->retries += number(o, "retries");
		b->throttled += number(o, "throttled");
	}
}

/* --- files, one kind a folder --- */

typedef void take_file(struct reader *d, const char *path, const char *name, size_t base_len);

static void
take_stats_file(struct reader *d, const char *path, const char *name, size_t base_len)
{
	struct run_batch *b = is_batch_name(name, base_len) ? batch(d, name, base_len) : NULL;
	unsigned long line_no = 0;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		problem(d->r, "%s: %s", path, strerror(errno));
		return;
	}
	while ((len = getline(&line, &cap, f)) != -1) {
		json_error_t why;
		json_t *o = len <= LINE_MAX_LEN ? json_loadb(line, (size_t)len, 0, &why) : NULL;

		line_no++;
		if (!json_is_object(o))
			problem(d->r, "%s: line %lu: not a JSON object", path, line_no);
		else if (json_integer_value(json_object_get(o, "v")) != 1)
			problem(d->r, "%s: line %lu: of another version", path, line_no);
		else
			take_stats(d, o, b);
		json_decref(o);
	}
	free(line);
	fclose(f);
}

static char *
string_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? xstrdup(s) : NULL;
}

static void
take_receipt(struct reader *d, const char *path, const char *name, size_t base_len)
{
	struct run *r = d->r;
	struct run_batch *b;
	json_error_t why;
	json_t *o;

	if (!is_batch_name(name, base_len))
		return;
	b = batch(d, name, base_len);
	o = json_load_file(path, 0, &why);
	if (!json_is_object(o)) {
		problem(r, "%s: not a JSON object", path);
		json_decref(o);
		return;
	}
	b->done = 1;
	r->n_done++;
	b->objects = number(o, "objects");
	b->rows = number(o, "rows");
	b->bytes = number(o, "bytes");
	b->uri = string_of(o, "uri");
	b->etag = string_of(o, "etag");
	b->crc32c = string_of(o, "crc32c");
	r->objects += b->objects;
	r->rows += b->rows;
	r->bytes_out += b->bytes;
	json_decref(o);
}

static void
take_failure(struct reader *d, const char *path, const char *name, size_t base_len)
{
	char cause[RUN_CAUSE_LEN] = "";
	FILE *f;
	struct run_batch *b;

	if (!is_batch_name(name, base_len))
		return;
	b = batch(d, name, base_len);
	f = fopen(path, "re");
	if (f == NULL) {
		problem(d->r, "%s: %s", path, strerror(errno));
		return;
	}
	if (fgets(cause, sizeof(cause), f) != NULL)
		cause[strcspn(cause, "\n")] = '\0';
	fclose(f);
	b->failed = 1;
	b->cause = xstrdup(cause[0] != '\0' ? cause : "it was killed");
}

static void
take_keys(struct reader *d, const char *path, const char *name, size_t base_len)
{
	(void)path;
	if (is_batch_name(name, base_len))
		batch(d, name, base_len);
}

static int
compare_entries(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return compare_names(*x, *y);
}

/* Each file of the folder whose name ends in suffix, in order. */
static void
each_file(struct reader *d, const char *folder, const char *suffix, take_file *take)
{
	struct buf path = {0};
	char **names = NULL;
	size_t n = 0, cap = 0, suffix_len = strlen(suffix);
	struct dirent *entry;
	DIR *dir;

	buf_addf(&path, "%s/%s", d->r->work, folder);
	dir = opendir(buf_str(&path));
	if (dir == NULL && errno != ENOENT)
		problem(d->r, "%s: %s", path.p, strerror(errno));
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len <= suffix_len || strcmp(entry->d_name + len - suffix_len, suffix) != 0 ||
		    entry->d_name[0] == '.' ||
		    (len > 5 && strcmp(entry->d_name + len - 5, ".part") == 0))
			continue;
		if (n == cap) {
			cap = cap != 0 ? 2 * cap : 512;
			names = xrealloc(names, cap * sizeof(*names));
		}
		names[n++] = xstrdup(entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	if (n > 0)
		qsort(names, n, sizeof(*names), compare_entries);
	for (size_t i = 0; i < n; i++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s/%s", d->r->work, folder, names[i]);
		take(d, buf_str(&path), names[i], strlen(names[i]) - suffix_len);
		free(names[i]);
	}
	free(names);
	buf_free(&path);
}

/* --- the whole --- */

static int
compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->from_ms < y->from_ms ? -1 : x->from_ms > y->from_ms;
}

/* The time in which at least one program ran: the union of their spans. */
static uint64_t
busy_ms(struct reader *d)
{
	int64_t to = INT64_MIN;
	uint64_t busy = 0;

	if (d->n_spans > 0)
		qsort(d->spans, d->n_spans, sizeof(*d->spans), compare_spans);
	for (size_t i = 0; i < d->n_spans; i++) {
		int64_t from = d->spans[i].from_ms > to ? d->spans[i].from_ms : to;

		if (d->spans[i].to_ms > from)
			busy += (uint64_t)(d->spans[i].to_ms - from);
		if (d->spans[i].to_ms > to)
			to = d->spans[i].to_ms;
	}
	return busy;
}

struct run *
run_read(const char *work, struct err *e)
{
	struct run *r = xcalloc(1, sizeof(*r));
	struct reader d = {.r = r};
	struct stat st;

	r->work = xstrdup(work);
	if (stat(work, &st) == -1) {
		err_errno(e, EXIT_USAGE, "%s", work);
		run_free(r);
		return NULL;
	}
	if (!read_values(r, "settings")) {
		err_set(e, EXIT_USAGE, "%s: not a work folder: it has no settings", work);
		run_free(r);
		return NULL;
	}
	read_values(r, "status");
	r->listing_complete = read_values(r, "keys/complete");
	each_file(&d, "keys", ".tsv", take_keys);
	each_file(&d, "stats", ".ndjson", take_stats_file);
	each_file(&d, "put", ".json", take_receipt);
	each_file(&d, "failed", "", take_failure);
	for (size_t i = 0; i < r->n_batches; i++) {
		/* done since: the failure is history */
		r->batches[i].failed = r->batches[i].failed && !r->batches[i].done;
		r->n_failed += (size_t)r->batches[i].failed;
	}
	r->busy_ms = busy_ms(&d);
	free(d.spans);
	return r;
}

void
run_free(struct run *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_batches; i++) {
		free(r->batches[i].uri);
		free(r->batches[i].etag);
		free(r->batches[i].crc32c);
		free(r->batches[i].cause);
	}
	for (size_t i = 0; i < r->n_problems && i < RUN_PROBLEMS_MAX; i++)
		free(r->problems[i]);
	free(r->batches);
	free(r->work);
	free(r->state);
	free(r->src);
	free(r->dest);
	free(r->started);
	free(r->ended);
	free(r);
}
