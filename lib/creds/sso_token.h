/*
 * The token that `aws sso login` leaves in ~/.aws/sso/cache, and the answers that renew it (IAM
 * Identity Center OIDC API reference, "CreateToken"). Pure.
 */
#ifndef SHEAF_CREDS_SSO_TOKEN_H
#define SHEAF_CREDS_SSO_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Strings are owned; NULL: not there. */
struct sso_token {
	char *access_token;
	int64_t expires; /* Unix seconds */
	char *refresh_token, *client_id, *client_secret;
	char *registration_expires;	 /* as written, for writing it again */
	int64_t registration_expires_at; /* Unix seconds; 0: not there, or no point in time */
};

/* A file of the cache. 0; or -1 when it is no JSON object with an access token, of printable ASCII,
 * and the time it expires; then t is zeroed. */
int sso_token_read(struct sso_token *t, const char *text, size_t len);

/* The body of a request that renews it; 1 in sso_token_renewable: it can be made. */
int sso_token_renewable(const struct sso_token *t, int64_t now);
void sso_token_request(struct buf *out, const struct sso_token *t);

/* The answer to it, into t. 0, or -1 when it holds no token; then t is as it was. */
int sso_token_renew(struct sso_token *t, const char *text, size_t len, int64_t now);

/* The file that the CLI would write. -1 when a string is no UTF-8. */
int sso_token_write(
    struct buf *out, const struct sso_token *t, const char *start_url, const char *region);

/* Wipes. */
void sso_token_free(struct sso_token *t);

#endif
