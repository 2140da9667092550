/*
 * STS: temporary credentials for a role (STS API reference, "AssumeRole",
 * "AssumeRoleWithWebIdentity", "Common errors"). Reading answers is pure.
 */
#ifndef SHEAF_CREDS_STS_H
#define SHEAF_CREDS_STS_H

#include <stddef.h>

#include "base/err.h"
#include "creds/creds_value.h"

enum { STS_ANSWER_MAX = 64 << 10 };

/* Everything is borrowed; NULL: not given. */
struct sts_request {
	const char *endpoint; /* URL */
	const char *region;   /* to sign for */
	const char *ca_file;
	const char *role_arn;
	const char *session_name;	/* NULL: "sheaf-" and the time */
	const char *external_id;	/* AssumeRole only */
	const char *duration_s;		/* likewise */
	const char *web_identity_token; /* AssumeRoleWithWebIdentity, which is not signed */
	const struct creds *signer;	/* AssumeRole's; NULL with a token */
};

/*
 * Asks STS, with retries, for at most 30 s. 1 with c filled but for its source; -1 with e: "WHERE:
 * https://sts...: 403 AccessDenied: ...".
 */
int sts_assume(struct creds *c, const struct sts_request *r, const char *where, struct err *e);

/* Reads an answer into c. 1, or -1 with EXIT_USAGE: "WHERE: ...", without any value. */
int sts_answer(struct creds *c, const char *doc, size_t len, const char *where, struct err *e);

/* Appends what an error document says, "AccessDenied: ...", or nothing if doc is not one. */
struct buf;
void sts_answer_error(struct buf *out, const char *doc, size_t len);

/* 1 if an answer is worth a retry: 429, 5xx, throttling, an identity provider that STS could not
 * reach. */
int sts_answer_transient(long status, const char *doc, size_t len);

#endif
