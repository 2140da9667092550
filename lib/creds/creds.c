#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/iso_time.h"
#include "creds/creds_source.h"

enum { TOKEN_FILE_MAX = 64 << 10 };

/* --- what sources need --- */

static int
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return 0;
	return 1;
}

int
creds_take(struct creds *c, const char *access_key, const char *secret_key,
    const char *session_token, const char *where, struct err *e)
{
	if (session_token != NULL && *session_token == '\0')
		session_token = NULL;
	if (!is_printable(access_key) || !is_printable(secret_key) ||
	    (session_token != NULL && !is_printable(session_token)))
		return err_set(e, EXIT_USAGE,
		    "%s: a key or token with a space or another character that none has", where);
	c->access_key = xstrdup(access_key);
	c->secret_key = xstrdup(secret_key);
	c->session_token = session_token != NULL ? xstrdup(session_token) : NULL;
	return 1;
}

const char *
creds_region(const struct creds_ask *ask)
{
	return ask->settings->region != NULL ? ask->settings->region : "us-east-1";
}

int
creds_read_token(struct buf *token, const char *path, const char *where, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t n;

	if (fd == -1)
		return err_errno(e, EXIT_USAGE, "%s: %s", where, path);
	n = io_read_full(fd, buf_room(token, TOKEN_FILE_MAX + 1), TOKEN_FILE_MAX + 1);
	if (n == -1)
		rc = err_errno(e, EXIT_USAGE, "%s: %s", where, path);
	close(fd);
	if (rc == -1)
		return -1;
	while (n > 0 && strchr(" \t\r\n", token->p[n - 1]) != NULL)
		n--;
	token->len = (size_t)n;
	if (n == 0)
		return err_set(e, EXIT_USAGE, "%s: %s: there is no token in it", where, path);
	if (n > TOKEN_FILE_MAX)
		return err_set(e, EXIT_USAGE, "%s: %s: longer than a token", where, path);
	for (size_t i = 0; i < token->len; i++)
		if (token->p[i] < ' ' || token->p[i] > '~')
			return err_set(e, EXIT_USAGE,
			    "%s: %s: a token with a character that none has", where, path);
	return 0;
}

/* --- environment --- */

