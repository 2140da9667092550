/*
 * TLS for the connections in fetch_conn.h, by OpenSSL: TLS 1.2 or newer, the server's certificate
 * checked, sessions resumed. All connections share one context; libcurl would make one for each,
 * which takes half as long as the handshake. Only fetch_conn.c includes this.
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
	const char *ca_file; /* trust these certificates (PEM) only; NULL: the system's. Borrowed */
	SSL_CTX *ctx;	     /* made for the first connection */
	BIO_METHOD *method;
	struct fetch_tls_session sessions[FETCH_TLS_SESSIONS]; /* the last one of each origin */
	size_t n_sessions;				       /* ever begun */
};

enum { FETCH_TLS_IO_LATER = -2 };

/* The bytes below TLS. send and recv return as fetch_conn_send and fetch_conn_recv do; with -1 they
 * fill error. */
struct fetch_tls_io {
	ssize_t (*send)(void *owner, const char *p, size_t n);
	ssize_t (*recv)(void *owner, char *p, size_t n);
	void *owner;
	char *error; /* FETCH_TLS_ERROR_LEN bytes: why something failed, "" if unknown */
};

/* One connection's TLS. */
struct fetch_tls_stream {
	struct fetch_tls *tls;
	SSL *ssl; /* NULL: none */
	struct fetch_tls_io io;
	const char *origin; /* borrowed */
	int later;	    /* the last step lacked something that the socket will tell of */
};

/* The context; NULL when the certificates to trust cannot be read. Reading a bundle takes 20 ms, so
 * this happens when TLS is needed. */
SSL_CTX *fetch_tls_ctx(struct fetch_tls *t);
void fetch_tls_free(struct fetch_tls *t);

/* Prepares s to speak to origin ("https://host:port"; borrowed until fetch_tls_end). 0, or -1 with
 * io->error filled. */
int fetch_tls_begin(struct fetch_tls_stream *s, struct fetch_tls *t, const char *origin,
    const struct fetch_tls_io *io);

enum fetch_tls_result { FETCH_TLS_LATER, FETCH_TLS_OPEN, FETCH_TLS_UNTRUSTED, FETCH_TLS_LOST };

/* Goes on with the handshake. For the last two the error is filled. */
enum fetch_tls_result fetch_tls_shake(struct fetch_tls_stream *s);

/* 1 when the handshake resumed a session. */
int fetch_tls_is_resumed(const struct fetch_tls_stream *s);

/* As fetch_conn_send and fetch_conn_recv; -1: the error is filled. */
ssize_t fetch_tls_send(struct fetch_tls_stream *s, const char *p, size_t n);
ssize_t fetch_tls_recv(struct fetch_tls_stream *s, char *p, size_t n);

/* Says good-bye where polite, that is where the other side may still hear it, and frees. */
void fetch_tls_end(struct fetch_tls_stream *s, int polite);

#endif
