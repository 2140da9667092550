#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "http/fetch_tls.h"
#include "http/fetch_tls_share.h"
#include "http/origin.h"

enum { HOST_MAX = 256 };

/* --- the bytes below --- */

/* Translates the result of send or recv for a BIO. */
static int
bio_result(BIO *b, struct fetch_tls_stream *s, ssize_t n)
{
	BIO_clear_retry_flags(b);
	if (n == FETCH_TLS_IO_LATER) {
		s->later = 1;
		BIO_set_retry_read(b); /* read or write does not matter */
	}
	return n > 0 ? (int)n : -(n != 0);
}

static int
on_write(BIO *b, const char *p, int n)
{
	struct fetch_tls_stream *s = BIO_get_data(b);

	return bio_result(b, s, s->io.send(s->io.owner, p, (size_t)n));
}

static int
on_read(BIO *b, char *p, int n)
{
	struct fetch_tls_stream *s = BIO_get_data(b);
	ssize_t got = s->io.recv(s->io.owner, p, (size_t)n);

	if (got == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return bio_result(b, s, got);
}

static long
on_ctrl(BIO *b, int what, long n, void *p)
{
	(void)n;
	(void)p;
	switch (what) {
	case BIO_CTRL_FLUSH: return 1;
	case BIO_CTRL_EOF: return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	default: return 0;
	}
}

/* --- sessions --- */

/* An environment variable; NULL if unset or empty. */
static const char *
variable(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0' ? s : NULL;
}

/* The file of trusted certificates; NULL: none. */
static const char *
trusted_file(const struct fetch_tls *t)
{
	return t->ca_file != NULL ? t->ca_file : variable(X509_get_default_cert_file_env());
}

/* The folders of trusted certificates, hashed; NULL: none. */
static const char *
trusted_folders(const struct fetch_tls *t)
{
	const char *dirs = variable(X509_get_default_cert_dir_env());

	if (t->ca_file != NULL)
		return NULL;
	return dirs != NULL ? dirs : X509_get_default_cert_dir();
}

/* Adds what tells a file or folder from others, and from what is put in its place. */
static void
add_identity(struct buf *out, const char *path)
{
	struct stat st;

	if (path == NULL)
		return;
	buf_addf(out, "%s\n", path);
	if (stat(path, &st) == 0)
		buf_addf(out, "%llu %llu %lld.%09ld\n", (unsigned long long)st.st_dev,
		    (unsigned long long)st.st_ino, (long long)st.st_mtim.tv_sec,
		    st.st_mtim.tv_nsec);
}

static struct fetch_tls_session *
session_of(struct fetch_tls *t, const char *origin)
{
	size_t len = strlen(origin);

	for (size_t i = 0; i < FETCH_TLS_SESSIONS && i < t->n_sessions; i++)
		if (t->sessions[i].origin.len == len &&
		    memcmp(t->sessions[i].origin.p, origin, len) == 0)
			return &t->sessions[i];
	return NULL;
}

/* Drops the session, in case the server rejected it. */
static void
forget(struct fetch_tls_stream *s)
{
	struct fetch_tls_session *place = session_of(s->tls, s->origin);

	if (place != NULL) {
		SSL_SESSION_free(place->session);
		place->session = NULL;
	}
}

static void
keep(struct fetch_tls *t, const char *origin, SSL_SESSION *session)
{
	struct fetch_tls_session *place = session_of(t, origin);

	if (place == NULL) { /* round-robin when there are many origins */
		place = &t->sessions[t->n_sessions++ % FETCH_TLS_SESSIONS];
		buf_reset(&place->origin);
		buf_adds(&place->origin, origin);
	}
	SSL_SESSION_free(place->session);
	place->session = session;
}

/* OpenSSL has a session that can be resumed. Returns 1: we own it now. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct fetch_tls_stream *s = SSL_get_app_data(ssl);

	if (!SSL_session_reused(ssl))
		fetch_tls_share_put(s->origin, &s->tls->trust, session);
	keep(s->tls, s->origin, session);
	return 1;
}

/* --- what all share --- */

static int
load_trust(X509_STORE *store, struct fetch_tls *t)
{
	const char *file = trusted_file(t), *folders = trusted_folders(t);

	buf_reset(&t->trust);
	add_identity(&t->trust, file);
	add_identity(&t->trust, folders);
	X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST);
	if (file != NULL && !X509_STORE_load_file(store, file))
		return 0;
	/* of a hashed folder each certificate is read when it is needed, and cached */
	return folders == NULL || X509_STORE_load_path(store, folders);
}

