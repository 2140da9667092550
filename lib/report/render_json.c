#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/iso_time.h"
#include "base/json.h"
#include "base/version.h"
#include "report/render_json.h"

void
render_number(struct buf *out, double v)
{
	buf_addf(out, "%.15g", v);
}

size_t
render_fired(const struct report *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_alarms; i++)
		n += p->alarms[i].fired != 0;
	return n;
}

/* RFC 3339, or null. */
static void
time_member(struct buf *out, const char *name, int64_t ms)
{
	char text[ISO_TIME_LEN + 1];

	iso_time_format(ms / 1000, text);
	json_text_member(out, name, ms != 0 ? text : NULL);
}

/* --- parts --- */

static void
add_metrics(struct buf *out, const struct metrics *ms)
{
	buf_adds(out, "\"metrics\":{\n");
	for (size_t i = 0; i < ms->n; i++) {
		const struct metric *m = &ms->m[i];

		json_name(out, m->name);
		buf_addc(out, '{');
		json_number_member(out, "value", m->value);
		if (m->base >= 0)
			json_number_member(out, "percent", metric_percent(m));
		json_text_member(out, "unit", m->unit);
		json_text_member(out, "help", m->help);
		json_end(out, "}");
		buf_adds(out, i + 1 < ms->n ? "\n" : "");
	}
	json_end(out, "}");
	buf_addc(out, '\n');
}

static void
add_alarms(struct buf *out, const struct report *p)
{
	buf_adds(out, "\"alarms\":[");
	for (size_t i = 0; i < p->n_alarms; i++) {
		const struct alarm *a = &p->alarms[i];

		buf_addc(out, '{');
		json_text_member(out, "alarm", a->text);
		buf_addf(out, "\"fired\":%s,", a->fired ? "true" : "false");
		json_number_member(out, "value", a->value);
		json_text_member(out, "is", a->is);
		json_end(out, "}");
	}
	json_end(out, "]");
	buf_addc(out, '\n');
}

static void
add_programs(struct buf *out, const struct history *r)
{
	buf_adds(out, "\"programs\":{");
	for (int i = 0; i < HISTORY_PROGRAMS; i++) {
		json_name(out, history_program_names[i]);
		buf_addc(out, '{');
		json_number_member(out, "runs", (double)r->runs[i]);
		json_number_member(out, "cpu_seconds", (double)r->cpu_ms[i] / 1000);
		json_number_member(out, "max_rss_bytes", (double)r->maxrss_kb[i] * 1024);
		json_end(out, "}");
	}
	json_end(out, "}");
	buf_addc(out, '\n');
}

/* Upper bound of each bucket in ms, and how many GETs were in it. */
static void
add_latency(struct buf *out, const struct hist *h)
{
	buf_adds(out, "\"latency_ms\":[");
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		if (h->count[i] > 0)
			buf_addf(out, "[%.15g,%llu],", (double)hist_bound_us(i) / 1000,
			    (unsigned long long)h->count[i]);
	json_end(out, "]");
	buf_addc(out, '\n');
}

static void
add_bins(struct buf *out, const char *name, const double *bins, size_t n)
{
	json_name(out, name);
	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%.6g,", bins[i]);
	json_end(out, "]");
}

static void
add_series(struct buf *out, const struct history *r)
{
	const struct history_series *s = &r->series;

	buf_adds(out, "\"sessions\":[");
	for (size_t i = 0; i < r->n_sessions; i++)
		buf_addf(out, "[%lld,%lld],", (long long)r->sessions[i].start_ms,
		    (long long)r->sessions[i].end_ms);
	json_end(out, "]");
	buf_adds(out, "\n\"series\":{");
	json_number_member(out, "step_ms", (double)s->step_ms);
	add_bins(out, "objects", s->objects, s->n);
	add_bins(out, "batches", s->batches, s->n);
	add_bins(out, "retries", s->retries, s->n);
	json_end(out, "}");
	buf_addc(out, '\n');
}

static const char *
name_of(const struct history *r, uint32_t batch)
{
	return batch == HISTORY_LISTING ? "listing" : r->batches[batch].name;
}

static void
add_failures(struct buf *out, const struct history *r, size_t list_max)
{
	size_t begin;

	buf_adds(out, "\"failures\":[");
	for (size_t i = 0; i < r->n_failures; i++) {
		buf_addc(out, '{');
		json_text_member(out, "what", r->failures[i].what);
		json_text_member(out, "cause", r->failures[i].cause);
		json_end(out, "}");
	}
	json_end(out, "]");
	buf_adds(out, "\n\"slowest\":[");
	for (size_t i = 0; i < r->n_slowest; i++)
		json_text(out, r->batches[r->slowest[i]].name);
	json_end(out, "]");
	buf_adds(out, "\n\"rejects\":[");
	begin = out->len;
	for (size_t i = 0; i < r->n_rejects && out->len - begin < list_max; i++) {
		buf_addc(out, '{');
		json_text_member(out, "batch", name_of(r, r->rejects[i].batch));
		json_text_member(out, "uri", r->rejects[i].uri);
		json_text_member(out, "reason", r->rejects[i].reason);
		json_end(out, "}");
	}
	json_end(out, "]");
	buf_addc(out, '\n');
}

