#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/render.h"
#include "report/text_line.h"

enum {
	FAILED_TOLD = 8,
	SLOWEST_TOLD = 3,
	FILES_TOLD = 3,
	REJECTS_TOLD = 3,
	PROBLEMS_TOLD = 5,
	BARS = 40,
	NAME_WIDTH = 20,
};

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static double
value(const struct report *p, const char *name)
{
	const struct metric *m = metrics_find(p->metrics, name);

	return m != NULL ? m->value : 0;
}

/* --- numbers for people --- */

/* A whole number in groups of three. */
static void
add_count(struct buf *out, double v)
{
	char digits[32];
	int n = snprintf(digits, sizeof(digits), "%.0f", v);

	for (int i = 0; i < n; i++) {
		buf_addc(out, digits[i]);
		if (i + 1 < n && (n - i - 1) % 3 == 0)
			buf_addc(out, ',');
	}
}

static void
add_bytes(struct buf *out, double v)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	size_t i = 0;

	for (; v >= 1024 && i + 1 < sizeof(units) / sizeof(units[0]); i++)
		v /= 1024;
	buf_addf(out, i == 0 ? "%.0f %s" : "%.1f %s", v, units[i]);
}

static void
add_duration(struct buf *out, double s)
{
	if (s < 0.9995)
		buf_addf(out, "%.0f ms", s * 1000);
	else if (s < 59.95)
		buf_addf(out, "%.1f s", s);
	else if (s < 3600)
		buf_addf(out, "%.0f min %02.0f s", floor(s / 60), floor(fmod(s, 60)));
	else
		buf_addf(out, "%.0f h %02.0f min", floor(s / 3600), floor(fmod(s, 3600) / 60));
}

/* "1 batch", "2 batches" */
static void
add_things(struct buf *out, double n, const char *one, const char *many)
{
	add_count(out, n);
	buf_addf(out, " %s", n > 0.5 && n < 1.5 ? one : many);
}

static void
add_coloured(struct buf *out, const struct report *p, const char *colour, const char *text)
{
	buf_addf(out, "%s%s%s", p->colour ? colour : "", text, p->colour ? PLAIN : "");
}

static void
add_more(struct buf *out, size_t n, size_t told, const char *where)
{
	if (n <= told)
		return;
	text_line_label(out, "");
	buf_adds(out, "and ");
	add_count(out, (double)(n - told));
	buf_addf(out, " more%s\n", where);
}

/* --- the outcome --- */

static int
is_state(const struct report *p, const char *state)
{
	return strcmp(p->run->state, state) == 0;
}

/* ", 3 objects left out" */
static void
add_objects(struct buf *out, const struct report *p, const char *name, const char *what)
{
	struct buf piece = {0};

	if (value(p, name) <= 0)
		return;
	buf_adds(&piece, ", ");
	add_things(&piece, value(p, name), "object", "objects");
	buf_addf(&piece, " %s", what);
	text_line_piece(out, &piece);
	buf_free(&piece);
}

static void
add_headline(struct buf *out, const struct report *p)
{
	const char *state = p->run->state;

	if (is_state(p, "none")) {
		buf_adds(out, "nothing has run yet");
		if (p->run->n_batches > 0) {
			buf_adds(out, "; planned: ");
			add_things(out, value(p, "batches"), "batch", "batches");
		}
		buf_addc(out, '\n');
		return;
	}
	add_coloured(out, p,
	    is_state(p, "done")		 ? GREEN
		: is_state(p, "running") ? YELLOW
					 : RED,
	    state);
	if (is_state(p, "running")) {
		buf_adds(out, " for ");
		add_duration(out, value(p, "duration"));
		if (value(p, "time_left") > 0) {
			buf_adds(out, ", about ");
			add_duration(out, value(p, "time_left"));
			buf_adds(out, " left");
		}
	}
	buf_adds(out, ": ");
	add_count(out, value(p, "batches_done"));
	buf_adds(out, " of ");
	add_things(out, value(p, "batches"), "batch", "batches");
	buf_adds(out, p->run->listing_complete ? "" : " listed so far");
	buf_adds(out, is_state(p, "done") ? "" : " done");
	if (value(p, "batches_failed") > 0) {
		buf_adds(out, ", ");
		add_count(out, value(p, "batches_failed"));
		buf_adds(out, " failed");
	}
	if (!is_state(p, "done") && value(p, "batches_begun") > 0) {
		buf_adds(out, ", ");
		add_count(out, value(p, "batches_begun"));
		buf_adds(out, " begun");
	}
	add_objects(out, p, "rejected", "left out");
	if (value(p, "batches_done") >= value(p, "batches")) /* else it is said already */
		add_objects(out, p, "missing", "missing");
	buf_addc(out, '\n');
}

