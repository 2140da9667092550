#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

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

static void
add_work(struct metrics *ms, const struct run *r)
{
	double batches = (double)r->n_batches, tried = (double)(r->n_done + r->n_failed);

	add(ms, "objects_listed", "", (double)r->objects_listed, 0,
	    "Objects in the listing, once it is complete");
	add(ms, "bytes_listed", "bytes", (double)r->bytes_listed, 0, "Their size");
	add(ms, "skipped", "", (double)r->skipped, 0, "Keys that the filters left out");
	add(ms, "objects", "", (double)r->objects, (double)r->objects_listed,
	    "Objects in finished batches");
	add(ms, "rows", "", (double)r->rows, 0, "Rows in finished batches");
	add(ms, "bytes_in", "bytes", (double)r->bytes_in, 0, "Bytes of objects received");
	add(ms, "bytes_out", "bytes", (double)r->bytes_out, 0, "Bytes of merged objects");
	add(ms, "batches", "", batches, 0, "Batches known so far");
	add(ms, "done", "", (double)r->n_done, batches, "Batches finished");
	add(ms, "failed", "", (double)r->n_failed, batches, "Batches that failed");
	add(ms, "left", "", batches - (double)r->n_done - (double)r->n_failed, batches,
	    "Batches neither done nor failed");
	add(ms, "errors", "", (double)r->n_failed, tried, "Batches that failed, of those tried");
	add(ms, "rejected", "", (double)r->rejected, (double)r->objects_listed,
	    "Objects left out with REJECTS=1");
}

static void
add_time(struct metrics *ms, const struct run *r, int64_t now_ms)
{
	int running = r->state != NULL && strcmp(r->state, "running") == 0;
	int64_t last = running && now_ms > r->last_ms ? now_ms : r->last_ms;
	double wall = r->first_ms != 0 ? (double)(last - r->first_ms) / 1000 : 0;
	double busy = (double)r->busy_ms / 1000, cpu = 0, rss = 0;

	for (int i = 0; i < RUN_PROGRAMS; i++) {
		cpu += (double)r->cpu_ms[i] / 1000;
		if ((double)r->maxrss_kb[i] > rss)
			rss = (double)r->maxrss_kb[i];
	}
	add(ms, "duration", "seconds", wall, 0,
	    "From the first program's start to the last one's end");
	add(ms, "busy", "seconds", busy, 0, "Time in which at least one program ran");
	add(ms, "objects_per_second", "per_second", busy > 0 ? (double)r->objects / busy : 0, 0,
	    "Objects merged in a busy second");
	add(ms, "cpu", "seconds", cpu, 0, "CPU time of the programs");
	add(ms, "max_rss", "kibibytes", rss, 0, "Peak resident memory of one program");
	/* one after another: each request waits for the one before */
	add(ms, "sequential", "seconds", (double)r->latency.sum_us / 1e6, 0,
	    "The same GETs one after another");
}

static void
add_requests(struct metrics *ms, const struct run *r, const struct prices *p)
{
	static const char help[] = "Requests sent again for this cause";
	double all = (double)r->requests;

	add(ms, "requests", "", all, 0, "HTTP requests, retries and hedges included");
	add(ms, "requests_get", "", (double)r->requests_get, all, "GET requests for objects");
	add(ms, "requests_put", "", (double)r->requests_put, all, "PUT and POST requests");
	add(ms, "requests_list", "", (double)r->requests_list, all, "LIST requests");
	add(ms, "requests_head", "", (double)r->requests_head, all, "HEAD requests");
	add(ms, "requests_other", "", (double)r->requests_other, all, "Other requests");
	add(ms, "cost", "dollars",
	    ((double)(r->requests_get + r->requests_head) * p->get +
		(double)r->requests_put * p->put + (double)r->requests_list * p->list) /
		1000,
	    0, "Price of these requests");
	add(ms, "retries", "", (double)r->retries, all, "Requests sent again");
	for (size_t i = 0; i < r->n_causes; i++) {
		char name[32];

		snprintf(name, sizeof(name), "retries_%.23s", r->causes[i].name);
		add(ms, name, "", (double)r->causes[i].count, all, help);
	}
	add(ms, "throttled", "", (double)r->throttled, all, "Answers that said: slow down");
	add(ms, "hedged", "", (double)r->hedged, all, "Second requests for a slow answer");
	add(ms, "connections", "", (double)r->connections, 0, "Connections opened");
	add(ms, "tls_handshakes", "", (double)r->tls_handshakes, (double)r->connections,
	    "TLS handshakes");
	add(ms, "tls_resumed", "", (double)r->tls_resumed, (double)r->tls_handshakes,
	    "TLS sessions resumed");
}

