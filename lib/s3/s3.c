#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/stats.h"
#include "creds/creds_held.h"
#include "http/pace.h"
#include "s3/s3.h"
#include "s3/s3_addr.h"

enum {
	MAX_TRIES = 8,
	HOST_TRIES = 3,	  /* a name that is not resolved is mostly a wrong name */
	CORRECTIONS = 6,  /* of region and clock, each, in one call */
	RENEWALS = 1,	  /* of credentials in one call */
	SKEW_S = 30,	  /* clocks that differ by less are not the cause */
	BUCKETS_MAX = 64, /* whose region is remembered */
};

#define USER_AGENT "sheaf/" SHEAF_VERSION

/* Requests by kind, as S3 prices them. */
enum { KIND_GET, KIND_PUT, KIND_LIST, KIND_HEAD, KIND_OTHER, KINDS };

static const char *const kind_fields[KINDS] = {
    "requests_get", "requests_put", "requests_list", "requests_head", "requests_other"};

struct bucket_region {
	char *bucket;
	char region[64];
};

struct s3 {
	struct s3_opt opt;
	struct aws_settings settings;
	struct s3_addr addr;
	struct creds_held held;
	struct sigv4_key key;
	unsigned key_generation; /* of the credentials whose key it is */
	struct fetch *fetch;
	struct pace *pace;
	char region[64];
	struct bucket_region buckets[BUCKETS_MAX];
	size_t n_buckets;
	unsigned regions_learnt;
	time_t clock_ahead; /* of the server's clock before ours */
	time_t signed_at;   /* that date belongs to */
	char date[17];
	struct buf host, path, auth, text;
	uint64_t kinds[KINDS];
	uint64_t throttled;
};

/* --- opening --- */

/* In a batch of the pipeline it is not told, as the run has told it. */
static void
warn_of_open_way(const struct s3 *s3)
{
	if (endpoint_is_open(&s3->addr.endpoint) && getenv("SHEAF_BATCH") == NULL)
		log_line(LOG_WARN, NULL,
		    "endpoint http://%s: not encrypted: whoever is on the way can read and change "
		    "what is sent; use https://",
		    s3->addr.endpoint.host);
}

