#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/version.h"
#include "http/http_once.h"
#include "http/origin.h"

enum { STEP_MS = 100 };

struct once {
	const struct http_once *h;
	struct http_answer *a;
	int ended;
	int ok; /* a whole answer came, whatever its status */
	int too_long;
	unsigned tries;
	char fault_text[256];
};

void
http_once_header(struct http_once *h, const char *name, const char *value)
{
	if (h->n_headers == HTTP_ONCE_HEADERS_MAX)
		abort();
	h->headers[h->n_headers].name = name;
	h->headers[h->n_headers++].value = value;
}

/* 1 for 429 and 5xx. */
static int
is_transient(long status, const char *body, size_t len)
{
	(void)body;
	(void)len;
	return status == 429 || status >= 500;
}

static int
on_build(void *job, struct fetch_msg *m)
{
	struct once *x = job;
	const char *url = x->h->url;
	size_t origin = origin_len(url);

	m->method = x->h->method;
	buf_add(&m->origin, url, origin);
	if (url[origin] != '/')
		buf_addc(&m->target, '/');
	buf_add(&m->target, url + origin, strcspn(url + origin, "#"));
	for (size_t i = 0; i < x->h->n_headers; i++)
		fetch_msg_header(m, x->h->headers[i].name, x->h->headers[i].value);
	m->has_body = x->h->body != NULL;
	m->body_len = x->h->body_len;
	buf_reset(&x->a->body);
	return 0;
}

static void
on_status(void *job, int status)
{
	(void)job;
	(void)status;
}

static void
on_header(void *job, const struct http_field *f)
{
	(void)job;
	(void)f;
}

static enum fetch_take
on_body(void *job, const char *p, size_t len)
{
	struct once *x = job;

	if (len > x->h->answer_max - x->a->body.len) {
		x->too_long = 1;
		return FETCH_ABORT;
	}
	buf_add(&x->a->body, p, len);
	return FETCH_TAKE;
}

static ssize_t
on_read(void *job, uint64_t offset, char *p, size_t cap)
{
	struct once *x = job;

	if (offset >= x->h->body_len)
		return 0;
	if (cap > x->h->body_len - offset)
		cap = x->h->body_len - (size_t)offset;
	memcpy(p, x->h->body + offset, cap);
	return (ssize_t)cap;
}

static enum fetch_verdict
on_answer(void *job, const struct fetch_answer *a, struct fetch_again *again)
{
	struct once *x = job;
	int (*transient)(long, const char *, size_t) =
	    x->h->transient != NULL ? x->h->transient : is_transient;

	x->ok = a->fault == FETCH_FAULT_NONE;
	if (x->ok) {
		again->cause = FETCH_CAUSE_SERVER_ERROR;
		return transient(a->status, buf_str(&x->a->body), x->a->body.len) ? FETCH_AGAIN
										  : FETCH_DONE;
	}
	again->cause = FETCH_CAUSE_CONNECT;
	return a->fault == FETCH_FAULT_TLS || a->fault == FETCH_FAULT_CALLER ? FETCH_FAIL
									     : FETCH_AGAIN;
}

static void
on_end(void *job, int ok, const struct fetch_answer *a)
{
	struct once *x = job;

	(void)ok;
	x->ended = 1;
	x->tries = a->tries;
	x->a->status = a->status;
	x->a->fault = a->fault;
	snprintf(x->fault_text, sizeof(x->fault_text), "%s", a->fault_text);
}

static int
explain(const struct once *x, struct err *e)
{
	const char *url = x->h->url;
	int origin = (int)origin_len(url);
	char tries[32] = "";

	if (x->tries > 1)
		snprintf(tries, sizeof(tries), " after %u tries", x->tries);
	if (!x->ended)
		return err_set(e, EXIT_FAILED, "%.*s: no answer within %u s", origin, url,
		    (x->h->total_ms + 999) / 1000);
	if (x->too_long)
		return err_set(e, EXIT_FAILED, "%.*s: the answer is longer than %zu bytes", origin,
		    url, x->h->answer_max);
	return err_set(e, EXIT_FAILED, "%.*s: %s (%s)%s", origin, url,
	    fetch_fault_words(x->a->fault), x->fault_text, tries);
}

int
http_once(const struct http_once *h, struct http_answer *a, struct err *e)
{
	static const struct fetch_ops ops = {.build = on_build,
	    .status = on_status,
	    .header = on_header,
	    .body = on_body,
	    .read = on_read,
	    .answer = on_answer,
	    .end = on_end};
	struct fetch_opt fo = {.connections = 1,
	    .max_tries = h->tries,
	    .connect_ms = h->connect_ms,
	    .stall_ms = h->stall_ms,
	    .hedge_ms = -1,
	    .ca_file = h->ca_file,
	    .user_agent = "sheaf/" SHEAF_VERSION,
	    .direct = h->direct};
	struct once x = {.h = h, .a = a};
	int64_t due = clock_mono_ms() + h->total_ms, left;
	struct fetch *f;

	*a = (struct http_answer){.fault = FETCH_FAULT_STALL};
	if ((f = fetch_new(&fo, e)) == NULL)
		return -1;
	buf_room(&a->body, h->answer_max + 1); /* never moves, so it can be wiped */
	fetch_start(f, &ops, &x);
	while (!x.ended && (left = due - clock_mono_ms()) > 0)
		fetch_step(f, left < STEP_MS ? (int)left : STEP_MS);
	fetch_free(f);
	return x.ended && x.ok ? 0 : explain(&x, e);
}

void
http_answer_free(struct http_answer *a)
{
	if (a->body.p != NULL)
		explicit_bzero(a->body.p, a->body.cap);
	buf_free(&a->body);
}