/* Prefers AES-128 in TLS 1.3, as Go and browsers do (docs/engine.md, "TLS"), unless the system's
 * configuration sets an order of its own. */
static void
prefer_aes_128(SSL_CTX *ctx)
{
	const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
	struct buf names = {0};

	for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(ciphers, i);

		if (strcmp(SSL_CIPHER_get_version(c), "TLSv1.3") != 0)
			break;
		buf_addf(&names, "%s%s", i > 0 ? ":" : "", SSL_CIPHER_get_name(c));
	}
	if (strcmp(buf_str(&names), OSSL_default_ciphersuites()) == 0 &&
	    !SSL_CTX_set_ciphersuites(
		ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"))
		err_nomem();
	buf_free(&names);
}

SSL_CTX *
fetch_tls_ctx(struct fetch_tls *t)
{
	static const unsigned char http_1_1[] = "\x08http/1.1";

	if (t->ctx != NULL)
		return t->ctx;
	/* TLS gets its ciphers from a provider and never looks at the table of all names. Building
	 * that takes 0.4 ms, and freeing everything at exit 0.2 ms. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ATEXIT, NULL);
	t->ctx = SSL_CTX_new(TLS_client_method());
	if (t->method == NULL)
		t->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "connection");
	if (t->ctx == NULL || t->method == NULL || !BIO_meth_set_write(t->method, on_write) ||
	    !BIO_meth_set_read(t->method, on_read) || !BIO_meth_set_ctrl(t->method, on_ctrl) ||
	    !SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) ||
	    SSL_CTX_set_alpn_protos(t->ctx, http_1_1, sizeof(http_1_1) - 1) != 0)
		err_nomem();
	prefer_aes_128(t->ctx);
	SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(t->ctx, on_session);
	SSL_CTX_set_mode(
	    t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(t->ctx, 1); /* a record's header and body by one system call */
	if (!load_trust(SSL_CTX_get_cert_store(t->ctx), t)) {
		SSL_CTX_free(t->ctx);
		t->ctx = NULL;
	}
	return t->ctx;
}

void
fetch_tls_free(struct fetch_tls *t)
{
	for (size_t i = 0; i < FETCH_TLS_SESSIONS; i++) {
		SSL_SESSION_free(t->sessions[i].session);
		buf_free(&t->sessions[i].origin);
	}
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->method);
	buf_free(&t->trust);
	*t = (struct fetch_tls){0};
}

/* --- one connection --- */

/* The host that the certificate must name: "https://host:port", "https://[::1]:port". */
static void
host_of(const char *origin, char host[static HOST_MAX])
{
	const char *p = origin_authority(origin), *port;
	size_t len = origin_host_len(p, &port);

	if (*p == '[') {
		p++;
		len = strcspn(p, "]");
	}
	if (len > 0 && p[len - 1] == '.') /* certificates leave out the final dot */
		len--;
	snprintf(host, HOST_MAX, "%.*s", (int)len, p);
}

/* 1, or 0 when OpenSSL refuses the name. No SNI for an address (RFC 6066, section 3). */
static int
expect_host(SSL *ssl, const char *origin)
{
	char host[HOST_MAX];

	host_of(origin, host);
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host))
		return 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, host) && SSL_set1_host(ssl, host);
}

/* Offers the latest session, ours or one of another process. It offers a copy, as OpenSSL resumes a
 * TLS 1.3 session once, and other connections may begin before the server sends the next. */