static void
add_alarms(struct buf *out, const struct report *p)
{
	for (size_t i = 0; i < p->n_alarms; i++) {
		if (!p->alarms[i].fired)
			continue;
		buf_adds(out, "  ");
		add_coloured(out, p, RED, "ALARM    ");
		text_line_shown(out, p->alarms[i].text, TEXT_LINE_WIDTH - TEXT_LINE_INDENT - 40);
		buf_addf(out, ": it is %s\n", p->alarms[i].is);
	}
}

static void
add_failure(struct buf *out, const struct report *p, const char *name, const char *cause)
{
	struct buf shown = {0};

	buf_adds(out, "  ");
	add_coloured(out, p, RED, "failed   ");
	text_line_shown(&shown, name, NAME_WIDTH);
	buf_addf(out, "%s: ", buf_str(&shown));
	text_line_wrapped(out, cause, TEXT_LINE_WIDTH - TEXT_LINE_INDENT - shown.len - 2);
	buf_free(&shown);
	buf_addc(out, '\n');
}

static void
add_failures(struct buf *out, const struct report *p)
{
	const struct history *r = p->run;
	size_t told = 0;

	for (size_t i = 0; i < r->n_failures; i++)
		add_failure(out, p, r->failures[i].what, r->failures[i].cause);
	for (size_t i = 0; i < r->n_batches && told < FAILED_TOLD; i++) {
		if (r->batches[i].state != HISTORY_FAILED)
			continue;
		add_failure(out, p, r->batches[i].name, r->batches[i].cause);
		told++;
	}
	add_more(out, r->n_state[HISTORY_FAILED], FAILED_TOLD, "; their messages are in failed/");
}

/* --- the numbers --- */

static void
add_places(struct buf *out, const struct report *p)
{
	const char *src = history_setting(p->run, "SRC"), *dest = history_setting(p->run, "DEST");

	if (src != NULL) {
		text_line_label(out, "from");
		text_line_shown(out, src, TEXT_LINE_WIDTH - TEXT_LINE_INDENT);
		buf_addc(out, '\n');
	}
	if (dest != NULL) {
		text_line_label(out, "to");
		text_line_shown(out, dest, TEXT_LINE_WIDTH - TEXT_LINE_INDENT);
		buf_addc(out, '\n');
	}
}

static void
add_amounts(struct buf *out, const struct report *p)
{
	text_line_label(out, "objects");
	add_count(out, value(p, "objects"));
	buf_adds(out, " of ");
	add_count(out, value(p, "objects_listed"));
	buf_adds(out, p->run->listing_complete ? ", " : " listed so far, ");
	add_bytes(out, value(p, "bytes_in"));
	buf_adds(out, " read");
	if (value(p, "skipped") > 0) {
		buf_adds(out, "; skipped ");
		add_things(out, value(p, "skipped"), "key", "keys");
	}
	buf_addc(out, '\n');
	text_line_label(out, "rows");
	add_count(out, value(p, "rows"));
	buf_adds(out, ", ");
	add_bytes(out, value(p, "bytes_out"));
	buf_adds(out, " in ");
	add_things(out, value(p, "batches_done"), "object", "objects");
	buf_addc(out, '\n');
}

