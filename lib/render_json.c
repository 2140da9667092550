#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"

enum { BATCHES_MAX = 30000 /* told one by one */ };

extern const char report_html[], report_html_end[];

/* The page's template is part of the program. */
__asm__(".section .rodata\n"
	".global report_html, report_html_end\n"
	"report_html: .incbin \"tools/report.html\"\n"
	"report_html_end: .byte 0\n"
	".previous\n");

static json_t *
text(const char *s)
{
	json_t *v = s != NULL ? json_string(s) : json_null();

	/* bytes that are no UTF-8 cannot stand in JSON */
	return v != NULL ? v : json_string("?");
}

/* Counts as integers. */
static json_t *
number(double v)
{
	return v >= 0 && v < 9e15 && !(v > (double)(json_int_t)v) ? json_integer((json_int_t)v)
								  : json_real(v);
}

static json_t *
metric_values(const struct metrics *ms)
{
	json_t *o = json_object();

	for (size_t i = 0; i < ms->n; i++) {
		const struct metric *m = &ms->m[i];
		json_t *v = json_pack(
		    "{s:o, s:s, s:s}", "value", number(m->value), "unit", m->unit, "help", m->help);

		if (m->base > 0)
			json_object_set_new(v, "percent", number(100 * m->value / m->base));
		json_object_set_new(o, m->name, v);
	}
	return o;
}

static json_t *
batch_values(const struct run *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->n_batches && i < BATCHES_MAX; i++) {
		const struct run_batch *b = &r->batches[i];
		json_t *v = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "batch",
		    b->name, "state",
		    b->done		   ? "done"
			: b->failed	   ? "failed"
			: b->start_ms != 0 ? "begun"
					   : "left",
		    "start_ms", (json_int_t)b->start_ms, "end_ms", (json_int_t)b->end_ms, "objects",
		    (json_int_t)b->objects, "rows", (json_int_t)b->rows, "bytes",
		    (json_int_t)b->bytes, "retries", (json_int_t)b->retries, "throttled",
		    (json_int_t)b->throttled);

		if (b->done) {
			json_object_set_new(v, "uri", text(b->uri));
			json_object_set_new(v, "etag", text(b->etag));
			json_object_set_new(v, "crc32c", text(b->crc32c));
		}
		if (b->failed)
			json_object_set_new(v, "cause", text(b->cause));
		json_array_append_new(all, v);
	}
	return all;
}

static json_t *
latency_values(const struct hist *h)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		if (h->count[i] > 0)
			json_array_append_new(all,
			    json_pack("[f, I]", (double)hist_bound_us(i) / 1000,
				(json_int_t)h->count[i]));
	return all;
}

static json_t *
make(const struct report *p)
{
	const struct run *r = p->run;
	json_t *o = json_object(), *alarms = json_array(), *problems = json_array(),
	       *programs = json_object();

	for (size_t i = 0; i < p->n_alarms; i++)
		json_array_append_new(alarms,
		    json_pack("{s:s, s:b, s:o}", "alarm", p->alarms[i].text, "fired",
			p->alarms[i].fired, "value", number(p->alarms[i].value)));
	for (size_t i = 0; i < r->n_problems && i < RUN_PROBLEMS_MAX; i++)
		json_array_append_new(problems, text(r->problems[i]));
	for (int i = 0; i < RUN_PROGRAMS; i++)
		json_object_set_new(programs, run_program_names[i],
		    json_pack("{s:I, s:f, s:I}", "runs", (json_int_t)r->runs[i], "cpu_seconds",
			(double)r->cpu_ms[i] / 1000, "max_rss_kb", (json_int_t)r->maxrss_kb[i]));
	json_object_set_new(o, "schema", json_integer(RENDER_SCHEMA));
	json_object_set_new(o, "work", text(r->work));
	json_object_set_new(o, "state", text(r->state != NULL ? r->state : "unknown"));
	json_object_set_new(o, "src", text(r->src));
	json_object_set_new(o, "dest", text(r->dest));
	json_object_set_new(o, "started", text(r->started));
	json_object_set_new(o, "ended", text(r->ended));
	json_object_set_new(o, "made_ms", json_integer(p->now_ms));
	json_object_set_new(o, "listing_complete", json_boolean(r->listing_complete));
	json_object_set_new(o, "metrics", metric_values(p->metrics));
	json_object_set_new(o, "alarms", alarms);
	json_object_set_new(o, "programs", programs);
	json_object_set_new(o, "latency_ms", latency_values(&r->latency));
	json_object_set_new(o, "batches", batch_values(r));
	json_object_set_new(o, "problems", problems);
	return o;
}

void
render_json(struct buf *out, const struct report *p)
{
	json_t *o = make(p);
	char *s = json_dumps(o, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));

	if (s == NULL)
		abort();
	buf_adds(out, s);
	buf_addc(out, '\n');
	free(s);
	json_decref(o);
}

/* JSON inside a script element: nothing in it may end the element. */
static void
add_script_safe(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '<' || *s == '>' || *s == '&')
			buf_addf(out, "\\u%04x", (unsigned)*s);
		else
			buf_addc(out, *s);
	}
}

void
render_html(struct buf *out, const struct report *p)
{
	static const char mark[] = "REPORT_JSON";
	const char *at = strstr(report_html, mark);
	json_t *o = make(p);
	/* ASCII only: U+2028 and U+2029 end a line of script */
	char *s = json_dumps(
	    o, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));

	if (s == NULL || at == NULL)
		abort();
	buf_add(out, report_html, (size_t)(at - report_html));
	add_script_safe(out, s);
	buf_add(out, at + sizeof(mark) - 1, (size_t)(report_html_end - at) - (sizeof(mark) - 1));
	free(s);
	json_decref(o);
}

void
render_emf(struct buf *out, const struct report *p)
{
	json_t *root = json_object(), *names = json_array();
	char *s;

	for (size_t i = 0; i < p->metrics->n; i++) {
		const struct metric *m = &p->metrics->m[i];
		const char *unit = strcmp(m->unit, "seconds") == 0 ? "Seconds"
		    : strcmp(m->unit, "bytes") == 0		   ? "Bytes"
		    : strcmp(m->unit, "kibibytes") == 0		   ? "Kilobytes"
		    : strcmp(m->unit, "per_second") == 0	   ? "Count/Second"
		    : strcmp(m->unit, "dollars") == 0		   ? "None"
								   : "Count";

		json_array_append_new(
		    names, json_pack("{s:s, s:s}", "Name", m->name, "Unit", unit));
		json_object_set_new(root, m->name, number(m->value));
	}
	json_object_set_new(root, "_aws",
	    json_pack("{s:I, s:[{s:s, s:[[s]], s:o}]}", "Timestamp", (json_int_t)p->now_ms,
		"CloudWatchMetrics", "Namespace", "sheaf", "Dimensions", "Destination", "Metrics",
		names));
	json_object_set_new(root, "Destination", text(p->run->dest != NULL ? p->run->dest : "?"));
	json_object_set_new(root, "state", text(p->run->state != NULL ? p->run->state : "unknown"));
	for (size_t i = 0; i < p->n_alarms; i++)
		if (p->alarms[i].fired)
			json_object_set_new(root, "alarm", text(p->alarms[i].text));
	if ((s = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15))) ==
	    NULL)
		abort();
	buf_adds(out, s);
	buf_addc(out, '\n');
	free(s);
	json_decref(root);
}
