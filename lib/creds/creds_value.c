#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "creds/creds_value.h"

static int
is_printable(const char *s)
{
	return ascii_is_visible(s, strlen(s));
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
		    "%s: a key or token with a space or another character that keys never contain",
		    where);
	c->access_key = xstrdup(access_key);
	c->secret_key = xstrdup(secret_key);
	c->session_token = session_token != NULL ? xstrdup(session_token) : NULL;
	return 1;
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
