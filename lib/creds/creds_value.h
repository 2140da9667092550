/*
 * One set of credentials.
 */
#ifndef SHEAF_CREDS_CREDS_VALUE_H
#define SHEAF_CREDS_CREDS_VALUE_H

#include <stdint.h>

#include "base/err.h"

struct creds {
	char *access_key;    /* owned */
	char *secret_key;    /* owned; wiped by creds_free */
	char *session_token; /* owned; NULL if there is none */
	int64_t expires;     /* Unix seconds; 0: never */
	char *source; /* owned; for -v: "environment", "profile x in /home/u/.aws/credentials" */
	int cached;   /* found in our own cache */
};

/*
 * Copies what a source found into c. Refuses keys and tokens that are not printable ASCII, as they
 * end up in a header. where names the source, for the message. 1, or -1 with EXIT_USAGE; e may be
 * NULL.
 */
int creds_take(struct creds *c, const char *access_key, const char *secret_key,
    const char *session_token, const char *where, struct err *e);

/* Wipes the secrets. creds_free(NULL) is fine. */
void creds_free(struct creds *c);

#endif
