#include <math.h>
#include <stdio.h>
#include <string.h>

#include "render.h"
#include "utf8.h"

enum { WIDTH = 80, FAILED_TOLD = 8, SLOWEST_TOLD = 3, FILES_TOLD = 3, PROBLEMS_TOLD = 5 };

#define RED "\033[31m"
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static double
value(const struct report *p, const char *name)
{
	const struct metric *m = metrics_find(p->metrics, name);

	return m != NULL ? m->value : 0;
}

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
	if (s < 1)
		buf_addf(out, "%.0f ms", s * 1000);
	else if (s < 60)
		buf_addf(out, "%.1f s", s);
	else if (s < 3600)
		buf_addf(out, "%.0f min %02.0f s", floor(s / 60), floor(fmod(s, 60)));
	else
		buf_addf(out, "%.0f h %02.0f min", floor(s / 3600), floor(fmod(s, 3600) / 60));
}

/* At most width characters of text, nothing of which a terminal obeys. */
static void
add_shown(struct buf *out, const char *text, size_t width)
{
	size_t len = strlen(text), n;

	for (size_t i = 0, col = 0; i < len; i += n, col++) {
		n = utf8_char(text + i, len - i);
		if (col + 1 == width && i + (n != 0 ? n : 1) < len) {
			buf_adds(out, "…");
			return;
		}
		if (n == 0 || (unsigned char)text[i] < 0x20 || text[i] == 0x7f ||
		    (n == 2 && (unsigned char)text[i] == 0xc2 &&
			(unsigned char)text[i + 1] < 0xa0)) {
			n = n == 0 ? 1 : n;
			buf_addc(out, '?');
		} else {
			buf_add(out, text + i, n);
		}
	}
}

static void
add_state(struct buf *out, const struct report *p)
{
	const struct run *r = p->run;
	const char *state = r->state != NULL ? r->state : "unknown";
	int good = strcmp(state, "done") == 0 && r->n_failed == 0;

	buf_addf(
	    out, "%s%s%s", p->colour ? BOLD : "", p->colour ? (good ? GREEN : RED) : "", state);
	buf_adds(out, p->colour ? PLAIN : "");
	buf_adds(out, ": ");
	add_count(out, (double)r->n_done);
	buf_adds(out, " of ");
	add_count(out, (double)r->n_batches);
	buf_adds(out, r->listing_complete ? " batches" : " batches listed so far");
	if (r->n_failed > 0)
		buf_addf(out, ", %zu failed", r->n_failed);
	buf_addc(out, '\n');
	if (r->src != NULL) {
		buf_adds(out, "  from     ");
		add_shown(out, r->src, WIDTH - 11);
		buf_adds(out, "\n  to       ");
		add_shown(out, r->dest != NULL ? r->dest : "?", WIDTH - 11);
		buf_addc(out, '\n');
	}
}

static void
add_alarms(struct buf *out, const struct report *p)
{
	for (size_t i = 0; i < p->n_alarms; i++)
		if (p->alarms[i].fired)
			buf_addf(out, "%sALARM%s    %s: it is %.6g\n", p->colour ? RED : "",
			    p->colour ? PLAIN : "", p->alarms[i].text, p->alarms[i].value);
}