static void
resume(struct fetch_tls_stream *s)
{
	const struct fetch_tls_session *place = session_of(s->tls, s->origin);
	SSL_SESSION *copy;

	if (place == NULL) { /* the first connection to this origin */
		keep(s->tls, s->origin, fetch_tls_share_get(s->origin, &s->tls->trust));
		place = session_of(s->tls, s->origin);
	}
	if (place->session == NULL)
		return;
	if ((copy = SSL_SESSION_dup(place->session)) == NULL)
		err_nomem();
	SSL_set_session(s->ssl, copy);
	SSL_SESSION_free(copy);
}

int
fetch_tls_begin(struct fetch_tls_stream *s, struct fetch_tls *t, const char *origin,
    const struct fetch_tls_io *io)
{
	SSL_CTX *ctx = fetch_tls_ctx(t);
	BIO *b;

	*s = (struct fetch_tls_stream){.tls = t, .io = *io, .origin = origin};
	if (ctx == NULL) {
		snprintf(io->error, FETCH_TLS_ERROR_LEN, "%s%.200s: cannot read the certificates",
		    t->ca_file == NULL ? "SSL_CERT_FILE: " : "", trusted_file(t));
		return -1;
	}
	s->ssl = SSL_new(ctx);
	b = BIO_new(t->method);
	if (s->ssl == NULL || b == NULL)
		err_nomem();
	BIO_set_data(b, s);
	BIO_set_init(b, 1);
	SSL_set_bio(s->ssl, b, b);
	SSL_set_app_data(s->ssl, s);
	SSL_set_connect_state(s->ssl);
	if (!expect_host(s->ssl, origin)) {
		snprintf(io->error, FETCH_TLS_ERROR_LEN, "%.200s: not a host name", origin);
		return -1;
	}
	resume(s);
	return 0;
}

/* Notes why the last step failed, if TLS knows. */
static void
note_error(struct fetch_tls_stream *s)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	if (reason != NULL)
		snprintf(s->io.error, FETCH_TLS_ERROR_LEN, "%s", reason);
	ERR_clear_error();
}

enum fetch_tls_result
fetch_tls_shake(struct fetch_tls_stream *s)
{
	char host[HOST_MAX];
	long trusted;

	s->later = 0;
	ERR_clear_error();
	if (SSL_do_handshake(s->ssl) == 1)
		return FETCH_TLS_OPEN;
	if (s->later)
		return FETCH_TLS_LATER;
	note_error(s);
	forget(s);
	trusted = SSL_get_verify_result(s->ssl);
	if (trusted == X509_V_OK)
		return FETCH_TLS_LOST;
	host_of(s->origin, host);
	snprintf(s->io.error, FETCH_TLS_ERROR_LEN, "SSL certificate problem: %s, at %.150s",
	    X509_verify_cert_error_string(trusted), host);
	return FETCH_TLS_UNTRUSTED;
}

int
fetch_tls_is_resumed(const struct fetch_tls_stream *s)
{
	return SSL_session_reused(s->ssl);
}

ssize_t
fetch_tls_send(struct fetch_tls_stream *s, const char *p, size_t n)
{
	size_t sent;

	s->later = 0;
	if (SSL_write_ex(s->ssl, p, n, &sent))
		return (ssize_t)sent;
	if (s->later)
		return FETCH_TLS_IO_LATER;
	note_error(s);
	return -1;
}

ssize_t
fetch_tls_recv(struct fetch_tls_stream *s, char *p, size_t n)
{
	size_t got;

	s->later = 0;
	if (SSL_read_ex(s->ssl, p, n, &got))
		return (ssize_t)got;
	if (s->later)
		return FETCH_TLS_IO_LATER;
	if (SSL_get_shutdown(s->ssl) & SSL_RECEIVED_SHUTDOWN)
		return 0;
	note_error(s);
	return -1;
}

void
fetch_tls_end(struct fetch_tls_stream *s, int polite)
{
	if (s->ssl == NULL)
		return;
	/* without a shutdown OpenSSL would mark the session as broken */
	SSL_set_quiet_shutdown(s->ssl, !polite);
	if (SSL_is_init_finished(s->ssl))
		SSL_shutdown(s->ssl);
	SSL_free(s->ssl);
	s->ssl = NULL;
	ERR_clear_error();
}
