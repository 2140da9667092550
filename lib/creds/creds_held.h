/*
 * The credentials that a program works with: resolved at its start, renewed before they expire, and
 * when a server calls them expired. What is told goes to the log.
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
	unsigned generation;		     /* counts up whenever creds are others */
	time_t tried_at;		     /* when they were to be renewed; 0: never */
	time_t failed_at;		     /* when that gave no others; 0: never */
};

/* Resolves; p as read with the settings. -1 with e, as from creds_resolve. */
int creds_held_open(struct creds_held *h, const struct aws_settings *settings,
    const struct profile *p, struct err *e);
void creds_held_close(struct creds_held *h);

/* Before they are used at the time now, by the server's clock: renews those that are about to
 * expire. Where that fails, what there is stays. */
void creds_held_use(struct creds_held *h, time_t now);

/* A server calls those of that generation expired: 1 when there are others to try, got now if need
 * be. */
int creds_held_refused(struct creds_held *h, unsigned generation);

#endif
