#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "http/pace.h"
#include "s3/s3_state.h"

enum { MAX_TRIES = 8 };

#define USER_AGENT "sheaf/" SHEAF_VERSION

struct s3 *
s3_open(const struct s3_opt *opt, struct err *e)
{
	struct s3 *s3 = xcalloc(1, sizeof(*s3));
	struct fetch_opt fo = {
	    .connections = opt->connections != 0 ? opt->connections : 1,
	    .hedge_ms = opt->hedge_ms,
	    .buffer_len = opt->buffer_len,
	    .user_agent = USER_AGENT,
	};

	s3->opt = *opt;
	if (s3_settings_load(s3, e) == -1)
		goto fail;
	if ((s3->pace = pace_open(opt->pace, e)) == NULL)
		goto fail;
	fo.pace = s3->pace;
	fo.max_tries = s3->settings.max_attempts != 0 ? s3->settings.max_attempts : MAX_TRIES;
	fo.ca_file = s3->settings.ca_bundle;
	if ((s3->fetch = fetch_new(&fo, e)) == NULL)
		goto fail;
	return s3;
fail:
	s3_close(s3);
	return NULL;
}

void
s3_close(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	fetch_free(s3->fetch);
	pace_close(s3->pace);
	s3_region_free(&s3->regions);
	creds_held_close(&s3->held);
	aws_settings_free(&s3->settings);
	s3_addr_free(&s3->addr);
	explicit_bzero(&s3->key, sizeof(s3->key));
	buf_free(&s3->host);
	buf_free(&s3->path);
	buf_free(&s3->auth);
	buf_free(&s3->text);
	free(s3);
}

/* --- the engine's callbacks --- */

void
s3_call_header(struct s3_call *c, const char *name, const char *value)
{
	if (c->n_headers == S3_HEADERS_MAX)
		abort();
	c->headers[c->n_headers++] = (struct sigv4_header){name, value};
}

static void
problem_drop(struct s3_call *c)
{
	free(c->problem);
	c->problem = NULL;
}

static int
on_build(void *job, struct fetch_msg *m)
{
	struct s3_call *c = job;
	struct s3 *s3 = c->s3;

	if (c->ops != NULL && c->ops->prepare != NULL)
		c->ops->prepare(c);
	s3_sign(s3, c, m);
	buf_reset(&c->body);
	problem_drop(c);
	c->surplus = 0;
	s3_stats_count(s3, c);
	c->unknown++;
	return 0;
}

static void
on_status(void *job, int status)
{
	struct s3_call *c = job;

	s3_answer_begin(&c->answer, status);
}

static void
on_header(void *job, const struct http_field *f)
{
	struct s3_call *c = job;

	s3_answer_header(&c->answer, f);
}

static enum fetch_take
on_body(void *job, const char *p, size_t len)
{
	struct s3_call *c = job;
	int good = s3_call_is_good(c);
	size_t max = good ? S3_BODY_MAX : S3_ERROR_MAX;

	if (good && c->ops != NULL && c->ops->body != NULL)
		return c->ops->body(c, p, len);
	if (len > max - c->body.len) {
		c->surplus = 1;
		if (good)
			err_set(&s3_call_problem(c)->error, EXIT_FAILED,
			    "%ld answer longer than %zu bytes", c->answer.status, max);
		return FETCH_ABORT;
	}
	buf_add(&c->body, p, len);
	return FETCH_TAKE;
}

static ssize_t
on_read(void *job, uint64_t offset, char *p, size_t cap)
{
	struct s3_call *c = job;

	if (c->ops != NULL && c->ops->read != NULL)
		return c->ops->read(c, offset, p, cap);
	if (offset >= c->put_len)
		return 0;
	if (cap > c->put_len - offset)
		cap = (size_t)(c->put_len - offset);
	memcpy(p, (const char *)c->put_body + offset, cap);
	return (ssize_t)cap;
}

static enum fetch_verdict
on_answer(void *job, const struct fetch_answer *a, struct fetch_again *again)
{
	return s3_judge(job, a, again);
}

static void
on_end(void *job, int ok, const struct fetch_answer *a)
{
	struct s3_call *c = job;

	c->ended = 1;
	c->ok = ok;
	c->last = *a;
	if (!ok)
		s3_judge_explain(c, a);
	if (c->ops != NULL && c->ops->end != NULL)
		c->ops->end(c);
}

static const struct fetch_ops call_ops = {
    .build = on_build,
    .status = on_status,
    .header = on_header,
    .body = on_body,
    .read = on_read,
    .answer = on_answer,
    .end = on_end,
};

/* --- calls --- */

void
s3_start(struct s3 *s3, struct s3_call *c)
{
	c->s3 = s3;
	c->ended = 0;
	c->unknown = 0;
	c->surplus = 0;
	problem_drop(c);
	c->exchange = fetch_start(s3->fetch, &call_ops, c);
}

size_t
s3_step(struct s3 *s3, int max_wait_ms)
{
	return fetch_step(s3->fetch, max_wait_ms);
}

size_t
s3_backlog(const struct s3 *s3)
{
	return fetch_backlog(s3->fetch);
}

void
s3_cancel(struct s3_call *c)
{
	fetch_cancel(c->s3->fetch, c->exchange);
	c->ended = 1;
}

void
s3_resume(struct s3_call *c)
{
	fetch_resume(c->exchange);
}

void
s3_call_free(struct s3_call *c)
{
	buf_free(&c->body);
	problem_drop(c);
}