int
creds_from_environment(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	const char *access_key = profile_env("AWS_ACCESS_KEY_ID");
	const char *secret_key = profile_env("AWS_SECRET_ACCESS_KEY");
	const char *token = profile_env("AWS_SECURITY_TOKEN");
	const char *expiration = profile_env("AWS_CREDENTIAL_EXPIRATION");

	(void)ask;
	if (access_key == NULL) {
		buf_adds(why, "AWS_ACCESS_KEY_ID is not set");
		return 0;
	}
	if (secret_key == NULL)
		return err_set(
		    e, EXIT_USAGE, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
	if (expiration != NULL && iso_time_parse(expiration, &c->expires) == -1)
		return err_set(e, EXIT_USAGE,
		    "AWS_CREDENTIAL_EXPIRATION='%.200s': not a point in time", expiration);
	c->source = xstrdup("environment");
	return creds_take(c, access_key, secret_key,
	    token != NULL ? token : profile_env("AWS_SESSION_TOKEN"), "environment", e);
}

/* --- profile --- */

/* The keys in one of the two files. */
static int
from_section(struct creds *c, const struct profile *p, const struct ini_section *section,
    const char *file, struct err *e)
{
	const char *access_key = ini_get(section, "aws_access_key_id");
	const char *secret_key = ini_get(section, "aws_secret_access_key");
	const char *token = ini_get(section, "aws_security_token");
	struct buf where = {0};
	int rc;

	if (access_key == NULL || *access_key == '\0')
		return 0;
	if (token == NULL || *token == '\0')
		token = ini_get(section, "aws_session_token");
	buf_addf(&where, "profile %s in %s", p->name, file);
	if (secret_key == NULL || *secret_key == '\0')
		rc = err_set(e, EXIT_USAGE, "%s: aws_access_key_id without aws_secret_access_key",
		    buf_str(&where));
	else
		rc = creds_take(c, access_key, secret_key, token, buf_str(&where), e);
	c->source = xstrdup(buf_str(&where));
	buf_free(&where);
	return rc;
}

static int
from_keys(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	const struct profile *p = ask->profile;
	int rc;

	if (p->in_credentials == NULL && p->in_config == NULL) {
		buf_addf(why, "not in %s or %s",
		    p->credentials_file != NULL ? p->credentials_file : "a credentials file",
		    p->config_file != NULL ? p->config_file : "a config file");
		return 0;
	}
	if ((rc = from_section(c, p, p->in_credentials, p->credentials_file, e)) != 0 ||
	    (rc = creds_from_process(c, ask, why, e)) != 0 ||
	    (rc = from_section(c, p, p->in_config, p->config_file, e)) != 0)
		return rc;
	buf_reset(why);
	buf_adds(why,
	    "it has none of role_arn, web_identity_token_file, sso_account_id, "
	    "aws_access_key_id and credential_process");
	return 0;
}

/* --- the chain --- */

struct source {
	const char *name;
	creds_source *get;
	int of_profile; /* its name goes with the profile's */
};

/* Behind environment and role. */
static const struct source profile_sources[] = {
    {"web identity", creds_from_web_identity, 0},
    {"single sign-on of profile", creds_from_sso, 1},
    {"profile", from_keys, 1},
    {NULL, NULL, 0},
};

static const struct source other_sources[] = {
    {"container", creds_from_container, 0},
    {"instance metadata", creds_from_instance, 0},
    {NULL, NULL, 0},
};

/* One after the other, until one has some or fails. What each said is added to tried. */
static int
try_sources(struct creds *c, const struct creds_ask *ask, const struct source *s, struct buf *tried,
    struct err *e)
{
	struct buf why = {0};
	int rc = 0;

	for (; rc == 0 && s->name != NULL; s++) {
		buf_reset(&why);
		rc = s->get(c, ask, &why, e);
		if (rc == 1 && c->source == NULL)
			c->source = xstrdup(s->name);
		if (rc == 0 && why.len > 0)
			buf_addf(tried, "%s%s%s: %s\n", s->name, s->of_profile ? " " : "",
			    s->of_profile ? ask->profile->name : "", buf_str(&why));
	}
	buf_free(&why);
	return rc;
}

int
creds_from_profile(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	return try_sources(c, ask, profile_sources, why, e);
}

/* All of them; the files are read only where the environment has none. */
static int
try_all(struct creds *c, const struct aws_settings *s, const char *refused, struct buf *tried,
    struct err *e)
{
	static const struct source environment[] = {
	    {"environment", creds_from_environment, 0}, {NULL, NULL, 0}};
	static const struct source role[] = {
	    {"role of profile", creds_from_role, 1}, {NULL, NULL, 0}};
	struct creds_ask ask = {
	    .settings = s, .environment = !s->profile_asked, .refused = refused};
	struct profile p;
	int rc = 0;

	if (!s->profile_asked)
		rc = try_sources(c, &ask, environment, tried, e);
	if (rc != 0)
		return rc;
	if (profile_load(&p, s->profile, e) == -1)
		return -1;
	ask.top = ask.profile = &p;
	if ((rc = try_sources(c, &ask, role, tried, e)) == 0 &&
	    (rc = try_sources(c, &ask, profile_sources, tried, e)) == 0)
		rc = try_sources(c, &ask, other_sources, tried, e);
	profile_free(&p);
	return rc;
}

/* Of no use any more, though the source gave them. */
static int
check_expired(const struct creds *c, struct err *e)
{
	char when[ISO_TIME_LEN + 1];

	if (c->expires == 0 || c->expires > (int64_t)time(NULL))
		return 1;
	iso_time_format(c->expires, when);
	return err_set(
	    e, EXIT_USAGE, "%s: the credentials that it gave expired at %s", c->source, when);
}

static void
no_credentials(const struct buf *tried, struct err *e)
{
	struct buf list = {0};

	for (size_t i = 0; i + 1 < tried->len; i++) {
		if (tried->p[i] == '\n')
			buf_adds(&list, "; ");
		else
			buf_addc(&list, tried->p[i]);
	}
	err_set(e, EXIT_USAGE, "no credentials (%s)", buf_str(&list));
	buf_free(&list);
}

int
creds_resolve_again(struct creds *c, const struct aws_settings *s, const char *refused,
    struct buf *trail, struct err *e)
{
	struct buf tried = {0};
	int rc;

	*c = (struct creds){0};
	rc = try_all(c, s, refused, &tried, e);
	if (rc == 1)
		rc = check_expired(c, e);
	if (trail != NULL) {
		buf_add(trail, tried.p, tried.len);
		if (rc == 1)
			buf_addf(
			    trail, "%s: used%s\n", c->source, c->cached ? ", from our cache" : "");
	}
	if (rc == 0)
		no_credentials(&tried, e);
	if (rc != 1)
		creds_free(c);
	buf_free(&tried);
	return rc == 1 ? 0 : -1;
}

int
creds_resolve(struct creds *c, const struct aws_settings *s, struct buf *trail, struct err *e)
{
	return creds_resolve_again(c, s, NULL, trail, e);
}

static void
wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
creds_free(struct creds *c)
{
	if (c == NULL)
		return;
	wipe(c->access_key);
	wipe(c->secret_key);
	wipe(c->session_token);
	free(c->source);
	*c = (struct creds){0};
}
