/*
 * TLS sessions shared by the processes of one run, so that one of them does the full handshake with
 * a server and the others resume it (docs/engine.md, "TLS").
 *
 * They are kept in an unnamed file that libexec/merge opens and its processes inherit;
 * SHEAF_SESSIONS is the descriptor number. No other user can open it, as a session vouches for the
 * server's identity. Without a usable file nothing is shared.
 *
 * A session is valid for one origin and one set of trusted certificates.
 */
#ifndef SHEAF_HTTP_FETCH_TLS_SHARE_H
#define SHEAF_HTTP_FETCH_TLS_SHARE_H

#include <openssl/ssl.h>

#include "base/buf.h"

/* Shares a session with the server at origin ("https://host:port"); trust is what identifies the
 * certificates it was verified with, and their state. All are borrowed. Failures are not reported:
 * the other processes do the handshake themselves. */
void fetch_tls_share_put(const char *origin, const struct buf *trust, SSL_SESSION *session);

/* The session shared last; NULL: none. The caller frees it (SSL_SESSION_free). */
SSL_SESSION *fetch_tls_share_get(const char *origin, const struct buf *trust);

#endif