static void
add_latency(struct metrics *ms, const struct run *r)
{
	const struct hist *h = &r->latency;

	add(ms, "latency_p50", "seconds", (double)hist_quantile_us(h, 0.5) / 1e6, 0,
	    "Half of all GETs were not slower");
	add(ms, "latency_p90", "seconds", (double)hist_quantile_us(h, 0.9) / 1e6, 0,
	    "Nine in ten GETs were not slower");
	add(ms, "latency_p99", "seconds", (double)hist_quantile_us(h, 0.99) / 1e6, 0,
	    "99 in 100 GETs were not slower");
	add(ms, "latency_max", "seconds", (double)h->max_us / 1e6, 0, "The slowest GET");
}

void
metrics_make(struct metrics *ms, const struct run *r, const struct prices *p, int64_t now_ms)
{
	ms->n = 0;
	add_work(ms, r);
	add_time(ms, r, now_ms);
	add_requests(ms, r, p);
	add_latency(ms, r);
	add(ms, "problems", "", (double)r->n_problems, 0,
	    "Files of the work folder that could not be read");
}

const struct metric *
metrics_find(const struct metrics *ms, const char *name)
{
	for (size_t i = 0; i < ms->n; i++)
		if (strcmp(ms->m[i].name, name) == 0)
			return &ms->m[i];
	return NULL;
}

/* "5%", "90m", "1.5G": the number times its unit; *percent tells the first. -1 when it is none of
 * these. */
static int
parse_limit(const char *s, double *limit, int *percent)
{
	static const struct {
		const char *unit;
		double times;
	} units[] = {{"", 1}, {"%", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"K", 1024},
	    {"M", 1048576}, {"G", 1073741824}};
	char *end;

	if (strspn(s, "0123456789.") == 0)
		return -1;
	*limit = strtod(s, &end);
	*percent = strcmp(end, "%") == 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*limit *= units[i].times;
			return 0;
		}
	}
	return -1;
}

static int
compare(double value, const char *op, size_t len, double limit)
{
	if (len == 2 && op[0] == '>')
		return value >= limit;
	if (len == 2 && op[0] == '<')
		return value <= limit;
	if (len == 2)
		return value < limit || value > limit;
	if (op[0] == '=')
		return !(value < limit || value > limit);
	return op[0] == '>' ? value > limit : value < limit;
}

int
alarm_check(struct alarm *a, const struct metrics *ms, struct err *e)
{
	const char *op = a->text + strcspn(a->text, "<>=!");
	size_t op_len = strspn(op, "<>=!");
	const struct metric *m;
	char name[64];
	double limit;
	int percent;

	snprintf(name, sizeof(name), "%.*s", (int)(op - a->text), a->text);
	m = metrics_find(ms, name);
	/* a cause that never came up has no metric of its own */
	if (m == NULL && strncmp(name, "retries_", 8) != 0)
		return err_set(e, EXIT_USAGE, "--alarm '%s': there is no number '%s' in the report",
		    a->text, name);
	if (op_len == 0 || op_len > 2 || (op_len == 2 && op[1] != '=') ||
	    (op_len == 1 && *op == '!') || parse_limit(op + op_len, &limit, &percent) == -1)
		return err_set(e, EXIT_USAGE,
		    "--alarm '%s': not of the form NAME>NUMBER, with %%, s, m, h, K, M or G",
		    a->text);
	a->value = m != NULL ? m->value : 0;
	if (percent && m != NULL && m->base > 0)
		a->value = 100 * m->value / m->base;
	else if (percent)
		a->value = 0; /* of nothing */
	a->fired = compare(a->value, op, op_len, limit);
	return 0;
}