static void
add_events(struct buf *out, const struct history *r, size_t list_max)
{
	size_t begin = out->len;

	buf_adds(out, "\"events\":[");
	for (size_t i = 0; i < r->n_events && out->len - begin < list_max; i++) {
		const struct history_event *v = &r->events[i];

		buf_addc(out, '{');
		json_text_member(out, "batch", name_of(r, v->batch));
		json_text_member(out, "time", v->time);
		json_text_member(out, "level", v->level);
		json_text_member(out, "program", v->program);
		json_text_member(out, "uri", v->uri);
		json_text_member(out, "message", v->message);
		json_end(out, "}");
	}
	json_end(out, "]");
	buf_addc(out, '\n');
}

/* The attempts that another one followed: batch, start, end. */
static void
add_attempts(struct buf *out, const struct history *r, size_t list_max)
{
	size_t begin = out->len;

	buf_adds(out, "\"earlier_attempts\":[");
	for (size_t i = 0; i < r->n_attempts && out->len - begin < list_max; i++) {
		const struct history_attempt *a = &r->attempts[i];

		if (!a->last)
			buf_addf(out, "[\"%s\",%lld,%lld],", name_of(r, a->batch),
			    (long long)a->start_ms, (long long)a->end_ms);
	}
	json_end(out, "]");
	buf_addc(out, '\n');
}

void
json_head(struct buf *out, const struct report *p, size_t list_max)
{
	const struct history *r = p->run;

	buf_adds(out, "{\n");
	json_number_member(out, "version", RENDER_VERSION);
	json_text_member(out, "sheaf", SHEAF_VERSION);
	time_member(out, "made", p->now_ms);
	json_text_member(out, "work", r->work);
	json_text_member(out, "state", r->state);
	json_text_member(out, "src", history_setting(r, "SRC"));
	json_text_member(out, "dest", history_setting(r, "DEST"));
	time_member(out, "started", r->started_ms);
	time_member(out, "ended", r->ended_ms);
	json_number_member(out, "jobs", (double)r->jobs);
	buf_addf(out, "\"listing_complete\":%s,\n", r->listing_complete ? "true" : "false");
	buf_adds(out, "\"settings\":{");
	for (size_t i = 0; i < r->settings.n; i++)
		json_text_member(out, r->settings.at[i].name, r->settings.at[i].value);
	if (r->rejects_max != NULL)
		json_text_member(out, "REJECTS_MAX", r->rejects_max);
	json_end(out, "}");
	buf_addc(out, '\n');
	add_alarms(out, p);
	buf_adds(out, "\"problems\":[");
	for (size_t i = 0; i < r->n_problems && i < HISTORY_PROBLEMS_MAX; i++)
		json_text(out, r->problems[i]);
	json_end(out, "]");
	buf_addc(out, '\n');
	add_metrics(out, p->metrics);
	add_programs(out, r);
	add_latency(out, &r->latency);
	add_series(out, r);
	add_failures(out, r, list_max);
	add_attempts(out, r, list_max);
	add_events(out, r, list_max);
}

static void
add_batch(struct buf *out, const struct history_batch *b)
{
	buf_adds(out, "{");
	json_text_member(out, "batch", b->name);
	json_text_member(out, "state", history_state_names[b->state]);
	json_number_member(out, "attempts", b->attempts);
	json_number_member(out, "start_ms", (double)b->start_ms);
	json_number_member(out, "end_ms", (double)b->end_ms);
	json_number_member(out, "get_ms", (double)b->get_ms);
	json_number_member(out, "put_ms", (double)b->put_ms);
	json_number_member(out, "objects", (double)b->objects);
	json_number_member(out, "rejected", (double)b->rejected);
	json_number_member(out, "rows", (double)b->rows);
	json_number_member(out, "bytes", (double)b->bytes);
	json_number_member(out, "bytes_in", (double)b->counts.bytes_in);
	json_number_member(out, "requests", (double)b->counts.requests);
	json_number_member(out, "retries", (double)b->counts.retries);
	json_number_member(out, "throttled", (double)b->counts.throttled);
	json_number_member(out, "hedged", (double)b->counts.hedged);
	json_number_member(out, "latency_max_ms", (double)b->latency_max_us / 1000);
	json_text_member(out, "uri", b->uri);
	json_text_member(out, "etag", b->etag);
	json_text_member(out, "crc32c", *b->crc32c != '\0' ? b->crc32c : NULL);
	json_text_member(out, "cause", b->cause);
	json_end(out, "}");
}

void
render_json(struct buf *out, const struct report *p)
{
	const struct history *r = p->run;

	json_head(out, p, SIZE_MAX);
	buf_adds(out, "\"batches\":[\n");
	for (size_t i = 0; i < r->n_batches; i++) {
		add_batch(out, &r->batches[i]);
		buf_adds(out, i + 1 < r->n_batches ? "\n" : "");
	}
	json_end(out, "]");
	out->len--;
	buf_adds(out, "\n}\n");
}
