/*
 * lib/http/fetch, its slots and its parser: whole exchanges over connections that this file makes
 * up. It stands in for fetch_conn.c and clock.c, so there is no socket and no time but that of the
 * input: a script of what the network does. Every exchange ends once, in bounded time; what its
 * caller is told is in order, and a body is as long as its head says.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "http/fetch.h"
#include "http/fetch_conn.h"
#include "http/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
ssize_t getrandom(void *p, size_t n, unsigned flags);

enum { JOBS = 7, CONNS_MAX = 16, STEPS_MAX = 20000, TRIES = 3, BODY_LEN = 200000 };

/* --- the script --- */

static const uint8_t *script;
static size_t script_len;
static uint64_t now_us;

static unsigned
next_byte(void)
{
	if (script_len == 0)
		return 0;
	script_len--;
	return *script++;
}

uint64_t
clock_mono_us(void)
{
	return now_us;
}

int64_t
clock_mono_ms(void)
{
	return (int64_t)now_us / 1000;
}

int64_t
clock_coarse_ms(void)
{
	return (int64_t)now_us / 1000;
}

int64_t
clock_wall_us(void)
{
	return (int64_t)now_us;
}

int64_t
clock_wall_ms(void)
{
	return (int64_t)now_us / 1000;
}

ssize_t
getrandom(void *p, size_t n, unsigned flags)
{
	(void)flags;
	memset(p, 7, n);
	return (ssize_t)n;
}

/* --- the network --- */

static struct line {
	struct fetch_conn *conn; /* NULL: none here */
	struct buf in;
	size_t at;
	size_t may_send;
	int lost;
} lines[CONNS_MAX];

static size_t
n_lines(void)
{
	size_t n = 0;

	for (size_t i = 0; i < CONNS_MAX; i++)
		n += lines[i].conn != NULL;
	return n;
}

static struct line *
line_of(const struct fetch_conn *c)
{
	for (size_t i = 0; i < CONNS_MAX; i++)
		if (lines[i].conn == c)
			return &lines[i];
	abort();
}

int
fetch_wire_open(struct fetch_wire *w, const struct fetch_opt *opt, size_t max,
    struct fetch_stats *stats, int64_t now_ms, struct err *e)
{
	(void)now_ms;
	(void)e;
	if (max > CONNS_MAX)
		abort();
	*w = (struct fetch_wire){.connect_ms = (long)opt->connect_ms, .stats = stats};
	return 0;
}

void
fetch_wire_close(struct fetch_wire *w)
{
	(void)w;
}

struct fetch_route
fetch_wire_route(const struct fetch_wire *w, const char *origin)
{
	(void)w;
	return (struct fetch_route){origin, strlen(origin), strstr(origin, "by-proxy") != NULL};
}

int
fetch_wire_wait(struct fetch_wire *w, int64_t now_ms, int max_ms)
{
	(void)w;
	(void)now_ms;
	if (max_ms < 0)
		abort();
	if (script_len == 0 || n_lines() == 0)
		now_us += (uint64_t)max_ms * 1000;
	return 1;
}

static void
receive(struct line *l, unsigned what)
{
	static const char *const answers[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	    "HTTP/1.1 503 Slow\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n",
	    "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad",
	    "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n",
	    "HTTP/1.1 404 None\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
	    "HTTP/1.1 100 Continue\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n\r\nuntil the end",
	    "HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\n",
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	    "HTTP/1.1 200 OK\r\nETag: \"",
	};

	buf_adds(&l->in, answers[what % (sizeof(answers) / sizeof(answers[0]))]);
}

/* What one piece of the script does to a connection. */
static void
happen(struct line *l, unsigned what, const struct fetch_wire_ops *ops)
{
	struct fetch_conn *c = l->conn;

	if (c->state == FETCH_CONN_CONNECTING) {
		if (what == 1)
			fetch_conn_close(c);
		else
			c->state = FETCH_CONN_OPEN;
		ops->opened(c,
		    what == 1 ? (enum fetch_fault)(1 + next_byte() % 3) : FETCH_FAULT_NONE, "why");
		return;
	}
	if (c->state != FETCH_CONN_OPEN)
		return;
	switch (what) {
	case 0: receive(l, next_byte()); break;
	case 1:
		for (unsigned n = next_byte(); n > 0 && script_len > 0; n--)
			buf_addc(&l->in, (char)next_byte());
		break;
	case 2: c->hung_up = 1; break;
	case 3: l->lost = c->hung_up = 1; break;
	default: l->may_send += (size_t)next_byte() * 256; break;
	}
	ops->ready(c);
}

