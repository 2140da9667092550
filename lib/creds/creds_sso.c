#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aws/aws_endpoint.h"
#include "base/io.h"
#include "base/outfile.h"
#include "base/uri.h"
#include "creds/creds_cache.h"
#include "creds/creds_json.h"
#include "creds/creds_source.h"
#include "creds/sso_token.h"
#include "http/http_once.h"
#include "sums/hash.h"

enum {
	ANSWER_MAX = 64 << 10,
	MESSAGE_MAX = 500,
	TRIES = 4,
	CONNECT_MS = 5000,
	STALL_MS = 10000,
	TOTAL_MS = 30000,
	LOCK_WAIT_MS = 65000,	/* a little longer than a new token and credentials may take */
	TOKEN_LEFT_S = 15 * 60, /* how long before it expires a token is renewed, as by the CLI */
};

/* The settings of the profile and its session, and what follows from them. */
struct question {
	const struct profile *profile;
	const char *session; /* NULL: a profile of the old form */
	const char *start_url, *region, *account_id, *role_name;
	const char *ca_file;
	struct buf portal, oidc; /* URLs */
	struct buf where;	 /* for messages */
	struct buf token_file;
	char token_sha1[41];
};

/* --- the configuration --- */

/* Takes a setting from the session, else from the profile; if both have it they must agree. */
static int
take(struct question *q, const struct ini_section *session, const char *key, const char **out,
    struct buf *missing, struct err *e)
{
	const char *of_session = ini_get(session, key), *of_profile = profile_get(q->profile, key);

	if (of_session != NULL && *of_session == '\0')
		of_session = NULL;
	if (of_session != NULL && of_profile != NULL && strcmp(of_session, of_profile) != 0)
		return err_set(e, EXIT_USAGE, "profile %s: %s differs in [sso-session %s]",
		    q->profile->name, key, q->session);
	*out = of_session != NULL ? of_session : of_profile;
	if (*out == NULL)
		buf_addf(missing, "%s%s", missing->len > 0 ? ", " : "", key);
	return 0;
}

static int
take_settings(struct question *q, struct err *e)
{
	const struct ini_section *session = NULL;
	struct buf missing = {0};
	int rc = 0;

	q->session = profile_get(q->profile, "sso_session");
	if (q->session != NULL &&
	    (session = ini_section(q->profile->config, "sso-session", q->session)) == NULL)
		return err_set(e, EXIT_USAGE,
		    "profile %s: sso_session = %s: there is no [sso-session %s] in %s",
		    q->profile->name, q->session, q->session,
		    q->profile->config_file != NULL ? q->profile->config_file : "a config file");
	if (take(q, session, "sso_start_url", &q->start_url, &missing, e) == -1 ||
	    take(q, session, "sso_region", &q->region, &missing, e) == -1 ||
	    take(q, session, "sso_account_id", &q->account_id, &missing, e) == -1 ||
	    take(q, session, "sso_role_name", &q->role_name, &missing, e) == -1)
		rc = -1;
	else if (missing.len > 0)
		rc = err_set(e, EXIT_USAGE, "profile %s: single sign-on lacks %s", q->profile->name,
		    buf_str(&missing));
	buf_free(&missing);
	return rc;
}

/* ~/.aws/sso/cache/SHA1.json of the session's name, or of the start URL. */
static void
find_token_file(struct question *q)
{
	const char *name = q->session != NULL ? q->session : q->start_url;
	const char *home = profile_home();

	hash_hex_of(q->token_sha1, HASH_SHA1, name, strlen(name));
	buf_addf(
	    &q->token_file, "%s/.aws/sso/cache/%s.json", home != NULL ? home : "", q->token_sha1);
	buf_str(&q->token_file);
}

/* --- the token --- */

/* The error for any problem with the token. */
static int
login_needed(const struct question *q, const char *why, struct err *e)
{
	return err_set(e, EXIT_USAGE, "%s: %s; run: aws sso login --profile %s", q->where.p, why,
	    q->profile->name);
}

