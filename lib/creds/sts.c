#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/uri.h"
#include "creds/sts.h"
#include "http/http_once.h"

enum { TRIES = 5, CONNECT_MS = 5000, STALL_MS = 10000, TOTAL_MS = 30000, BODY_ROOM = 16384 };

#define FORM "application/x-www-form-urlencoded; charset=utf-8"

static void
add_parameter(struct buf *body, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (body->len > 0)
		buf_addc(body, '&');
	buf_addf(body, "%s=", name);
	uri_encode(body, value, strlen(value), 0);
}

static void
build_body(struct buf *body, const struct sts_request *r)
{
	char session[64];

	snprintf(session, sizeof(session), "sheaf-%lld", (long long)time(NULL));
	add_parameter(body, "Action",
	    r->web_identity_token != NULL ? "AssumeRoleWithWebIdentity" : "AssumeRole");
	add_parameter(body, "Version", "2011-06-15");
	add_parameter(body, "RoleArn", r->role_arn);
	add_parameter(body, "RoleSessionName", r->session_name != NULL ? r->session_name : session);
	add_parameter(body, "ExternalId", r->external_id);
	add_parameter(body, "DurationSeconds", r->duration_s);
	add_parameter(body, "WebIdentityToken", r->web_identity_token);
}

/* The values of the headers that sign a request. */
struct signature {
	char date[17];
	char body_sha256[65];
	struct sigv4_key key;
	struct buf authorization;
};

static void
sign(struct http_once *h, struct signature *s, const struct sts_request *r, const char *host,
    const char *path)
{
	struct sigv4_header headers[4] = {{"host", host}, {"content-type", FORM}};
	struct sigv4_request request = {.method = "POST",
	    .path = path,
	    .query = "",
	    .headers = headers,
	    .n_headers = 2,
	    .payload_hash = s->body_sha256};

	sigv4_date(time(NULL), s->date);
	sigv4_sha256_hex(s->body_sha256, h->body, h->body_len);
	headers[request.n_headers++] = (struct sigv4_header){"x-amz-date", s->date};
	if (r->signer->session_token != NULL)
		headers[request.n_headers++] =
		    (struct sigv4_header){"x-amz-security-token", r->signer->session_token};
	sigv4_key_set(&s->key, r->signer->secret_key, s->date, r->region, "sts");
	sigv4_authorization(&s->authorization, &request, &s->key, r->signer->access_key, s->date);
	for (size_t i = 2; i < request.n_headers; i++)
		http_once_header(h, headers[i].name, headers[i].value);
	http_once_header(h, "Authorization", buf_str(&s->authorization));
}

static int
take_answer(struct creds *c, const struct sts_request *r, const struct http_answer *a,
    const char *where, struct err *e)
{
	struct buf what = {0};
	int rc;

	if (a->status >= 200 && a->status <= 299)
		return sts_answer(c, a->body.p, a->body.len, where, e);
	sts_answer_error(&what, a->body.p, a->body.len);
	rc = err_set(e, a->status >= 500 ? EXIT_FAILED : EXIT_USAGE, "%s: %s: %ld %s", where,
	    r->endpoint, a->status, buf_str(&what));
	buf_free(&what);
	return rc;
}

int
sts_assume(struct creds *c, const struct sts_request *r, const char *where, struct err *e)
{
	struct http_once h = {.method = "POST",
	    .answer_max = STS_ANSWER_MAX,
	    .tries = TRIES,
	    .connect_ms = CONNECT_MS,
	    .stall_ms = STALL_MS,
	    .total_ms = TOTAL_MS,
	    .ca_file = r->ca_file,
	    .transient = sts_answer_transient};
	struct buf url = {0}, body = {0};
	struct signature s = {.authorization = {0}};
	struct endpoint ep;
	struct http_answer a = {0};
	struct err why;
	int rc = -1;

	if (endpoint_parse(&ep, r->endpoint, &why) == -1) {
		err_set(e, why.status, "%s: %s", where, why.text);
		goto no_endpoint;
	}
	buf_addf(&url, "%s://%s%s", ep.scheme, ep.host, *ep.base != '\0' ? ep.base : "/");
	if (r->web_identity_token != NULL) /* it must not move, so that all of it can be wiped */
		buf_room(&body, BODY_ROOM + 3 * strlen(r->web_identity_token));
	build_body(&body, r);
	h.url = buf_str(&url);
	h.body = buf_str(&body);
	h.body_len = body.len;
	http_once_header(&h, "Content-Type", FORM);
	if (r->signer != NULL)
		sign(&h, &s, r, ep.host, *ep.base != '\0' ? ep.base : "/");
	if (http_once(&h, &a, &why) == -1)
		err_set(e, why.status, "%s: %s", where, why.text);
	else
		rc = take_answer(c, r, &a, where, e);
	http_answer_free(&a);
	explicit_bzero(&s.key, sizeof(s.key));
	explicit_bzero(body.p, body.cap);
	buf_free(&s.authorization);
	buf_free(&body);
	buf_free(&url);
no_endpoint:
	endpoint_free(&ep);
	return rc;
}
