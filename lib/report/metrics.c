#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/metrics.h"

/* base: what a percentage of the value is of. */
static void
add(struct metrics *ms, const char *name, const char *unit, double value, double base,
    const char *help)
{
	struct metric *m = &ms->m[ms->n];

	if (ms->n == METRICS_MAX)
		abort();
	ms->n++;
	snprintf(m->name, sizeof(m->name), "%s", name);
	m->unit = unit;
	m->value = value;
	m->base = base;
	m->help = help;
}

static int
is_state(const struct history *r, const char *state)
{
	return strcmp(r->state, state) == 0;
}

/* Everything that failed. A run that failed as a whole or was killed counts as one failure if
 * nothing else failed. */
static double
failures(const struct history *r)
{
	size_t n = r->n_state[HISTORY_FAILED] + r->n_failures;

	return n == 0 && (is_state(r, "failed") || is_state(r, "killed")) ? 1 : (double)n;
}

static void
add_work(struct metrics *ms, const struct history *r)
{
	double batches = (double)r->n_batches, listed = (double)r->objects_listed;
	const size_t *n = r->n_state;

	add(ms, "failed", "", failures(r), NO_BASE,
	    "Failed batches, plus the listing and the header check; 1 for a run that was killed");
	add(ms, "errors", "", (double)n[HISTORY_FAILED],
	    (double)(n[HISTORY_DONE] + n[HISTORY_FAILED]),
	    "Failed batches; their share is of those done or failed");
	add(ms, "batches", "", batches, NO_BASE, "Batches listed so far");
	add(ms, "batches_done", "", (double)n[HISTORY_DONE], batches, "Batches stored at DEST");
	add(ms, "batches_failed", "", (double)n[HISTORY_FAILED], batches, "Batches that failed");
	add(ms, "batches_begun", "", (double)n[HISTORY_BEGUN], batches,
	    "Batches in progress or interrupted");
	add(ms, "batches_left", "", (double)n[HISTORY_LEFT], batches, "Batches not started");
	add(ms, "batches_at_once", "", (double)r->batches_at_once, NO_BASE,
	    "Most batches in progress at once");
	add(ms, "attempts", "", (double)r->n_attempts, NO_BASE, "Attempts to make a batch");
	add(ms, "objects_listed", "", listed, NO_BASE, "Objects listed so far");
	add(ms, "bytes_listed", "bytes", (double)r->bytes_listed, NO_BASE,
	    "Size of the listed objects, once the listing is complete");
	add(ms, "skipped", "", (double)r->skipped, NO_BASE, "Keys excluded by SUFFIX and EXCLUDE");
	add(ms, "objects", "", (double)r->objects, listed, "Objects merged in finished batches");
	add(ms, "rejected", "", (double)r->rejected, listed, "Objects left out (REJECTS=1)");
	add(ms, "missing", "", (double)r->missing, listed,
	    "Objects that should have been merged or left out by now and were not");
	add(ms, "rows", "", (double)r->rows, NO_BASE, "Rows in finished batches");
	add(ms, "bytes_in", "bytes", (double)r->counts.bytes_in, NO_BASE,
	    "Bytes of objects received");
	add(ms, "bytes_out", "bytes", (double)r->bytes_out, NO_BASE, "Bytes of merged objects");
}

/* Of the last run; while it is under way, until now. */
static double
duration_ms(const struct history *r, int64_t now_ms)
{
	if (is_state(r, "running") && r->started_ms != 0)
		return now_ms > r->started_ms ? (double)(now_ms - r->started_ms) : 0;
	return (double)(r->last_run_end_ms - r->last_run_start_ms);
}

static void
add_time(struct metrics *ms, const struct history *r, int64_t now_ms)
{
	const struct history_session *s = r->sessions;
	int64_t last = r->n_sessions > 0 ? s[r->n_sessions - 1].end_ms : r->started_ms;
	double busy = (double)r->busy_ms / 1000, rate = 0, idle = 0, left = 0;

	if (busy > 0)
		rate = (double)r->objects / busy;
	if (is_state(r, "running")) {
		last = r->started_ms > last ? r->started_ms : last;
		idle = now_ms > last ? (double)(now_ms - last) / 1000 : 0;
		if (rate > 0 && r->objects_listed > r->objects)
			left = (double)(r->objects_listed - r->objects) / rate;
	}
	add(ms, "started", "timestamp", (double)r->started_ms / 1000, NO_BASE,
	    "Start of the last run; 0 if unknown");
	add(ms, "ended", "timestamp", (double)r->ended_ms / 1000, NO_BASE,
	    "End of the last run; 0 if it has not ended");
	add(ms, "duration", "seconds", duration_ms(r, now_ms) / 1000, NO_BASE,
	    "Duration of the last run, so far if it is under way");
	add(ms, "busy", "seconds", busy, NO_BASE, "Time during which programs ran, in all runs");
	add(ms, "idle", "seconds", idle, NO_BASE, "During a run: time since a program last ended");
	add(ms, "time_left", "seconds", left, NO_BASE,
	    "During a run: time for the rest of the listed objects at the average rate");
	add(ms, "objects_per_second", "per_second", rate, NO_BASE,
	    "Objects merged per second of busy time");
	add(ms, "sequential", "seconds", (double)r->latency_sum_us / 1e6, NO_BASE,
	    "Time of the same requests one after another: the sum of their times");
}

