/*
 * The credentials that a program works with: resolved when it starts, renewed before they expire,
 * and when a server calls them expired. Messages go to the log.
 */
#ifndef SHEAF_CREDS_CREDS_HELD_H
#define SHEAF_CREDS_CREDS_HELD_H

#include <time.h>

#include "aws/aws_settings.h"
#include "base/err.h"
#include "creds/creds_value.h"

struct creds_held {
	struct creds creds;
	const struct aws_settings *settings; /* borrowed */
	unsigned generation;		     /* counts up whenever creds change */
	time_t tried_at;		     /* last attempt to renew them; 0: none */
	time_t failed_at;		     /* last attempt that gave the same ones; 0: none */
};

/* Resolves; p as read with the settings. -1 with e, as from creds_resolve. */
int creds_held_open(struct creds_held *h, const struct aws_settings *settings,
    const struct profile *p, struct err *e);
void creds_held_close(struct creds_held *h);

/* Call before using them at the time now, by the server's clock: renews credentials that are about
 * to expire. If that fails, they stay as they are. */
void creds_held_use(struct creds_held *h, time_t now);

/* A server calls the credentials of that generation expired. 1 if there are others to try; renews
 * them if need be. */
int creds_held_refused(struct creds_held *h, unsigned generation);

#endif