static int
settings_take(struct s3 *s3, struct err *e)
{
	const struct s3_opt *o = &s3->opt;
	struct aws_settings *st = &s3->settings;
	const char *region, *style = st->addressing_style;

	if (s3_addr_parse(
		&s3->addr, o->endpoint_url != NULL ? o->endpoint_url : st->endpoint_url, e) == -1)
		return -1;
	if (style != NULL && strcmp(style, "path") == 0)
		s3->addr.style = S3_STYLE_PATH;
	else if (style != NULL && strcmp(style, "virtual") == 0)
		s3->addr.style = S3_STYLE_VIRTUAL;
	s3->addr.dualstack = st->use_dualstack;
	s3->addr.fips = st->use_fips;
	if (st->use_fips && !s3_addr_is_aws(&s3->addr))
		return err_set(e, EXIT_USAGE,
		    "use_fips_endpoint (AWS_USE_FIPS_ENDPOINT) does not go with another endpoint, "
		    "%s",
		    s3->addr.endpoint.host);
	if (st->use_dualstack && !s3_addr_is_aws(&s3->addr))
		return err_set(e, EXIT_USAGE,
		    "use_dualstack_endpoint (AWS_USE_DUALSTACK_ENDPOINT) does not go with another "
		    "endpoint, %s",
		    s3->addr.endpoint.host);
	region = o->region != NULL ? o->region : st->region != NULL ? st->region : "us-east-1";
	if (*region == '\0' || strlen(region) >= sizeof(s3->region) ||
	    strspn(region, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") !=
		strlen(region))
		return err_set(e, EXIT_USAGE, "region '%s': not the name of a region", region);
	if (st->use_fips && strncmp(region, "cn-", 3) == 0)
		return err_set(e, EXIT_USAGE,
		    "region '%s': has no endpoints for use_fips_endpoint (AWS_USE_FIPS_ENDPOINT)",
		    region);
	s3->addr.global = strcmp(region, S3_GLOBAL) == 0;
	snprintf(s3->region, sizeof(s3->region), "%s", s3->addr.global ? S3_GLOBAL_REGION : region);
	if (o->region != NULL) { /* the one that STS is asked in, too */
		free(st->region);
		st->region = xstrdup(o->region);
	}
	warn_of_open_way(s3);
	return 0;
}

/* The profile holds secrets, so it is wiped as soon as it has been used. */
static int
settings_and_creds(struct s3 *s3, struct err *e)
{
	struct profile p;
	int rc;

	if (aws_settings_load(&s3->settings, &p, s3->opt.profile, e) == -1)
		return -1;
	rc = settings_take(s3, e);
	if (rc == 0 && !s3->opt.no_sign_request)
		rc = creds_held_open(&s3->held, &s3->settings, &p, e);
	profile_free(&p);
	return rc;
}

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
	if (settings_and_creds(s3, e) == -1)
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
	for (size_t i = 0; i < s3->n_buckets; i++)
		free(s3->buckets[i].bucket);
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

const char *
s3_describe(struct s3 *s3)
{
	const struct endpoint *ep = &s3->addr.endpoint;

	buf_reset(&s3->text);
	buf_addf(&s3->text, "endpoint %s://%s%s, region %s, credentials: %s", ep->scheme,
	    ep->host != NULL ? ep->host : "(AWS, by region)", ep->base, s3->region,
	    s3->opt.no_sign_request ? "none (--no-sign-request)" : s3->held.creds.source);
	return buf_str(&s3->text);
}

int
s3_signs_payload(const struct s3 *s3)
{
	return !s3->opt.no_sign_request && endpoint_is_open(&s3->addr.endpoint);
}

int
s3_sends_checksums(const struct s3 *s3)
{
	const char *when = s3->settings.checksum_calculation;

	return when != NULL ? strcmp(when, "when_supported") == 0 : s3_is_aws(s3);
}

int
s3_is_aws(const struct s3 *s3)
{
	return s3_addr_is_aws(&s3->addr);
}

/* --- what was learnt on the way --- */

static const char *
region_of(const struct s3 *s3, const char *bucket)
{
	for (size_t i = 0; i < s3->n_buckets; i++)
		if (strcmp(s3->buckets[i].bucket, bucket) == 0)
			return s3->buckets[i].region;
	return s3->region;
}

static void
region_learn(struct s3 *s3, const char *bucket, const char *region)
{
	size_t i = 0;

	while (i < s3->n_buckets && strcmp(s3->buckets[i].bucket, bucket) != 0)
		i++;
	if (i == BUCKETS_MAX)
		return;
	if (i == s3->n_buckets) {
		s3->buckets[i].bucket = xstrdup(bucket);
		s3->n_buckets++;
	}
	snprintf(s3->buckets[i].region, sizeof(s3->buckets[i].region), "%s", region);
}

/* --- building and signing --- */

void
s3_call_header(struct s3_call *c, const char *name, const char *value)
{
	if (c->n_headers == S3_HEADERS_MAX)
		abort();
	c->headers[c->n_headers++] = (struct sigv4_header){name, value};
}

struct s3_problem *
s3_call_problem(struct s3_call *c)
{
	if (c->problem == NULL)
		c->problem = xcalloc(1, sizeof(*c->problem));
	return c->problem;
}

static void
problem_drop(struct s3_call *c)
{
	free(c->problem);
	c->problem = NULL;
}

static void
sign(struct s3 *s3, struct s3_call *c, struct fetch_msg *m, const char *host)
{
	struct sigv4_header h[S3_HEADERS_MAX + 8];
	struct sigv4_request r = {.method = c->method,
	    .path = buf_str(&s3->path),
	    .query = c->query != NULL ? c->query : "",
	    .headers = h};
	const struct creds *creds = &s3->held.creds;
	const char *region = region_of(s3, c->bucket);
	time_t now = time(NULL) + s3->clock_ahead;

	creds_held_use(&s3->held, now);
	c->signed_as = s3->held.generation;
	c->regions_learnt = s3->regions_learnt;
	c->clock_ahead = s3->clock_ahead;
	if (now != s3->signed_at) {
		sigv4_date(now, s3->date);
		s3->signed_at = now;
	}
	if (s3->key_generation != s3->held.generation ||
	    !sigv4_key_fits(&s3->key, s3->date, region, "s3")) {
		sigv4_key_set(&s3->key, creds->secret_key, s3->date, region, "s3");
		s3->key_generation = s3->held.generation;
	}
	r.payload_hash = c->payload_hash != NULL ? c->payload_hash
	    : c->has_body			 ? SIGV4_UNSIGNED
						 : SIGV4_EMPTY_SHA256;
	/* nearly in the order in which they are signed, so that sorting moves little */
	h[r.n_headers++] = (struct sigv4_header){"host", host};
	for (size_t i = 0; i < c->n_headers; i++)
		h[r.n_headers++] = c->headers[i];
	h[r.n_headers++] = (struct sigv4_header){"x-amz-content-sha256", r.payload_hash};
	h[r.n_headers++] = (struct sigv4_header){"x-amz-date", s3->date};
	if (s3->opt.request_payer)
		h[r.n_headers++] = (struct sigv4_header){"x-amz-request-payer", "requester"};
	if (creds->session_token != NULL)
		h[r.n_headers++] =
		    (struct sigv4_header){"x-amz-security-token", creds->session_token};
	buf_reset(&s3->auth);
	sigv4_authorization(&s3->auth, &r, &s3->key, creds->access_key, s3->date);
	for (size_t i = 1; i < r.n_headers; i++) /* the host's is made from the URL */
		fetch_msg_header(m, h[i].name, h[i].value);
	fetch_msg_header(m, "Authorization", buf_str(&s3->auth));
}

static int
kind_of(const struct s3_call *c)
{
	if (strcmp(c->method, "GET") == 0)
		return *c->key == '\0' ? KIND_LIST : KIND_GET;
	if (strcmp(c->method, "HEAD") == 0)
		return KIND_HEAD;
	return c->has_body ? KIND_PUT : KIND_OTHER;
}

static int
on_build(void *job, struct fetch_msg *m)
{
	struct s3_call *c = job;
	struct s3 *s3 = c->s3;
	const char *host;

	if (c->ops != NULL && c->ops->prepare != NULL)
		c->ops->prepare(c);
	buf_reset(&s3->host);
	buf_reset(&s3->path);
	s3_addr_make(&s3->addr, region_of(s3, c->bucket), c->bucket, c->key, &s3->host, &s3->path);
	host = buf_str(&s3->host);
	m->method = c->method;
	m->has_body = c->has_body;
	m->body_len = c->put_len;
	buf_adds(&m->origin, s3->addr.endpoint.scheme);
	buf_adds(&m->origin, "://");
	buf_add(&m->origin, s3->host.p, s3->host.len);
	buf_add(&m->target, s3->path.p, s3->path.len);
	if (c->query != NULL) {
		buf_addc(&m->target, '?');
		buf_adds(&m->target, c->query);
	}
	if (s3->opt.no_sign_request) {
		for (size_t i = 0; i < c->n_headers; i++)
			fetch_msg_header(m, c->headers[i].name, c->headers[i].value);
	} else {
		sign(s3, c, m, host);
	}
	buf_reset(&c->body);
	problem_drop(c);
	s3->kinds[kind_of(c)]++;
	c->unknown++;
	return 0;
}

/* --- the answer --- */

static void
on_header(void *job, const char *line, size_t len)
{
	struct s3_call *c = job;

	s3_answer_header(&c->answer, line, len);
}

static enum fetch_take
on_body(void *job, const char *p, size_t len)
{
	struct s3_call *c = job;
	int good = c->answer.status >= 200 && c->answer.status < 300;
	size_t max = good ? S3_BODY_MAX : S3_ERROR_MAX;

	if (good && c->ops != NULL && c->ops->body != NULL)
		return c->ops->body(c, p, len);
	if (len > max - c->body.len)
		return FETCH_ABORT;
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

const char *
s3_call_code(const struct s3_call *c)
{
	if (c->problem != NULL && c->problem->xml.code[0] != '\0')
		return c->problem->xml.code;
	switch (c->answer.status) {
	case 301: return "Moved Permanently";
	case 304: return "Not Modified";
	case 307: return "Temporary Redirect";
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 409: return "Conflict";
	case 412: return "Precondition Failed";
	case 416: return "Range Not Satisfiable";
	case 429: return "Too Many Requests";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	default: return "";
	}
}

int
s3_call_is_general(const struct s3_call *c)
{
	static const char *const codes[] = {"InvalidAccessKeyId", "SignatureDoesNotMatch",
	    "NoSuchBucket", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed",
	    "AuthorizationHeaderMalformed", "PermanentRedirect", "AllAccessDisabled",
	    "AccountProblem", "NotSignedUp"};

	if (c->last.fault == FETCH_FAULT_HOST || c->last.fault == FETCH_FAULT_CONNECT ||
	    c->last.fault == FETCH_FAULT_TLS)
		return 1;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (c->last.fault == FETCH_FAULT_NONE && strcmp(s3_call_code(c), codes[i]) == 0)
			return 1;
	return 0;
}

/* 1 when the answer told of another region, and it is noted. */
static int
follow_region(struct s3 *s3, struct s3_call *c)
{
	const char *region =
	    c->answer.region[0] != '\0' ? c->answer.region : c->problem->xml.region;
	long status = c->answer.status;

	if (status != 301 && status != 307 && status != 400)
		return 0;
	if (*region == '\0' || ++c->wrong_region > CORRECTIONS)
		return 0;
	if (strcmp(region, region_of(s3, c->bucket)) == 0) /* another request may have learnt it */
		return c->regions_learnt != s3->regions_learnt;
	region_learn(s3, c->bucket, region);
	s3->regions_learnt++;
	return 1;
}

/* 1 when the server's clock differs from what was signed, and it is noted. */
static int
correct_clock(struct s3 *s3, struct s3_call *c)
{
	int64_t date = s3_answer_date(&c->answer);
	time_t ahead;

	if (strcmp(s3_call_code(c), "RequestTimeTooSkewed") != 0 || date == 0 ||
	    ++c->wrong_clock > CORRECTIONS)
		return 0;
	ahead = (time_t)date - time(NULL);
	if (llabs((long long)ahead - (long long)c->clock_ahead) < SKEW_S)
		return 0;
	s3->clock_ahead = ahead;
	return 1;
}

static int
renew_expired(struct s3 *s3, struct s3_call *c)
{
	const char *code = s3_call_code(c);

	if (strcmp(code, "ExpiredToken") != 0 && strcmp(code, "TokenRefreshRequired") != 0 &&
	    strcmp(code, "ExpiredTokenException") != 0)
		return 0;
	return ++c->expired <= RENEWALS && creds_held_refused(&s3->held, c->signed_as);
}

static int
is_throttle(const struct s3_call *c)
{
	const char *code = s3_call_code(c);

	return c->answer.status == 503 || c->answer.status == 429 ||
	    strcmp(code, "SlowDown") == 0 || strcmp(code, "RequestLimitExceeded") == 0 ||
	    strncmp(code, "Throttl", 7) == 0;
}

static enum fetch_verdict
judge_status(struct s3_call *c, struct fetch_again *again)
{
	struct s3 *s3 = c->s3;
	const char *code;

	s3xml_error(&s3_call_problem(c)->xml, c->body.p != NULL ? c->body.p : "", c->body.len);
	code = s3_call_code(c);
	again->wait_ms = c->answer.retry_after_ms;
	if (is_throttle(c)) {
		s3->throttled++;
		again->cause = FETCH_CAUSE_THROTTLED;
		return FETCH_AGAIN;
	}
	if (follow_region(s3, c) || correct_clock(s3, c) || renew_expired(s3, c))
		return FETCH_AGAIN_FREE;
	if (c->answer.status == 408 || strcmp(code, "RequestTimeout") == 0) {
		again->cause = FETCH_CAUSE_TIMEOUT;
		return FETCH_AGAIN;
	}
	if (strcmp(code, "ConditionalRequestConflict") == 0 || c->answer.status == 500 ||
	    c->answer.status == 502 || c->answer.status == 504 ||
	    strcmp(code, "InternalError") == 0) {
		again->cause = FETCH_CAUSE_SERVER_ERROR;
		return FETCH_AGAIN;
	}
	return c->answer.status == 307 ? FETCH_AGAIN : FETCH_FAIL; /* a bucket that is on its way */
}

static enum fetch_verdict
judge_fault(const struct fetch_answer *a, struct fetch_again *again)
{
	switch (a->fault) {
	case FETCH_FAULT_HOST:
		again->cause = FETCH_CAUSE_CONNECT;
		return a->tries < HOST_TRIES ? FETCH_AGAIN : FETCH_FAIL;
	case FETCH_FAULT_CONNECT: again->cause = FETCH_CAUSE_CONNECT; return FETCH_AGAIN;
	case FETCH_FAULT_SHORT: again->cause = FETCH_CAUSE_SHORT_BODY; return FETCH_AGAIN;
	case FETCH_FAULT_STALL: again->cause = FETCH_CAUSE_TIMEOUT; return FETCH_AGAIN;
	case FETCH_FAULT_RESET:
	case FETCH_FAULT_GARBAGE: again->cause = FETCH_CAUSE_RESET; return FETCH_AGAIN;
	default: return FETCH_FAIL;
	}
}

/* 1 for a request that certainly did nothing: it was not sent, or it was refused. */
static int
did_nothing(const struct fetch_answer *a)
{
	return a->fault == FETCH_FAULT_HOST || a->fault == FETCH_FAULT_CONNECT ||
	    a->fault == FETCH_FAULT_TLS || (a->status >= 300 && a->status <= 499) ||
	    a->status == 503;
}

static enum fetch_verdict
on_answer(void *job, const struct fetch_answer *a, struct fetch_again *again)
{
	struct s3_call *c = job;
	enum fetch_verdict v;

	if (a->status == 0)
		c->answer = (struct s3_answer){0};
	if (a->fault != FETCH_FAULT_NONE)
		v = judge_fault(a, again);
	else if (a->status < 200 || a->status > 299)
		v = judge_status(c, again);
	else
		v = c->ops != NULL && c->ops->check != NULL ? c->ops->check(c, again) : FETCH_DONE;
	c->unknown -= v == FETCH_DONE || did_nothing(a);
	/* what a DELETE takes away would stay behind */
	again->insist = strcmp(c->method, "DELETE") == 0;
	return v;
}

/* "503 SlowDown: message after 8 tries", unless a check has said it already. */
static void
explain(struct s3_call *c, const struct fetch_answer *a)
{
	char tries[32] = "";

	struct s3_problem *p = s3_call_problem(c);

	if (p->error.text[0] != '\0')
		return;
	if (a->tries > 1)
		snprintf(tries, sizeof(tries), " after %u tries", a->tries);
	if (a->fault != FETCH_FAULT_NONE)
		err_set(&p->error, EXIT_FAILED, "%s (%s)%s", fetch_fault_words(a->fault),
		    a->fault_text, tries);
	else if (a->status >= 200 && a->status <= 299)
		err_set(&p->error, EXIT_FAILED, "%ld answer that is not right%s", a->status, tries);
	else
		err_set(&p->error, EXIT_FAILED, "%ld %s%s%s%s%s%s", a->status, s3_call_code(c),
		    p->xml.message[0] != '\0' ? ": " : "", p->xml.message,
		    p->xml.endpoint[0] != '\0' ? " Endpoint: " : "", p->xml.endpoint, tries);
	if (a->fault == FETCH_FAULT_TLS) {
		size_t len = strlen(p->error.text);

		snprintf(p->error.text + len, sizeof(p->error.text) - len,
		    "; AWS_CA_BUNDLE names a file of trusted authorities");
	}
}

static void
on_end(void *job, int ok, const struct fetch_answer *a)
{
	struct s3_call *c = job;

	c->ended = 1;
	c->ok = ok;
	c->last = *a;
	if (!ok)
		explain(c, a);
	if (c->ops != NULL && c->ops->end != NULL)
		c->ops->end(c);
}

static const struct fetch_ops call_ops = {
    .build = on_build,
    .header = on_header,
    .body = on_body,
    .read = on_read,
    .answer = on_answer,
    .end = on_end,
};

/* --- calling --- */

void
s3_start(struct s3 *s3, struct s3_call *c)
{
	c->s3 = s3;
	c->ended = 0;
	c->unknown = 0;
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
	fetch_resume(c->s3->fetch, c->exchange);
}

int
s3_call_err(const struct s3_call *c, struct err *e)
{
	return err_set(e, c->problem->error.status, "s3://%s/%s: %s", c->bucket, c->key,
	    c->problem->error.text);
}

int
s3_do(struct s3 *s3, struct s3_call *c, struct err *e)
{
	s3_start(s3, c);
	while (!c->ended)
		s3_step(s3, 1000);
	return c->ok ? 0 : s3_call_err(c, e);
}

void
s3_call_free(struct s3_call *c)
{
	buf_free(&c->body);
	problem_drop(c);
}

void
s3_add_stats(const struct s3 *s3, struct stats *st)
{
	const struct fetch_stats *f = fetch_get_stats(s3->fetch);
	struct buf json = {0};

	stats_add_u64(st, "requests", f->requests);
	for (int i = 0; i < KINDS; i++)
		stats_add_u64(st, kind_fields[i], s3->kinds[i]);
	stats_add_u64(st, "retries", f->retries);
	buf_addc(&json, '{');
	for (int i = 0; i < FETCH_CAUSES; i++)
		if (f->causes[i] > 0)
			buf_addf(&json, "%s\"%s\":%llu", json.len > 1 ? "," : "",
			    fetch_cause_name((enum fetch_cause)i),
			    (unsigned long long)f->causes[i]);
	buf_addc(&json, '}');
	stats_add_json(st, "retry_causes", buf_str(&json));
	stats_add_u64(st, "throttled", s3->throttled);
	stats_add_u64(st, "hedged", f->hedged);
	stats_add_u64(st, "connections", f->connections);
	stats_add_u64(st, "tls_handshakes", f->tls_handshakes);
	stats_add_u64(st, "tls_resumed", f->tls_resumed);
	buf_reset(&json);
	hist_json(&json, &f->latency);
	stats_add_json(st, "latency_ms", buf_str(&json));
	buf_free(&json);
}
