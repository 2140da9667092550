#include <string.h>

#include "aws/sigv4.h"
#include "creds/container_url.h"
#include "creds/creds_cache.h"
#include "creds/creds_json.h"
#include "creds/creds_source.h"
#include "http/http_once.h"
#include "http/origin.h"

enum {
	ANSWER_MAX = 64 << 10,
	MESSAGE_MAX = 500,
	TRIES = 3,
	TIMEOUT_MS = 2000,
	TOTAL_MS = 10000,
	MAX_AGE_S = 300, /* the task's role may change while credentials are valid */
	LOCK_WAIT_MS = 12000,
};

struct question {
	struct buf url, token;
	const char *ca_file;
};

/* botocore retries everything but 200, too. */
static int
is_transient(long status, const char *body, size_t len)
{
	(void)body;
	(void)len;
	return status != 200;
}

static int
on_ask(struct creds *c, void *arg, struct err *e)
{
	struct question *q = arg;
	struct http_once h = {.method = "GET",
	    .url = buf_str(&q->url),
	    .answer_max = ANSWER_MAX,
	    .tries = TRIES,
	    .connect_ms = TIMEOUT_MS,
	    .stall_ms = TIMEOUT_MS,
	    .total_ms = TOTAL_MS,
	    .direct = 1,
	    .ca_file = q->ca_file,
	    .transient = is_transient};
	struct buf message = {0};
	struct http_answer a = {0};
	struct err why;
	int rc = -1;

	c->source = xstrdup("container");
	http_once_header(&h, "Accept", "application/json");
	if (q->token.len > 0)
		http_once_header(&h, "Authorization", buf_str(&q->token));
	if (http_once(&h, &a, &why) == -1) {
		err_set(e, why.status, "container: %s", why.text);
	} else if (a.status == 200) {
		rc =
		    creds_json_parse(c, &creds_json_metadata, a.body.p, a.body.len, "container", e);
	} else {
		creds_json_message(
		    &message, a.body.p, a.body.len, "message", "Message", MESSAGE_MAX);
		err_set(e, a.status >= 500 ? EXIT_FAILED : EXIT_USAGE, "container: %.*s: %ld %s",
		    (int)origin_len(h.url), h.url, a.status, buf_str(&message));
	}
	buf_free(&message);
	http_answer_free(&a);
	return rc;
}

/* Fills the URL of q. 0 if the environment has none. */
static int
find_url(struct question *q, struct buf *why, struct err *e)
{
	const char *relative = profile_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = profile_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");

	if (relative != NULL && *relative != '/')
		return err_set(e, EXIT_USAGE,
		    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: it does not begin with a slash");
	if (relative != NULL)
		buf_addf(&q->url, "http://169.254.170.2%s", relative);
	else if (full != NULL)
		buf_adds(&q->url, full);
	else
		buf_adds(why, "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set");
	if (q->url.len == 0)
		return 0;
	if (!container_url_allowed(buf_str(&q->url)))
		return err_set(e, EXIT_USAGE,
		    "%s: not a URL that a token may be sent to: https://, or http:// with "
		    "127.0.0.1, localhost, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]",
		    relative != NULL ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
				     : "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	return 1;
}

/* Read for every request, as EKS rotates it. */
static int
find_token(struct question *q, struct err *e)
{
	const char *file = profile_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = profile_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");

	if (file != NULL)
		return creds_source_token(
		    &q->token, file, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", e);
	if (token == NULL)
		return 0;
	for (const char *s = token; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			return err_set(e, EXIT_USAGE,
			    "AWS_CONTAINER_AUTHORIZATION_TOKEN: a character that tokens never "
			    "contain");
	buf_adds(&q->token, token);
	return 0;
}

int
creds_from_container(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	struct creds_cached rule = {
	    .refused = ask->refused, .max_age_s = MAX_AGE_S, .wait_ms = LOCK_WAIT_MS};
	struct question q = {.ca_file = ask->settings->ca_bundle};
	char token_sha256[65];
	int rc = find_url(&q, why, e);

	if (rc == 1 && find_token(&q, e) == -1)
		rc = -1;
	if (rc == 1) {
		sigv4_sha256_hex(token_sha256, buf_str(&q.token), q.token.len);
		creds_cache_key(&rule.key, "action", "container");
		creds_cache_key(&rule.key, "url", buf_str(&q.url));
		creds_cache_key(&rule.key, "token", token_sha256);
		creds_cache_machine(&rule.key);
		rc = creds_cached(c, &rule, on_ask, &q, e);
	}
	if (q.token.p != NULL)
		explicit_bzero(q.token.p, q.token.cap);
	buf_free(&q.token);
	buf_free(&q.url);
	return rc;
}
