#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "base/utf8.h"
#include "report/render.h"

enum {
	WIDTH = 80,
	INDENT = 11, /* of what follows a label */
	FAILED_TOLD = 8,
	SLOWEST_TOLD = 3,
	FILES_TOLD = 3,
	REJECTS_TOLD = 3,
	PROBLEMS_TOLD = 5,
	BARS = 40,
	LINES = 3, /* of a cause */
	WORD = 16, /* a line may end so much earlier */
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

/* --- text from outside --- */

/* How many columns a character takes. Not wcwidth(), which knows only ASCII in the locale C. */
static size_t
columns(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n == 4)
		return u[1] >= 0x9f ? 2 : 1; /* U+1F000: emoji; U+20000: ideographs */
	if (n < 3)
		return 1;
	/* Hangul jamo, CJK to Yi, Hangul, compatibility ideographs, full width forms */
	return (u[0] == 0xe1 && u[1] >= 0x84 && u[1] <= 0x85) || (u[0] == 0xe2 && u[1] >= 0xba) ||
		(u[0] >= 0xe3 && u[0] <= 0xed) || (u[0] == 0xef && u[1] >= 0xa4 && u[1] <= 0xbd)
	    ? 2
	    : 1;
}

/* How many columns it takes; at most until there are more than max. */
static size_t
width_of(const char *s, size_t len, size_t max)
{
	size_t col = 0;

	for (size_t i = 0, n; i < len && col <= max; i += n) {
		n = utf8_char(s + i, len - i);
		col += columns(s + i, n);
	}
	return col;
}

/* The bytes at the beginning of s that fit into width columns. */
static size_t
fitting(const char *s, size_t len, size_t width)
{
	size_t i = 0, n;

	for (; i < len; i += n) {
		size_t w;

		n = utf8_char(s + i, len - i);
		w = columns(s + i, n);
		if (w > width)
			break;
		width -= w;
	}
	return i;
}

/* Text of which no terminal obeys anything; its middle goes where it has more than width columns:
 * a key's end tells as much as its beginning, and behind it may stand what was wrong with it. */
static void
add_shown(struct buf *out, const char *text, size_t width)
{
	struct buf shown = {0};
	size_t front, back, tail = (width - 1) / 2;

	printable_add(&shown, text, strlen(text));
	if (width_of(buf_str(&shown), shown.len, width) <= width) {
		buf_add(out, shown.p, shown.len);
		buf_free(&shown);
		return;
	}
	front = back = fitting(shown.p, shown.len, width - 1 - tail);
	while (width_of(shown.p + back, shown.len - back, tail) > tail)
		back += utf8_char(shown.p + back, shown.len - back);
	buf_add(out, shown.p, front);
	buf_adds(out, "…");
	buf_add(out, shown.p + back, shown.len - back);
	buf_free(&shown);
}

/* The same on up to LINES lines, the first of which has only first columns left. */
static void
add_wrapped(struct buf *out, const char *text, size_t first)
{
	struct buf shown = {0};
	size_t width = first, at = 0;

	add_shown(&shown, text, first + (size_t)(LINES - 1) * (WIDTH - INDENT - WORD));
	while (at < shown.len) {
		size_t n = fitting(shown.p + at, shown.len - at, width), word = n;

		/* between words, where one ends near the end of the line */
		while (
		    at + n < shown.len && word + WORD > n && word > 0 && shown.p[at + word] != ' ')
			word--;
		if (at + n < shown.len && word > 0 && shown.p[at + word] == ' ')
			n = word;
		buf_add(out, shown.p + at, n);
		at += n;
		at += at < shown.len && shown.p[at] == ' ';
		if (at < shown.len)
			buf_addf(out, "\n%*s", INDENT, "");
		width = WIDTH - INDENT;
	}
	buf_free(&shown);
}

static void
add_label(struct buf *out, const char *label)
{
	buf_addf(out, "  %-9s", label);
}

/* Puts a piece behind what the line holds, or on a line of its own where it does not fit. ASCII. */
static void
add_piece(struct buf *out, struct buf *piece)
{
	size_t line = out->len;

	while (line > 0 && out->p[line - 1] != '\n')
		line--;
	if (out->len - line + piece->len > WIDTH) {
		buf_addc(out, '\n');
		add_label(out, "");
		while (piece->len > 0 && strchr(" ,;", piece->p[0]) != NULL)
			memmove(piece->p, piece->p + 1, --piece->len);
	}
	buf_add(out, piece->p, piece->len);
	buf_reset(piece);
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
	add_label(out, "");
	buf_adds(out, "and ");
	add_count(out, (double)(n - told));
	buf_addf(out, " more%s\n", where);
}

/* --- how it went --- */

static int
is_state(const struct report *p, const char *state)
{
	return strcmp(p->run->state, state) == 0;
}

static void
add_headline(struct buf *out, const struct report *p)
{
	const char *state = p->run->state;

	if (is_state(p, "none")) {
		buf_adds(out, "nothing has run here yet");
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
		add_shown(out, p->alarms[i].text, WIDTH - INDENT - 40);
		buf_addf(out, ": it is %s\n", p->alarms[i].is);
	}
}

static void
add_failure(struct buf *out, const struct report *p, const char *name, const char *cause)
{
	buf_adds(out, "  ");
	add_coloured(out, p, RED, "failed   ");
	buf_addf(out, "%s: ", name);
	add_wrapped(out, cause, WIDTH - INDENT - strlen(name) - 2);
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
	add_more(out, r->n_state[HISTORY_FAILED], FAILED_TOLD, "; all they said: failed/");
}