static void
add_numbers(struct buf *out, const struct report *p)
{
	buf_adds(out, "  objects  ");
	add_count(out, value(p, "objects"));
	if (p->run->listing_complete) {
		buf_adds(out, " of ");
		add_count(out, value(p, "objects_listed"));
	}
	buf_adds(out, ", ");
	add_bytes(out, value(p, "bytes_in"));
	buf_adds(out, " read");
	if (p->run->skipped > 0)
		buf_addf(out, "; %.0f keys skipped", value(p, "skipped"));
	if (p->run->rejected > 0)
		buf_addf(out, "; %.0f rejected", value(p, "rejected"));
	buf_adds(out, "\n  rows     ");
	add_count(out, value(p, "rows"));
	buf_adds(out, ", ");
	add_bytes(out, value(p, "bytes_out"));
	buf_adds(out, " written\n  time     ");
	add_duration(out, value(p, "duration"));
	buf_adds(out, ", ");
	add_count(out, value(p, "objects_per_second"));
	buf_adds(out, " objects/s; one after another: ");
	add_duration(out, value(p, "sequential"));
	buf_adds(out, "\n  GETs     p50 ");
	add_duration(out, value(p, "latency_p50"));
	buf_adds(out, ", p90 ");
	add_duration(out, value(p, "latency_p90"));
	buf_adds(out, ", p99 ");
	add_duration(out, value(p, "latency_p99"));
	buf_adds(out, ", slowest ");
	add_duration(out, value(p, "latency_max"));
	buf_adds(out, "\n  requests ");
	add_count(out, value(p, "requests"));
	buf_addf(out, " ($%.4f), ", value(p, "cost"));
	add_count(out, value(p, "connections"));
	buf_addf(out, " connections; %.0f retries, %.0f throttled, %.0f hedged\n",
	    value(p, "retries"), value(p, "throttled"), value(p, "hedged"));
	if (p->run->n_causes > 0) {
		buf_adds(out, "  retries ");
		for (size_t i = 0; i < p->run->n_causes; i++)
			buf_addf(out, " %s %llu", p->run->causes[i].name,
			    (unsigned long long)p->run->causes[i].count);
		buf_addc(out, '\n');
	}
	buf_adds(out, "  CPU      ");
	add_duration(out, value(p, "cpu"));
	buf_adds(out, " in all programs; at most ");
	add_bytes(out, value(p, "max_rss") * 1024);
	buf_adds(out, " of memory each\n");
}

static void
add_failures(struct buf *out, const struct report *p)
{
	size_t told = 0;

	for (size_t i = 0; i < p->run->n_batches; i++) {
		const struct run_batch *b = &p->run->batches[i];

		if (!b->failed || ++told > FAILED_TOLD)
			continue;
		buf_addf(out, "  %sfailed%s   %s ", p->colour ? RED : "", p->colour ? PLAIN : "",
		    b->name);
		add_shown(out, b->cause, WIDTH - 12 - strlen(b->name));
		buf_addc(out, '\n');
	}
	if (told > FAILED_TOLD)
		buf_addf(out, "           and %zu more\n", told - FAILED_TOLD);
}

static void
add_slowest(struct buf *out, const struct report *p)
{
	const struct run_batch *slow[SLOWEST_TOLD] = {NULL};

	for (size_t i = 0; i < p->run->n_batches; i++) {
		const struct run_batch *b = &p->run->batches[i], *swap;

		if (!b->done || b->start_ms == 0)
			continue;
		for (int k = 0; k < SLOWEST_TOLD; k++) {
			if (slow[k] == NULL ||
			    b->end_ms - b->start_ms > slow[k]->end_ms - slow[k]->start_ms) {
				swap = slow[k];
				slow[k] = b;
				if ((b = swap) == NULL)
					break;
			}
		}
	}
	if (slow[0] == NULL)
		return;
	buf_adds(out, "  slowest  ");
	for (int k = 0; k < SLOWEST_TOLD && slow[k] != NULL; k++) {
		buf_addf(out, "%sbatch %s ", k > 0 ? ", " : "", slow[k]->name);
		add_duration(out, (double)(slow[k]->end_ms - slow[k]->start_ms) / 1000);
	}
	buf_addc(out, '\n');
}

static void
add_files(struct buf *out, const struct report *p)
{
	size_t told = 0;

	for (size_t i = 0; i < p->run->n_batches; i++) {
		const struct run_batch *b = &p->run->batches[i];

		if (!b->done || b->uri == NULL || ++told > FILES_TOLD)
			continue;
		buf_adds(out, told == 1 ? "  files    " : "           ");
		add_shown(out, b->uri, 44);
		buf_addf(out, "  %llu rows, ", (unsigned long long)b->rows);
		add_bytes(out, (double)b->bytes);
		buf_addc(out, '\n');
	}
	if (told > FILES_TOLD)
		buf_addf(out, "           and %zu more\n", told - FILES_TOLD);
}

void
render_text(struct buf *out, const struct report *p)
{
	add_state(out, p);
	add_alarms(out, p);
	add_failures(out, p);
	add_numbers(out, p);
	add_slowest(out, p);
	add_files(out, p);
	for (size_t i = 0; i < p->run->n_problems && i < PROBLEMS_TOLD; i++) {
		buf_adds(out, "  problem  ");
		add_shown(out, p->run->problems[i], WIDTH - 11);
		buf_addc(out, '\n');
	}
	if (p->run->n_problems > PROBLEMS_TOLD)
		buf_addf(out, "           and %zu more\n", p->run->n_problems - PROBLEMS_TOLD);
}
