#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "creds/creds.h"
#include "creds/creds_held.h"

enum {
	REFRESH_S = 120, /* how long before they expire credentials are renewed */
	PAUSE_S = 15,	 /* between two attempts, if the first changed nothing */
};

/* Logs which source won and why the others did not, a line each, for --verbose. */
static void
log_trail(const struct buf *trail)
{
	size_t from = 0;

	for (size_t i = 0; i < trail->len; i++) {
		if (trail->p[i] != '\n')
			continue;
		log_line(LOG_INFO, NULL, "credentials: %.*s", (int)(i - from), trail->p + from);
		from = i + 1;
	}
}

int
creds_held_open(struct creds_held *h, const struct aws_settings *settings, const struct profile *p,
    struct err *e)
{
	struct buf trail = {0};
	int rc;

	*h = (struct creds_held){.settings = settings};
	if ((rc = creds_resolve(&h->creds, settings, p, NULL, &trail, e)) == 0)
		log_trail(&trail);
	buf_free(&trail);
	return rc;
}

void
creds_held_close(struct creds_held *h)
{
	creds_free(&h->creds);
}

static int
differ(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") != 0;
}

static void
renew(struct creds_held *h, const char *refused)
{
	struct creds fresh;
	struct buf trail = {0};
	struct err why;

	h->tried_at = h->failed_at = time(NULL);
	if (creds_resolve(&fresh, h->settings, NULL, refused, &trail, &why) == -1) {
		log_line(LOG_WARN, NULL, "no new credentials: %s", why.text);
	} else if (differ(fresh.access_key, h->creds.access_key) ||
	    differ(fresh.session_token, h->creds.session_token)) {
		creds_free(&h->creds);
		h->creds = fresh;
		h->generation++;
		h->failed_at = 0;
		log_trail(&trail);
	} else {
		h->creds.expires = fresh.expires;
		creds_free(&fresh);
	}
	buf_free(&trail);
}

void
creds_held_use(struct creds_held *h, time_t now)
{
	if (h->creds.expires == 0 || h->creds.expires - now >= REFRESH_S)
		return;
	if (h->tried_at == 0 || time(NULL) - h->tried_at >= PAUSE_S)
		renew(h, NULL);
}

int
creds_held_refused(struct creds_held *h, unsigned generation)
{
	if (h->generation == generation &&
	    (h->failed_at == 0 || time(NULL) - h->failed_at >= PAUSE_S))
		renew(h, h->creds.access_key);
	return h->generation != generation;
}