static int
read_token(struct sso_token *t, struct question *q, struct err *e)
{
	int fd = open(buf_str(&q->token_file), O_RDONLY | O_CLOEXEC), rc;
	struct buf text = {0};
	ssize_t n;

	if (fd == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			login_needed(q, "nobody is logged in", e);
		else
			err_errno(e, EXIT_USAGE, "%s: %s", q->where.p, q->token_file.p);
		return -1;
	}
	n = io_read_full(fd, buf_room(&text, ANSWER_MAX), ANSWER_MAX);
	close(fd);
	rc = n >= 0 ? sso_token_read(t, text.p, (size_t)n) : -1;
	explicit_bzero(text.p, text.cap);
	buf_free(&text);
	if (rc == -1)
		login_needed(q, "the token in the AWS CLI's cache is broken", e);
	return rc;
}

/* A failure is ignored: the token is valid anyway, and the file is the CLI's. */
static void
write_token(const struct sso_token *t, struct question *q)
{
	struct buf text = {0};

	buf_room(&text, ANSWER_MAX);
	if (sso_token_write(&text, t, q->start_url, q->region) == 0)
		outfile_put_private(buf_str(&q->token_file), text.p, text.len);
	buf_wipe(&text);
}

static void
limits(struct http_once *h, const struct question *q)
{
	h->answer_max = ANSWER_MAX;
	h->tries = TRIES;
	h->connect_ms = CONNECT_MS;
	h->stall_ms = STALL_MS;
	h->total_ms = TOTAL_MS;
	h->ca_file = q->ca_file;
}

/* 1 if t is a new token now; 0 with why. */
static int
renew_token(struct sso_token *t, struct question *q, struct buf *why)
{
	struct http_once h = {.method = "POST"};
	struct buf url = {0}, body = {0};
	struct http_answer a = {0};
	struct err problem;
	int renewed = 0;

	buf_addf(&url, "%s/token", buf_str(&q->oidc));
	buf_room(&body, ANSWER_MAX); /* it must not move, so that all of it can be wiped */
	sso_token_request(&body, t);
	limits(&h, q);
	h.url = buf_str(&url);
	h.body = buf_str(&body);
	h.body_len = body.len;
	http_once_header(&h, "Content-Type", "application/json");
	if (http_once(&h, &a, &problem) == -1) {
		buf_addf(why, "%s", problem.text);
	} else if (a.status != 200) {
		buf_addf(why, "%s: %ld ", q->oidc.p, a.status);
		creds_json_message(
		    why, a.body.p, a.body.len, "error_description", "error", MESSAGE_MAX);
	} else if (sso_token_renew(t, a.body.p, a.body.len, (int64_t)time(NULL)) == -1) {
		buf_addf(why, "%s: the answer holds no token", q->oidc.p);
	} else {
		renewed = 1;
		write_token(t, q);
	}
	http_answer_free(&a);
	explicit_bzero(body.p, body.cap);
	buf_free(&body);
	buf_free(&url);
	return renewed;
}

/*
 * The token of a session is renewed shortly before it expires, by one process only, as a refresh
 * token can be used once. The token of a profile of the old form is used as it is.
 */
static int
get_token(struct sso_token *t, struct question *q, struct err *e)
{
	int64_t now = (int64_t)time(NULL);
	struct buf why = {0}, text = {0};
	int lock, rc = 0;

	if (read_token(t, q, e) == -1)
		return -1;
	if (q->session == NULL || t->expires - now >= TOKEN_LEFT_S)
		return 0;
	lock = creds_lock(q->token_sha1, TOTAL_MS);
	sso_token_free(t);
	if (read_token(t, q, e) == -1) {
		creds_unlock(lock);
		return -1;
	}
	if (t->expires - now < TOKEN_LEFT_S && sso_token_renewable(t, now))
		(void)renew_token(t, q, &why);
	creds_unlock(lock);
	if (t->expires <= now) {
		buf_addf(&text, "the token has expired%s%s", why.len > 0 ? ", no new one: " : "",
		    buf_str(&why));
		rc = login_needed(q, buf_str(&text), e);
		sso_token_free(t);
	}
	buf_free(&text);
	buf_free(&why);
	return rc;
}

