#include "creds/creds_source.h"

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
		buf_adds(why, "not in ");
		profile_add_files(why, p);
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

int
creds_from_profile(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	static const struct creds_source_name sources[] = {
	    {"web identity", creds_from_web_identity, 0},
	    {"single sign-on of profile", creds_from_sso, 1},
	    {"profile", from_keys, 1},
	    {NULL, NULL, 0},
	};

	return creds_source_try(c, ask, sources, why, e);
}