void
fetch_wire_handle(struct fetch_wire *w, int n, int64_t now_ms, const struct fetch_wire_ops *ops)
{
	(void)w;
	(void)n;
	(void)now_ms;
	if (n_lines() == 0) /* nothing can happen, so the script waits */
		return;
	if (script_len == 0) { /* everybody hangs up */
		for (size_t i = 0; i < CONNS_MAX; i++)
			if (lines[i].conn != NULL)
				happen(&lines[i], 2, ops);
		return;
	}
	for (int i = 0; i < 4 && script_len > 0; i++) {
		unsigned op = next_byte();
		struct line *l = &lines[(op >> 3) % CONNS_MAX];

		if ((op & 7) >= 6)
			now_us += (uint64_t)next_byte() * 200000;
		else if (l->conn != NULL)
			happen(l, op & 7, ops);
	}
}

void
fetch_conn_open(
    struct fetch_conn *c, struct fetch_wire *w, const struct fetch_route *r, int64_t now_ms)
{
	size_t i = 0;

	while (i < CONNS_MAX && lines[i].conn != NULL)
		i++;
	if (c->state != FETCH_CONN_CLOSED || i == CONNS_MAX)
		abort();
	c->wire = w;
	buf_reset(&c->origin);
	buf_add(&c->origin, r->origin, r->origin_len);
	c->answers = 0;
	c->hung_up = 0;
	c->begun_ms = now_ms;
	c->state = FETCH_CONN_CONNECTING;
	lines[i].conn = c;
	lines[i].may_send = 1000;
}

void
fetch_conn_close(struct fetch_conn *c)
{
	struct line *l;

	if (c->state == FETCH_CONN_CLOSED)
		return;
	l = line_of(c);
	buf_free(&l->in);
	*l = (struct line){0};
	c->state = FETCH_CONN_CLOSED;
}

void
fetch_conn_free(struct fetch_conn *c)
{
	fetch_conn_close(c);
	buf_free(&c->origin);
}

int
fetch_conn_is_late(const struct fetch_conn *c, int64_t now_ms)
{
	return c->state == FETCH_CONN_CONNECTING && now_ms - c->begun_ms > c->wire->connect_ms;
}

int
fetch_conn_fits(const struct fetch_conn *c, const struct fetch_route *r)
{
	return c->state == FETCH_CONN_OPEN && c->origin.len == r->origin_len &&
	    memcmp(c->origin.p, r->origin, r->origin_len) == 0;
}

ssize_t
fetch_conn_send(struct fetch_conn *c, const char *p, size_t n)
{
	struct line *l = line_of(c);

	if (n == 0 || memchr(p, *p, n) == NULL)
		abort();
	if (l->lost)
		return -1;
	if (l->may_send == 0)
		return FETCH_CONN_LATER;
	n = n < l->may_send ? n : l->may_send;
	l->may_send -= n;
	c->out += n;
	return (ssize_t)n;
}

ssize_t
fetch_conn_recv(struct fetch_conn *c, char *p, size_t n)
{
	struct line *l = line_of(c);
	size_t left = l->in.len - l->at;

	if (left == 0)
		return l->lost ? -1 : c->hung_up ? 0 : FETCH_CONN_LATER;
	n = n < left ? n : left;
	memcpy(p, l->in.p + l->at, n);
	l->at += n;
	c->in += n;
	return (ssize_t)n;
}

int
fetch_conn_is_plain(const struct fetch_conn *c)
{
	return c->origin.len > 5 && c->origin.p[4] != 's';
}

int
fetch_conn_is_clean(struct fetch_conn *c)
{
	const struct line *l = line_of(c);

	return l->at == l->in.len;
}

uint64_t
fetch_conn_silent_us(const struct fetch_conn *c)
{
	(void)c;
	return 0;
}

uint64_t
fetch_conn_in(const struct fetch_conn *c)
{
	return c->in;
}

uint64_t
fetch_conn_out(struct fetch_conn *c, int look)
{
	(void)look;
	return c->out;
}

/* --- the caller --- */

static struct job {
	const char *method, *origin;
	unsigned body_len, slow_answer;
	struct fetch_exchange *x;
	int builds, ends, paused;
	unsigned pauses;
	int status; /* of the answer that is being told of */
	uint64_t length, got;
	int has_length, chunked;
} jobs[JOBS];

static int
on_build(void *arg, struct fetch_msg *m)
{
	struct job *j = arg;

	if (j->ends || ++j->builds > 2 * (TRIES + 8))
		abort();
	m->method = j->method;
	buf_adds(&m->origin, j->origin);
	buf_adds(&m->target, "/x");
	m->has_body = j->body_len > 0;
	m->body_len = j->body_len;
	m->slow_answer = (int)j->slow_answer;
	fetch_msg_header(m, "X-Name", "value");
	return 0;
}

static void
on_status(void *arg, int status)
{
	struct job *j = arg;

	if (j->ends || j->paused || status < 200 || status > 999)
		abort();
	j->status = status;
	j->length = j->got = 0;
	j->has_length = j->chunked = 0;
}