static void
add_times(struct buf *out, const struct report *p)
{
	double busy = value(p, "busy"), sequential = value(p, "sequential");

	text_line_label(out, "time");
	add_duration(out, value(p, "duration"));
	if (p->run->n_sessions > 1) {
		buf_addf(out, "; in all %zu sessions ", p->run->n_sessions);
		add_duration(out, busy);
	}
	buf_addc(out, '\n');
	if (sequential > busy && busy > 0) {
		text_line_label(out, "serial");
		add_duration(out, sequential);
		buf_addf(
		    out, " one request after another, %.0f times as long\n", sequential / busy);
	}
	if (value(p, "idle") > 60) {
		text_line_label(out, "idle");
		add_duration(out, value(p, "idle"));
		buf_adds(out, " since a program last ended\n");
	}
}

/* Objects per second over time, in eighths of a line. */
static void
add_speed(struct buf *out, const struct report *p)
{
	static const char *const bars[] = {
	    " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}; /* by level */
	const struct history_series *s = &p->run->series;
	size_t group = (s->n + BARS - 1) / BARS;
	double top = 0, sum;

	text_line_label(out, "speed");
	add_count(out, value(p, "objects_per_second"));
	buf_adds(out, " objects/s");
	for (int draw = 0; draw <= 1 && s->n > 1; draw++) {
		buf_adds(out, draw ? ", over time " : "");
		for (size_t i = 0; i < s->n; i += group) {
			sum = 0;
			for (size_t k = i; k < i + group && k < s->n; k++)
				sum += s->objects[k] / (double)group;
			if (!draw)
				top = sum > top ? sum : top;
			else
				buf_adds(out, bars[top > 0 ? (int)ceil(sum / top * 8) : 0]);
		}
	}
	buf_addc(out, '\n');
}

static void
add_requests(struct buf *out, const struct report *p)
{
	static const char *const quantiles[] = {"p50", "p90", "p99", "max"};
	const struct metric *retries = metrics_find(p->metrics, "retries");
	struct buf piece = {0};
	int causes = 0;

	text_line_label(out, "GETs");
	for (size_t i = 0; i < 4; i++) {
		char name[32];

		snprintf(name, sizeof(name), "latency_%s", quantiles[i]);
		buf_addf(out, "%s%s ", i > 0 ? ", " : "", quantiles[i]);
		add_duration(out, value(p, name));
	}
	buf_addc(out, '\n');
	text_line_label(out, "requests");
	add_count(out, value(p, "requests"));
	buf_addf(out, " for $%.4f on ", value(p, "cost"));
	add_things(out, value(p, "connections"), "connection", "connections");
	buf_adds(out, "; hedged ");
	add_count(out, value(p, "hedged"));
	buf_addc(out, '\n');
	text_line_label(out, "retries");
	add_count(out, value(p, "retries"));
	if (retries->value > 0)
		buf_addf(out, " (%.2f %%):", metric_percent(retries));
	for (int i = 0; i < FETCH_CAUSES; i++) {
		if (p->run->counts.causes[i] == 0)
			continue;
		buf_addf(&piece, "%s %s ", causes++ > 0 ? "," : "",
		    fetch_cause_name((enum fetch_cause)i));
		add_count(&piece, (double)p->run->counts.causes[i]);
		text_line_piece(out, &piece);
	}
	if (value(p, "throttled") > 0) {
		buf_adds(&piece, "; throttled ");
		add_things(&piece, value(p, "throttled"), "time", "times");
		text_line_piece(out, &piece);
	}
	buf_addc(out, '\n');
	buf_free(&piece);
}

static void
add_resources(struct buf *out, const struct report *p)
{
	text_line_label(out, "CPU");
	add_duration(out, value(p, "cpu"));
	buf_adds(out, "; memory at most ");
	add_bytes(out, value(p, "max_rss"));
	buf_adds(out, " per program, ");
	add_bytes(out, value(p, "max_rss_at_once"));
	buf_adds(out, " at once\n");
}

/* --- batches, files, rejects, problems --- */

static void
add_slowest(struct buf *out, const struct report *p)
{
	const struct history *r = p->run;
	struct buf piece = {0};

	for (size_t i = 0; i < r->n_slowest && i < SLOWEST_TOLD; i++) {
		const struct history_batch *b = &r->batches[r->slowest[i]];

		text_line_label(out, i == 0 ? "slowest" : "");
		buf_addf(out, "%s ", b->name);
		add_duration(out, (double)(b->end_ms - b->start_ms) / 1000);
		buf_adds(out, ": get ");
		add_duration(out, (double)b->get_ms / 1000);
		buf_adds(out, ", put ");
		add_duration(out, (double)b->put_ms / 1000);
		buf_adds(&piece, "; slowest GET ");
		add_duration(&piece, (double)b->latency_max_us / 1e6);
		text_line_piece(out, &piece);
		if (b->counts.retries > 0) {
			buf_adds(&piece, "; ");
			add_things(&piece, (double)b->counts.retries, "retry", "retries");
			text_line_piece(out, &piece);
		}
		buf_addc(out, '\n');
	}
	buf_free(&piece);
}

static void
add_files(struct buf *out, const struct report *p)
{
	const struct history *r = p->run;
	size_t told = 0;

	for (size_t i = 0; i < r->n_batches && told < FILES_TOLD; i++) {
		const struct history_batch *b = &r->batches[i];

		if (b->state != HISTORY_DONE || b->uri == NULL)
			continue;
		text_line_label(out, told == 0 ? "files" : "");
		text_line_shown(out, b->uri, 40);
		buf_adds(out, "  ");
		add_things(out, (double)b->rows, "row", "rows");
		buf_adds(out, ", ");
		add_bytes(out, (double)b->bytes);
		buf_addc(out, '\n');
		told++;
	}
	if (told > 0)
		add_more(out, r->n_state[HISTORY_DONE], FILES_TOLD, "");
}

static void
add_rejects(struct buf *out, const struct report *p)
{
	const struct history *r = p->run;
	struct buf line = {0};

	if (r->rejected > 0 && r->rejects_max != NULL) {
		text_line_label(out, "left out");
		add_count(out, (double)r->rejected);
		buf_adds(out, " of ");
		add_things(out, value(p, "objects_listed"), "object", "objects");
		buf_addf(out, " (REJECTS_MAX=%s)\n", r->rejects_max);
	}
	for (size_t i = 0; i < r->n_rejects && i < REJECTS_TOLD; i++) {
		buf_reset(&line);
		buf_addf(&line, "%s: %s", r->rejects[i].uri, r->rejects[i].reason);
		text_line_label(out, "left out");
		text_line_wrapped(out, buf_str(&line), TEXT_LINE_WIDTH - TEXT_LINE_INDENT);
		buf_addc(out, '\n');
	}
	buf_free(&line);
	add_more(out, (size_t)r->rejected, REJECTS_TOLD, "; all are in rejects.tsv");
}

static void
add_problems(struct buf *out, const struct report *p)
{
	const struct history *r = p->run;

	for (size_t i = 0; i < r->n_problems && i < PROBLEMS_TOLD; i++) {
		text_line_label(out, "problem");
		text_line_wrapped(out, r->problems[i], TEXT_LINE_WIDTH - TEXT_LINE_INDENT);
		buf_addc(out, '\n');
	}
	add_more(out, r->n_problems, PROBLEMS_TOLD, "");
}

void
render_text(struct buf *out, const struct report *p)
{
	add_headline(out, p);
	add_alarms(out, p);
	add_failures(out, p);
	add_rejects(out, p);
	add_problems(out, p);
	add_places(out, p);
	if (is_state(p, "none"))
		return;
	add_amounts(out, p);
	add_times(out, p);
	add_speed(out, p);
	add_requests(out, p);
	add_resources(out, p);
	add_slowest(out, p);
	add_files(out, p);
}
