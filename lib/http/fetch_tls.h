/*
 * TLS for the connections in fetch_conn.h, by OpenSSL: TLS 1.2 or newer, certificates verified,
 * sessions resumed. All connections share one context; libcurl would create one for each, which
 * takes half as long as the handshake.
 */
#ifndef SHEAF_HTTP_FETCH_TLS_H
#define SHEAF_HTTP_FETCH_TLS_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

enum { FETCH_TLS_SESSIONS = 16, FETCH_TLS_ERROR_LEN = 256 };

struct fetch_tls_session {
	struct buf origin;
	SSL_SESSION *session;
};

/* What the connections of an engine share. */
struct fetch_tls {
	const char *ca_file; /* trust these certificates (PEM) only; NULL: those of SSL_CERT_FILE
				and of the folders SSL_CERT_DIR, else the system's. Borrowed */
	struct buf trust;    /* what identifies the trusted certificates */
	SSL_CTX *ctx;	     /* created for the first connection */
	BIO_METHOD *method;
	struct fetch_tls_session sessions[FETCH_TLS_SESSIONS]; /* the latest of each origin */
	size_t n_sessions;				       /* origins seen, ever */
};

enum { FETCH_TLS_IO_LATER = -2 };

/* The bytes below TLS. send and recv return as fetch_conn_send and fetch_conn_recv do; with -1 they
 * fill error. */
struct fetch_tls_io {
	ssize_t (*send)(void *owner, const char *p, size_t n);
	ssize_t (*recv)(void *owner, char *p, size_t n);
	void *owner;
	char *error; /* FETCH_TLS_ERROR_LEN bytes: why it failed, "" if unknown */
};

/* One connection's TLS. */
struct fetch_tls_stream {
	struct fetch_tls *tls;
	SSL *ssl; /* NULL: none */
	struct fetch_tls_io io;
	const char *origin; /* borrowed */
	int later;	    /* the last step waits for the socket */
};

/* The context, created on first use because reading a bundle of certificates takes 20 ms. NULL when
 * the certificates to trust cannot be read. */
SSL_CTX *fetch_tls_ctx(struct fetch_tls *t);
void fetch_tls_free(struct fetch_tls *t);

/* Prepares s for a handshake with origin ("https://host:port"; borrowed until fetch_tls_end). 0, or
 * -1 with io->error filled. */
int fetch_tls_begin(struct fetch_tls_stream *s, struct fetch_tls *t, const char *origin,
    const struct fetch_tls_io *io);

enum fetch_tls_result { FETCH_TLS_LATER, FETCH_TLS_OPEN, FETCH_TLS_UNTRUSTED, FETCH_TLS_LOST };

/* Continues the handshake. UNTRUSTED and LOST fill the error. */
enum fetch_tls_result fetch_tls_shake(struct fetch_tls_stream *s);

/* 1 if the handshake resumed a session. */
int fetch_tls_is_resumed(const struct fetch_tls_stream *s);

/* Return as fetch_conn_send and fetch_conn_recv do; with -1 the error is filled. */
ssize_t fetch_tls_send(struct fetch_tls_stream *s, const char *p, size_t n);
ssize_t fetch_tls_recv(struct fetch_tls_stream *s, char *p, size_t n);

/* Frees s; polite: sends close_notify first, as the peer can still receive it. */
void fetch_tls_end(struct fetch_tls_stream *s, int polite);

#endif
