/*
 * The sources that credentials come from, one function each, tried in order by creds.c; only the
 * sources and creds.c include this. A new source is a function of this type and a line in creds.c's
 * table.
 *
 *  1: c is filled; creds.c fills in a name where c->source is still NULL.
 *  0: this source has none; why says so in a few words, for the message that lists what was tried.
 * -1: it was asked for them and failed, or is not supported: e is filled, no other is tried.
 */
#ifndef SHEAF_CREDS_SOURCE_H
#define SHEAF_CREDS_SOURCE_H

#include "buf.h"
#include "creds.h"
#include "profile.h"

typedef int creds_source(struct creds *c, const struct profile *p, struct buf *why, struct err *e);

/* The profile's credential_process, run by /bin/sh (AWS SDKs and tools reference guide, "Process
 * credential provider"). */
creds_source creds_from_process;

/*
 * Takes what a source found into c, copied. Refuses keys and tokens that are no printable ASCII:
 * they would end up in a header. where names the place, for the message.
 */
int creds_take(struct creds *c, const char *access_key, const char *secret_key,
    const char *session_token, const char *where, struct err *e);

#endif
