#include "base/iso_time.h"
#include "creds/creds_source.h"

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
		return err_set(
		    e, EXIT_USAGE, "AWS_CREDENTIAL_EXPIRATION='%.200s': not a time", expiration);
	c->source = xstrdup("environment");
	return creds_take(c, access_key, secret_key,
	    token != NULL ? token : profile_env("AWS_SESSION_TOKEN"), "environment", e);
}
