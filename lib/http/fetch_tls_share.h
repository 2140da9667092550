/*
 * TLS sessions that the processes of one run share, so that one makes the full handshake with a
 * server and the others resume it: to read and check the certificates takes 2 ms of CPU in each.
 *
 * They are in a file without a name, which libexec/merge opens and all that it starts inherits;
 * SHEAF_SESSIONS is the descriptor's number. No other user can open it: a session speaks for the
 * server's identity. Its bytes may reach the disk of the work folder. Where there is no such file,
 * or it cannot be used, nothing is shared.
 *
 * A session is for one origin and for what was trusted when it was made: a file or folder of
 * certificates, as long as nobody has replaced it.
 */
#ifndef SHEAF_HTTP_FETCH_TLS_SHARE_H
#define SHEAF_HTTP_FETCH_TLS_SHARE_H

#include <openssl/ssl.h>

/* Shares a session with the server at origin ("https://host:port"); trust is the file or folder of
 * the certificates that vouched for it. All are borrowed. That it could not is not told: the others
 * then make the handshake themselves. */
void fetch_tls_share_put(const char *origin, const char *trust, SSL_SESSION *session);

/* The session that was shared last; NULL: none. The caller frees it (SSL_SESSION_free). */
SSL_SESSION *fetch_tls_share_get(const char *origin, const char *trust);

#endif