static void
add_resources(struct metrics *ms, const struct history *r)
{
	double cpu = 0, rss = 0;

	for (int i = 0; i < HISTORY_PROGRAMS; i++) {
		cpu += (double)r->cpu_ms[i] / 1000;
		if ((double)r->maxrss_kb[i] > rss)
			rss = (double)r->maxrss_kb[i];
	}
	add(ms, "cpu", "seconds", cpu, NO_BASE, "CPU time of the programs");
	add(ms, "max_rss", "bytes", rss * 1024, NO_BASE, "Peak resident memory of one program");
	add(ms, "max_rss_at_once", "bytes", (double)r->rss_at_once_kb * 1024, NO_BASE,
	    "Peak resident memory of programs running at once, added up");
}

static void
add_requests(struct metrics *ms, const struct history *r, const struct prices *p)
{
	const struct history_counts *c = &r->counts;
	double all = (double)c->requests;
	double cost = (double)(r->requests_get + r->requests_head) * p->get +
	    (double)r->requests_put * p->put + (double)r->requests_list * p->list;

	add(ms, "requests", "", all, NO_BASE, "HTTP requests, including retries and hedges");
	add(ms, "requests_get", "", (double)r->requests_get, all, "GET requests");
	add(ms, "requests_put", "", (double)r->requests_put, all, "PUT and POST requests");
	add(ms, "requests_list", "", (double)r->requests_list, all, "LIST requests");
	add(ms, "requests_head", "", (double)r->requests_head, all, "HEAD requests");
	add(ms, "requests_other", "", (double)r->requests_other, all, "Other requests");
	add(ms, "cost", "dollars", cost / 1000, NO_BASE, "Price of the requests");
	add(ms, "retries", "", (double)c->retries, all, "Retried requests");
	for (int i = 0; i < FETCH_CAUSES; i++) {
		static const char *const help[FETCH_CAUSES] = {"Retries after 503 SlowDown or 429",
		    "Retries after 500, 502 or 504", "Retries of requests that were too slow",
		    "Retries after a connection could not be made",
		    "Retries after a connection broke", "Retries after a truncated body",
		    "Retries after a checksum mismatch", "Retries for other causes"};
		char name[32];

		snprintf(name, sizeof(name), "retries_%s", fetch_cause_name((enum fetch_cause)i));
		add(ms, name, "", (double)c->causes[i], all, help[i]);
	}
	add(ms, "throttled", "", (double)c->throttled, all, "Responses 503 SlowDown and 429");
	add(ms, "hedged", "", (double)c->hedged, all, "Second requests for a slow response");
	add(ms, "connections", "", (double)r->connections, NO_BASE, "Connections opened");
	add(ms, "tls_handshakes", "", (double)r->tls_handshakes, (double)r->connections,
	    "TLS handshakes");
	add(ms, "tls_resumed", "", (double)r->tls_resumed, (double)r->tls_handshakes,
	    "TLS sessions resumed");
}

static void
add_latency(struct metrics *ms, const struct history *r)
{
	const struct hist *h = &r->latency;

	add(ms, "latency_p50", "seconds", (double)hist_quantile_us(h, 0.5) / 1e6, NO_BASE,
	    "Median time of a GET");
	add(ms, "latency_p90", "seconds", (double)hist_quantile_us(h, 0.9) / 1e6, NO_BASE,
	    "90th percentile of the time of a GET");
	add(ms, "latency_p99", "seconds", (double)hist_quantile_us(h, 0.99) / 1e6, NO_BASE,
	    "99th percentile of the time of a GET");
	add(ms, "latency_max", "seconds", (double)h->max_us / 1e6, NO_BASE,
	    "Time of the slowest GET");
}

void
metrics_make(struct metrics *ms, const struct history *r, const struct prices *p, int64_t now_ms)
{
	ms->n = 0;
	add_work(ms, r);
	add_time(ms, r, now_ms);
	add_latency(ms, r);
	add_requests(ms, r, p);
	add_resources(ms, r);
	add(ms, "problems", "", (double)r->n_problems, NO_BASE,
	    "Problems found in the work folder");
}

const struct metric *
metrics_find(const struct metrics *ms, const char *name)
{
	for (size_t i = 0; i < ms->n; i++)
		if (strcmp(ms->m[i].name, name) == 0)
			return &ms->m[i];
	return NULL;
}

double
metric_percent(const struct metric *m)
{
	return m->base > 0 ? 100 * m->value / m->base : 0;
}