/* --- the numbers --- */

static void
add_places(struct buf *out, const struct report *p)
{
	const char *src = history_setting(p->run, "SRC"), *dest = history_setting(p->run, "DEST");

	if (src != NULL) {
		add_label(out, "from");
		add_shown(out, src, WIDTH - INDENT);
		buf_addc(out, '\n');
	}
	if (dest != NULL) {
		add_label(out, "to");
		add_shown(out, dest, WIDTH - INDENT);
		buf_addc(out, '\n');
	}
}

static void
add_amounts(struct buf *out, const struct report *p)
{
	add_label(out, "objects");
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
	add_label(out, "rows");
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

	add_label(out, "time");
	add_duration(out, value(p, "duration"));
	if (p->run->n_sessions > 1) {
		buf_addf(out, "; in all %zu sessions ", p->run->n_sessions);
		add_duration(out, busy);
	}
	buf_addc(out, '\n');
	if (sequential > busy && busy > 0) {
		add_label(out, "in turn");
		add_duration(out, sequential);
		buf_addf(
		    out, ", %.0f times as long, one request after another\n", sequential / busy);
	}
	if (value(p, "idle") > 60) {
		add_label(out, "idle");
		add_duration(out, value(p, "idle"));
		buf_adds(out, " since a program last ended\n");
	}
}

/* Objects a second over time, in eighths of a line's height. */
static void
add_speed(struct buf *out, const struct report *p)
{
	static const char *const bars[] = {
	    " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}; /* by level */
	const struct history_series *s = &p->run->series;
	size_t group = (s->n + BARS - 1) / BARS;
	double top = 0, sum;

	add_label(out, "speed");
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

	add_label(out, "GETs");
	for (size_t i = 0; i < 4; i++) {
		char name[32];

		snprintf(name, sizeof(name), "latency_%s", quantiles[i]);
		buf_addf(out, "%s%s ", i > 0 ? ", " : "", quantiles[i]);
		add_duration(out, value(p, name));
	}
	buf_addc(out, '\n');
	add_label(out, "requests");
	add_count(out, value(p, "requests"));
	buf_addf(out, " for $%.4f on ", value(p, "cost"));
	add_things(out, value(p, "connections"), "connection", "connections");
	buf_adds(out, "; hedged ");
	add_count(out, value(p, "hedged"));
	buf_addc(out, '\n');
	add_label(out, "retries");
	add_count(out, value(p, "retries"));
	if (retries->value > 0)
		buf_addf(out, " (%.2f %%):", metric_percent(retries));
	for (int i = 0; i < FETCH_CAUSES; i++) {
		if (p->run->counts.causes[i] == 0)
			continue;
		buf_addf(&piece, "%s %s ", causes++ > 0 ? "," : "",
		    fetch_cause_name((enum fetch_cause)i));
		add_count(&piece, (double)p->run->counts.causes[i]);
		add_piece(out, &piece);
	}
	if (value(p, "throttled") > 0) {
		buf_adds(&piece, "; told to slow down ");
		add_things(&piece, value(p, "throttled"), "time", "times");
		add_piece(out, &piece);
	}
	buf_addc(out, '\n');
	buf_free(&piece);
}

static void
add_resources(struct buf *out, const struct report *p)
{
	add_label(out, "CPU");
	add_duration(out, value(p, "cpu"));
	buf_adds(out, "; memory at most ");
	add_bytes(out, value(p, "max_rss"));
	buf_adds(out, " a program, ");
	add_bytes(out, value(p, "max_rss_at_once"));
	buf_adds(out, " at once\n");
}

/* --- batches, files, what else there is --- */

static void
add_slowest(struct buf *out, const struct report *p)
{
	const struct history *r = p->run;
	struct buf piece = {0};

	for (size_t i = 0; i < r->n_slowest && i < SLOWEST_TOLD; i++) {
		const struct history_batch *b = &r->batches[r->slowest[i]];

		add_label(out, i == 0 ? "slowest" : "");
		buf_addf(out, "%s ", b->name);
		add_duration(out, (double)(b->end_ms - b->start_ms) / 1000);
		buf_adds(out, ": get ");
		add_duration(out, (double)b->get_ms / 1000);
		buf_adds(out, ", put ");
		add_duration(out, (double)b->put_ms / 1000);
		buf_adds(&piece, "; slowest GET ");
		add_duration(&piece, (double)b->latency_max_us / 1e6);
		add_piece(out, &piece);
		if (b->counts.retries > 0) {
			buf_adds(&piece, "; ");
			add_things(&piece, (double)b->counts.retries, "retry", "retries");
			add_piece(out, &piece);
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
		add_label(out, told == 0 ? "files" : "");
		add_shown(out, b->uri, 40);
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

	for (size_t i = 0; i < r->n_rejects && i < REJECTS_TOLD; i++) {
		buf_reset(&line);
		buf_addf(&line, "%s: %s", r->rejects[i].uri, r->rejects[i].reason);
		add_label(out, "left out");
		add_wrapped(out, buf_str(&line), WIDTH - INDENT);
		buf_addc(out, '\n');
	}
	buf_free(&line);
	add_more(out, (size_t)r->rejected, REJECTS_TOLD, "; all of them: rejects.tsv");
}

static void
add_problems(struct buf *out, const struct report *p)
{
	const struct history *r = p->run;

	for (size_t i = 0; i < r->n_problems && i < PROBLEMS_TOLD; i++) {
		add_label(out, "problem");
		add_wrapped(out, r->problems[i], WIDTH - INDENT);
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
