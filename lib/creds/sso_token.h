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
	char *registration_expires;	 /* as read, to write it back */
	int64_t registration_expires_at; /* Unix seconds; 0: absent or invalid */
};

/* Reads a file of the cache. -1 if it is not a JSON object with an access token of printable ASCII
 * and the time it expires; then t is zeroed. */
int sso_token_read(struct sso_token *t, const char *text, size_t len);

/* The body of a request that renews the token; sso_token_renewable: 1 if it can be made. */
int sso_token_renewable(const struct sso_token *t, int64_t now);
void sso_token_request(struct buf *out, const struct sso_token *t);

/* Reads the answer into t. 0, or -1 if it holds no token; t is unchanged then. */
int sso_token_renew(struct sso_token *t, const char *text, size_t len, int64_t now);

/* Writes the file as the CLI does. -1 if a string is not UTF-8. */
int sso_token_write(
    struct buf *out, const struct sso_token *t, const char *start_url, const char *region);

/* Wipes. */
void sso_token_free(struct sso_token *t);

#endif
