#include <string.h>
#include <time.h>

#include "base/iso_time.h"
#include "creds/creds.h"
#include "creds/creds_source.h"

static int
try_profile(struct creds *c, struct creds_ask *ask, const struct profile *p, struct buf *tried,
    struct err *e)
{
	static const struct creds_source_name role[] = {
	    {"role of profile", creds_from_role, 1}, {NULL, NULL, 0}};
	static const struct creds_source_name others[] = {
	    {"container", creds_from_container, 0},
	    {"instance metadata", creds_from_instance, 0},
	    {NULL, NULL, 0},
	};
	int rc;

	ask->top = ask->profile = p;
	if ((rc = creds_source_try(c, ask, role, tried, e)) == 0 &&
	    (rc = creds_from_profile(c, ask, tried, e)) == 0)
		rc = creds_source_try(c, ask, others, tried, e);
	return rc;
}

static int
try_all(struct creds *c, const struct aws_settings *s, const struct profile *p, const char *refused,
    struct buf *tried, struct err *e)
{
	static const struct creds_source_name environment[] = {
	    {"environment", creds_from_environment, 0}, {NULL, NULL, 0}};
	struct creds_ask ask = {
	    .settings = s, .environment = !s->profile_asked, .refused = refused};
	struct profile again;
	int rc = 0;

	if (!s->profile_asked)
		rc = creds_source_try(c, &ask, environment, tried, e);
	if (rc != 0)
		return rc;
	if (p != NULL)
		return try_profile(c, &ask, p, tried, e);
	if (profile_load(&again, s->profile, e) == -1)
		return -1;
	rc = try_profile(c, &ask, &again, tried, e);
	profile_free(&again);
	return rc;
}

/* A source may give credentials that have expired. */
static int
check_expired(const struct creds *c, struct err *e)
{
	char when[ISO_TIME_LEN + 1];

	if (c->expires == 0 || c->expires > (int64_t)time(NULL))
		return 1;
	iso_time_format(c->expires, when);
	return err_set(e, EXIT_USAGE, "%s: its credentials expired at %s", c->source, when);
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
creds_resolve(struct creds *c, const struct aws_settings *s, const struct profile *p,
    const char *refused, struct buf *trail, struct err *e)
{
	struct buf tried = {0};
	int rc;

	*c = (struct creds){0};
	rc = try_all(c, s, p, refused, &tried, e);
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