static void
on_header(void *arg, const struct http_field *f)
{
	struct job *j = arg;

	if (j->ends || j->status == 0 || j->got > 0 || f->name_len == 0)
		abort();
	if (http_field_is(f, "content-length", 14)) {
		if (num_parse_n(f->value, f->value_len, 0, INT64_MAX, &j->length) == -1)
			abort();
		j->has_length = 1;
	}
	j->chunked |= http_field_is(f, "transfer-encoding", 17);
}

static enum fetch_take
on_body(void *arg, const char *p, size_t len)
{
	struct job *j = arg;

	if (j->ends || j->status == 0 || j->paused || len == 0)
		abort();
	if (memchr(p, 0xee, len) != NULL)
		return FETCH_ABORT;
	if (p[0] == 'l' && ++j->pauses % 2 == 1) { /* it is offered again, and taken */
		j->paused = 1;
		return FETCH_PAUSE;
	}
	j->got += len;
	return FETCH_TAKE;
}

static ssize_t
on_read(void *arg, uint64_t offset, char *p, size_t cap)
{
	const struct job *j = arg;

	if (cap == 0 || offset + cap > j->body_len)
		abort();
	cap = cap < 5000 ? cap : 5000;
	memset(p, 'b', cap);
	return (ssize_t)cap;
}

static enum fetch_verdict
on_answer(void *arg, const struct fetch_answer *a, struct fetch_again *again)
{
	struct job *j = arg;

	if (j->ends || a->tries == 0 || a->tries > TRIES || a->fault_text == NULL)
		abort();
	if (a->fault == FETCH_FAULT_NONE) {
		int bodiless =
		    strcmp(j->method, "HEAD") == 0 || a->status == 204 || a->status == 304;

		if (a->status != j->status || (bodiless && j->got > 0) ||
		    (!bodiless && j->has_length && !j->chunked && j->got != j->length))
			abort();
	}
	j->status = 0;
	j->paused = 0;
	again->cause = a->status == 503 ? FETCH_CAUSE_THROTTLED : FETCH_CAUSE_RESET;
	again->wait_ms = a->status == 503 ? 1000 : 0;
	if (a->fault == FETCH_FAULT_CALLER || a->status / 100 == 4)
		return FETCH_FAIL;
	if (a->fault != FETCH_FAULT_NONE || a->status >= 500)
		return FETCH_AGAIN;
	return a->status / 100 == 3 ? FETCH_AGAIN_FREE : FETCH_DONE;
}

static void
on_end(void *arg, int ok, const struct fetch_answer *a)
{
	struct job *j = arg;

	if (++j->ends != 1 || (ok && a->fault != FETCH_FAULT_NONE))
		abort();
}

static void
go_on(void)
{
	for (size_t i = 0; i < JOBS; i++) {
		struct job *j = &jobs[i];

		if (j->paused && !j->ends) {
			j->paused = 0;
			fetch_resume(j->x);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct fetch_ops ops = {
	    on_build, on_status, on_header, on_body, on_read, on_answer, on_end};
	static const struct job begin[JOBS] = {{.method = "GET", .origin = "http://a"},
	    {.method = "GET", .origin = "https://a:8443"}, {.method = "GET", .origin = "http://a"},
	    {.method = "HEAD", .origin = "http://by-proxy"},
	    {.method = "PUT", .origin = "http://a", .body_len = BODY_LEN},
	    {.method = "POST", .origin = "https://b", .body_len = 10, .slow_answer = 1},
	    {.method = "DELETE", .origin = "http://a"}};
	struct fetch_opt opt = {.max_tries = TRIES, .connect_ms = 10000, .buffer_len = 4096};
	struct job *cancelled;
	struct fetch *f;
	unsigned how;
	int steps = 0;

	script = data;
	script_len = size;
	now_us = 1000000000;
	how = next_byte();
	cancelled = &jobs[(how >> 5) % JOBS];
	opt.connections = 1 + how % 4;
	opt.hedge_ms = how & 4 ? 1000 : -1;
	f = fetch_new(&opt, NULL);
	memcpy(jobs, begin, sizeof(jobs));
	for (size_t i = 0; i < JOBS; i++)
		jobs[i].x = fetch_start(f, &ops, &jobs[i]);
	while (fetch_step(f, 1000) > 0) {
		go_on();
		if (how & 8 && steps == 20 && !cancelled->ends) {
			fetch_cancel(f, cancelled->x);
			cancelled->ends = 1;
		}
		if (how & 16 && steps == 100) /* what is under way is dropped */
			break;
		if (++steps > STEPS_MAX)
			abort();
	}
	for (size_t i = 0; i < JOBS && !(how & 16); i++)
		if (jobs[i].ends != 1)
			abort();
	fetch_free(f);
	for (size_t i = 0; i < CONNS_MAX; i++)
		if (lines[i].conn != NULL)
			abort();
	return 0;
}
