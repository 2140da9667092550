#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3/s3_state.h"

enum {
	HOST_TRIES = 3,	 /* a name that does not resolve is usually wrong */
	CORRECTIONS = 6, /* of region and clock, each, in one call */
	RENEWALS = 1,	 /* of credentials in one call */
	SKEW_S = 30,	 /* clocks that differ by less are not the cause */
	SKEW_MAX_S = 24 * 60 * 60,
	STRANGE_TRIES = 4, /* of an answer that does not seem to be S3's */
};

struct s3_problem *
s3_call_problem(struct s3_call *c)
{
	if (c->problem == NULL)
		c->problem = xcalloc(1, sizeof(*c->problem));
	return c->problem;
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
s3_call_says(const struct s3_call *c, long status, const char *code)
{
	return c->answer.status == status && c->problem != NULL &&
	    strcmp(c->problem->xml.code, code) == 0;
}

int
s3_call_is_not_implemented(const struct s3_call *c)
{
	return c->answer.status == 501 ||
	    (c->answer.status >= 400 && strcmp(s3_call_code(c), "NotImplemented") == 0);
}

int
s3_call_is_good(const struct s3_call *c)
{
	return c->answer.status >= 200 && c->answer.status <= 299;
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

/* What the answer names as the bucket's region; "" if nothing. */
static const char *
named_region(const struct s3_call *c)
{
	long status = c->answer.status;

	if (status != 301 && status != 307 && status != 400)
		return "";
	if (c->answer.region[0] != '\0')
		return c->answer.region;
	return c->problem != NULL ? c->problem->xml.region : "";
}

/* Why the region that the answer names is not followed, as it becomes part of the host's name and
 * of the Authorization header; NULL: no reason. */
static const char *
region_fault(const struct s3 *s3, const struct s3_call *c)
{
	const char *region = named_region(c);

	if (*region == '\0')
		return NULL;
	if (!region_is_name(region))
		return "not the name of a region";
	if (!s3_addr_same_domain(&s3->addr, s3->regions.region, region))
		return "not in the same partition of AWS";
	return NULL;
}

/* Learns the region that the answer names. 1 if the request is worth sending again. */
static int
follow_region(struct s3 *s3, struct s3_call *c)
{
	const char *region = named_region(c);

	if (*region == '\0' || region_fault(s3, c) != NULL || ++c->wrong_region > CORRECTIONS)
		return 0;
	if (strcmp(region, s3_region_of(&s3->regions, c->bucket)) ==
	    0) /* another request may have learnt it */
		return c->regions_learnt != s3->regions.learnt;
	s3_region_learn(&s3->regions, c->bucket, region);
	return 1;
}

/* A signature for a time far ahead could be used then by whoever has read it. */
static int
is_near(time_t ahead)
{
	const time_t set = 1577836800; /* the year 2020; before, our clock was never set */

	return llabs((long long)ahead) <= SKEW_MAX_S || time(NULL) < set;
}

/* Learns the server's clock. 1 if it differs from the one that was signed with. */
static int
correct_clock(struct s3 *s3, struct s3_call *c)
{
	int64_t date = s3_answer_date(&c->answer);
	time_t ahead;

	if (c->answer.status != 403 || strcmp(s3_call_code(c), "RequestTimeTooSkewed") != 0 ||
	    date == 0 || ++c->wrong_clock > CORRECTIONS)
		return 0;
	ahead = (time_t)date - time(NULL);
	if (llabs((long long)ahead - (long long)c->clock_ahead) < SKEW_S || !is_near(ahead))
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

/* A 404 or 412 that S3 did not say: a proxy in between has lost its way, which often passes. The
 * answer to a HEAD has no XML. */
static int
is_strange(const struct s3_call *c)
{
	static const char *const codes[] = {
	    "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NoSuchUpload"};

	if (strcmp(c->method, "HEAD") == 0)
		return 0;
	if (c->answer.status == 412)
		return !s3_call_says(c, 412, "PreconditionFailed");
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (s3_call_says(c, 404, codes[i]))
			return 0;
	return c->answer.status == 404;
}

static int
is_transient(const struct s3_call *c)
{
	static const char *const codes[] = {
	    "ConditionalRequestConflict", "OperationAborted", "InternalError"};
	long status = c->answer.status;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(s3_call_code(c), codes[i]) == 0)
			return 1;
	return status == 500 || status == 502 || status == 504;
}

static enum fetch_verdict
judge_status(struct s3_call *c, unsigned tries, struct fetch_again *again)
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
	if (is_transient(c)) {
		again->cause = FETCH_CAUSE_SERVER_ERROR;
		return FETCH_AGAIN;
	}
	if (c->ops != NULL && c->ops->refused != NULL && c->ops->refused(c))
		return FETCH_AGAIN_FREE;
	if (is_strange(c))
		return tries < STRANGE_TRIES ? FETCH_AGAIN : FETCH_FAIL;
	return c->answer.status == 307 ? FETCH_AGAIN
				       : FETCH_FAIL; /* a bucket that has just been created */
}

static enum fetch_verdict
judge_fault(struct s3_call *c, const struct fetch_answer *a, struct fetch_again *again)
{
	if (a->fault == FETCH_FAULT_CALLER && c->surplus) {
		again->cause = FETCH_CAUSE_OTHER;
		return FETCH_AGAIN;
	}
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

/* It would be sent back in If-Match, and printed. */
static enum fetch_verdict
judge_etag(struct s3_call *c, struct fetch_again *again)
{
	err_set(&s3_call_problem(c)->error, EXIT_FAILED, "%ld answer with an ETag that is not one",
	    c->answer.status);
	again->cause = FETCH_CAUSE_OTHER;
	return FETCH_AGAIN;
}

/* 1 if the request certainly had no effect: it was not sent, or it was refused. */
static int
did_nothing(const struct fetch_answer *a)
{
	return a->fault == FETCH_FAULT_HOST || a->fault == FETCH_FAULT_CONNECT ||
	    a->fault == FETCH_FAULT_TLS || (a->status >= 300 && a->status <= 499) ||
	    a->status == 501 || a->status == 503;
}

enum fetch_verdict
s3_judge(struct s3_call *c, const struct fetch_answer *a, struct fetch_again *again)
{
	enum fetch_verdict v;

	if (a->status == 0)
		c->answer = (struct s3_answer){0};
	if (a->fault == FETCH_FAULT_CALLER && c->surplus && !s3_call_is_good(c))
		v = judge_status(c, a->tries, again); /* an error document that was too long */
	else if (a->fault != FETCH_FAULT_NONE)
		v = judge_fault(c, a, again);
	else if (a->status < 200 || a->status > 299)
		v = judge_status(c, a->tries, again);
	else if (c->answer.etag_is_wrong)
		v = judge_etag(c, again);
	else
		v = c->ops != NULL && c->ops->check != NULL ? c->ops->check(c, again) : FETCH_DONE;
	c->unknown -= v == FETCH_DONE || did_nothing(a);
	/* what a DELETE should remove would stay behind */
	again->insist = strcmp(c->method, "DELETE") == 0;
	return v;
}

static void __attribute__((format(printf, 2, 3))) add_text(struct err *e, const char *fmt, ...)
{
	size_t len = strlen(e->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text + len, sizeof(e->text) - len, fmt, ap);
	va_end(ap);
}

/* "503 SlowDown: message after 8 tries", unless a check has filled it already. */
void
s3_judge_explain(struct s3_call *c, const struct fetch_answer *a)
{
	struct s3_problem *p = s3_call_problem(c);
	char tries[32] = "";
	const char *why;

	if (p->error.text[0] != '\0')
		return;
	if (a->tries > 1)
		snprintf(tries, sizeof(tries), " after %u tries", a->tries);
	if (a->fault != FETCH_FAULT_NONE && !(c->surplus && !s3_call_is_good(c)))
		err_set(&p->error, EXIT_FAILED, "%s (%s)%s", fetch_fault_words(a->fault),
		    a->fault_text, tries);
	else if (a->status >= 200 && a->status <= 299)
		err_set(&p->error, EXIT_FAILED, "unexpected answer %ld%s", a->status, tries);
	else
		err_set(&p->error, EXIT_FAILED, "%ld %s%s%s%s%s%s", a->status, s3_call_code(c),
		    p->xml.message[0] != '\0' ? ": " : "", p->xml.message,
		    p->xml.endpoint[0] != '\0' ? " Endpoint: " : "", p->xml.endpoint, tries);
	if (a->fault == FETCH_FAULT_TLS)
		add_text(&p->error,
		    "; AWS_CA_BUNDLE, or else SSL_CERT_FILE, names a file of trusted authorities");
	if (strcmp(s3_call_code(c), "RequestTimeTooSkewed") == 0)
		add_text(&p->error, "; set this machine's clock");
	if (a->fault == FETCH_FAULT_NONE && (why = region_fault(c->s3, c)) != NULL)
		add_text(&p->error, "; not followed to region '%s': %s", named_region(c), why);
}

int
s3_call_err(const struct s3_call *c, struct err *e)
{
	return err_set(e, c->problem->error.status, "s3://%s/%s: %s", c->bucket, c->key,
	    c->problem->error.text);
}
