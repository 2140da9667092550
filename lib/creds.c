#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creds_source.h"

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

static int
from_environment(struct creds *c, const struct profile *p, struct buf *why, struct err *e)
{
	const char *access_key = profile_env("AWS_ACCESS_KEY_ID");
	const char *secret_key = profile_env("AWS_SECRET_ACCESS_KEY");
	const char *token = profile_env("AWS_SESSION_TOKEN");

	(void)p;
	if (access_key == NULL) {
		buf_adds(why, "AWS_ACCESS_KEY_ID is not set");
		return 0;
	}
	if (secret_key == NULL)
		return err_set(
		    e, EXIT_USAGE, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
	return creds_take(c, access_key, secret_key,
	    token != NULL ? token : profile_env("AWS_SECURITY_TOKEN"), "environment", e);
}

static int
from_web_identity(struct creds *c, const struct profile *p, struct buf *why, struct err *e)
{
	(void)c;
	(void)p;
	if (profile_env("AWS_WEB_IDENTITY_TOKEN_FILE") != NULL)
		return err_set(e, EXIT_USAGE,
		    "AWS_WEB_IDENTITY_TOKEN_FILE: web identity is not supported yet");
	buf_adds(why, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
	return 0;
}

/* What a profile may ask for, and is not there yet; each goes before the profile's own keys. */
static int
unsupported(const struct profile *p, struct err *e)
{
	static const struct {
		const char *key, *what;
	} asked[] = {
		{"web_identity_token_file", "web identity"},
		{"role_arn", "assuming a role"},
		{"sso_session", "single sign-on"},
		{"sso_start_url", "single sign-on"},
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (profile_get(p, asked[i].key) != NULL)
			return err_set(e, EXIT_USAGE, "profile %s: %s (%s) is not supported yet",
			    p->name, asked[i].what, asked[i].key);
	return 0;
}

/* The keys in one of the two files. */
static int
from_section(struct creds *c, const struct profile *p, const struct ini_section *section,
    const char *file, struct err *e)
{
	const char *access_key = ini_get(section, "aws_access_key_id");
	const char *secret_key = ini_get(section, "aws_secret_access_key");
	const char *token = ini_get(section, "aws_session_token");
	struct buf where = {0};
	int rc;

	if (access_key == NULL || *access_key == '\0')
		return 0;
	if (token == NULL || *token == '\0')
		token = ini_get(section, "aws_security_token");
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
from_profile(struct creds *c, const struct profile *p, struct buf *why, struct err *e)
{
	int rc;

	if (p->in_credentials == NULL && p->in_config == NULL) {
		buf_addf(why, "not in %s or %s",
		    p->credentials_file != NULL ? p->credentials_file : "a credentials file",
		    p->config_file != NULL ? p->config_file : "a config file");
		return 0;
	}
	if (unsupported(p, e) == -1)
		return -1;
	if ((rc = from_section(c, p, p->in_credentials, p->credentials_file, e)) != 0 ||
	    (rc = creds_from_process(c, p, why, e)) != 0 ||
	    (rc = from_section(c, p, p->in_config, p->config_file, e)) != 0)
		return rc;
	buf_reset(why);
	buf_adds(why, "it has neither aws_access_key_id nor credential_process");
	return 0;
}

static int
from_container(struct creds *c, const struct profile *p, struct buf *why, struct err *e)
{
	(void)c;
	(void)p;
	(void)e;
	if (profile_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL ||
	    profile_env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL)
		buf_adds(why, "not supported yet");
	else
		buf_adds(why, "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set");
	return 0;
}

static int
from_instance(struct creds *c, const struct profile *p, struct buf *why, struct err *e)
{
	(void)c;
	(void)p;
	(void)e;
	buf_adds(why, "not supported yet");
	return 0;
}

static const struct {
	const char *name;
	creds_source *get;
	int not_if_profile_asked; /* passed over where --profile was given */
} sources[] = {
	{"environment", from_environment, 1},
	{"web identity", from_web_identity, 1},
	{"profile", from_profile, 0},
	{"container", from_container, 0},
	{"instance metadata", from_instance, 0},
};

/* -1 also when no source has any. */
static int
try_all(struct creds *c, const struct aws_settings *s, const struct profile *p, struct buf *tried,
    struct err *e)
{
	struct buf why = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(sources) / sizeof(sources[0]); i++) {
		const char *profile = sources[i].get == from_profile ? p->name : NULL;

		if (sources[i].not_if_profile_asked && s->profile_asked)
			continue;
		buf_reset(&why);
		rc = sources[i].get(c, p, &why, e);
		if (rc == 1 && c->source == NULL)
			c->source = xstrdup(sources[i].name);
		if (rc != 0)
			break;
		buf_addf(tried, "%s%s%s: %s\n", sources[i].name, profile != NULL ? " " : "",
		    profile != NULL ? profile : "", buf_str(&why));
	}
	buf_free(&why);
	return rc == 1 ? 0 : -1;
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
creds_resolve(struct creds *c, const struct aws_settings *s, struct buf *trail, struct err *e)
{
	struct err own = {.status = 0};
	struct buf tried = {0};
	struct profile p;
	int rc;

	*c = (struct creds){0};
	if (profile_load(&p, s->profile, e) == -1)
		return -1;
	rc = try_all(c, s, &p, &tried, &own);
	if (trail != NULL) {
		buf_add(trail, tried.p, tried.len);
		if (rc == 0)
			buf_addf(trail, "%s: used\n", c->source);
	}
	if (rc == -1) {
		creds_free(c);
		if (own.status == 0)
			no_credentials(&tried, e);
		else
			err_set(e, own.status, "%s", own.text);
	}
	buf_free(&tried);
	profile_free(&p);
	return rc;
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