/* --- the credentials --- */

static int
take_answer(struct creds *c, struct question *q, const struct http_answer *a, struct err *e)
{
	struct buf message = {0};
	int rc;

	if (a->status == 200)
		return creds_json_parse(
		    c, &creds_json_sso, a->body.p, a->body.len, buf_str(&q->where), e);
	if (a->status == 401)
		return login_needed(q, "the token has expired or is not valid", e);
	creds_json_message(&message, a->body.p, a->body.len, "message", "Message", MESSAGE_MAX);
	rc = err_set(e, a->status >= 500 ? EXIT_FAILED : EXIT_USAGE, "%s: %s: %ld %s",
	    buf_str(&q->where), buf_str(&q->portal), a->status, buf_str(&message));
	buf_free(&message);
	return rc;
}

static int
on_ask(struct creds *c, void *arg, struct err *e)
{
	struct question *q = arg;
	struct http_once h = {.method = "GET"};
	struct sso_token token;
	struct buf url = {0};
	struct http_answer a = {0};
	struct err why;
	int rc;

	if (get_token(&token, q, e) == -1)
		return -1;
	buf_addf(&url, "%s/federation/credentials?role_name=", buf_str(&q->portal));
	uri_encode(&url, q->role_name, strlen(q->role_name), 0);
	buf_adds(&url, "&account_id=");
	uri_encode(&url, q->account_id, strlen(q->account_id), 0);
	limits(&h, q);
	h.url = buf_str(&url);
	http_once_header(&h, "x-amz-sso_bearer_token", token.access_token);
	if (http_once(&h, &a, &why) == -1)
		rc = err_set(e, why.status, "%s: %s", buf_str(&q->where), why.text);
	else
		rc = take_answer(c, q, &a, e);
	c->source = xstrdup(buf_str(&q->where));
	http_answer_free(&a);
	buf_free(&url);
	sso_token_free(&token);
	return rc;
}

int
creds_from_sso(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	struct question q = {.profile = ask->profile, .ca_file = ask->settings->ca_bundle};
	struct creds_cached rule = {.refused = ask->refused, .wait_ms = LOCK_WAIT_MS};
	int rc = -1;

	(void)why;
	if (profile_get(ask->profile, "sso_account_id") == NULL &&
	    profile_get(ask->profile, "sso_role_name") == NULL)
		return 0;
	if (take_settings(&q, e) == -1 ||
	    aws_endpoint(&q.portal, AWS_SSO, ask->top, q.region, e) == -1 ||
	    aws_endpoint(&q.oidc, AWS_SSO_OIDC, ask->top, q.region, e) == -1)
		goto out;
	find_token_file(&q);
	buf_addf(&q.where, "profile %s: single sign-on as %s in account %s", ask->profile->name,
	    q.role_name, q.account_id);
	buf_str(&q.where);
	creds_cache_key(&rule.key, "action", "GetRoleCredentials");
	creds_cache_key(&rule.key, "endpoint", buf_str(&q.portal));
	creds_cache_key(&rule.key, "session", q.session);
	creds_cache_key(&rule.key, "start URL", q.start_url);
	creds_cache_key(&rule.key, "account", q.account_id);
	creds_cache_key(&rule.key, "role", q.role_name);
	if (access(q.token_file.p, F_OK) == -1) { /* logged out: ignore the cache */
		buf_free(&rule.key);
		rc = on_ask(c, &q, e);
	} else {
		rc = creds_cached(c, &rule, on_ask, &q, e);
	}
out:
	buf_free(&q.portal);
	buf_free(&q.oidc);
	buf_free(&q.where);
	buf_free(&q.token_file);
	return rc;
}
