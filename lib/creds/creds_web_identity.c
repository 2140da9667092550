#include <string.h>

#include "aws/aws_endpoint.h"
#include "creds/creds_cache.h"
#include "creds/creds_source.h"
#include "creds/sts.h"

enum { LOCK_WAIT_MS = 35000 }; /* a little longer than sts_assume may take */

struct question {
	struct sts_request request;
	const char *token_file;
	struct buf where, endpoint;
};

/* The variable's value, if the environment counts, else the profile's. */
static const char *
look(const struct creds_ask *ask, const char *variable, const char *key)
{
	const char *value = ask->environment ? profile_env(variable) : NULL;

	return value != NULL ? value : profile_get(ask->profile, key);
}

/* The token is read for every request, as its issuer rotates it every hour. */
static int
on_ask(struct creds *c, void *arg, struct err *e)
{
	struct question *q = arg;
	struct buf token = {0};
	int rc = creds_source_token(&token, q->token_file, buf_str(&q->where), e);

	if (rc == 0) {
		q->request.web_identity_token = buf_str(&token);
		rc = sts_assume(c, &q->request, buf_str(&q->where), e);
		q->request.web_identity_token = NULL;
	}
	c->source = xstrdup(buf_str(&q->where));
	if (token.p != NULL)
		explicit_bzero(token.p, token.cap);
	buf_free(&token);
	return rc;
}

int
creds_from_web_identity(
    struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	struct creds_cached rule = {.refused = ask->refused, .wait_ms = LOCK_WAIT_MS};
	struct question q = {
	    .token_file = look(ask, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file")};
	int rc;

	if (q.token_file == NULL) {
		if (ask->environment)
			buf_adds(why, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
		return 0;
	}
	q.request = (struct sts_request){
	    .role_arn = look(ask, "AWS_ROLE_ARN", "role_arn"),
	    .session_name = look(ask, "AWS_ROLE_SESSION_NAME", "role_session_name"),
	    .region = creds_source_region(ask),
	    .ca_file = ask->settings->ca_bundle,
	};
	if (q.request.role_arn == NULL)
		return err_set(e, EXIT_USAGE,
		    "web identity: a token file, %s, but no role (AWS_ROLE_ARN, or role_arn of "
		    "profile %s)",
		    q.token_file, ask->profile->name);
	if (aws_endpoint(&q.endpoint, AWS_STS, ask->top, creds_source_region(ask), e) == -1)
		return -1;
	q.request.endpoint = buf_str(&q.endpoint);
	buf_addf(&q.where, "web identity: role %s", q.request.role_arn);
	creds_cache_key(&rule.key, "action", "AssumeRoleWithWebIdentity");
	creds_cache_key(&rule.key, "endpoint", q.request.endpoint);
	creds_cache_key(&rule.key, "role", q.request.role_arn);
	creds_cache_key(&rule.key, "session", q.request.session_name);
	creds_cache_key(&rule.key, "token file", q.token_file);
	rc = creds_cached(c, &rule, on_ask, &q, e);
	buf_free(&q.where);
	buf_free(&q.endpoint);
	return rc;
}
