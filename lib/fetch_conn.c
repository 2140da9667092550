#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fetch_conn.h"
#include "proxy.h"

enum { CONNECT_MS = 10000, READ_LEN = 64 << 10 };

/* --- what libcurl calls --- */

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch_wire *w = arg;
	curl_socket_t fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);

	(void)purpose;
	if (fd == -1)
		return CURL_SOCKET_BAD;
	w->stats->connections++;
	return fd;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct fetch_wire *w = arg;

	fetch_events_closed(&w->events, fd);
	return close(fd);
}

/* NULL: the certificates cannot be read. A bundle takes 20 ms to read; plain HTTP needs none. */
static X509_STORE *
trust(struct fetch_wire *w)
{
	const char *dir = getenv(X509_get_default_cert_dir_env());
	int ok;

	if (w->trust != NULL)
		return w->trust;
	if ((w->trust = X509_STORE_new()) == NULL)
		err_nomem();
	X509_STORE_set_flags(w->trust, X509_V_FLAG_TRUSTED_FIRST);
	if (w->ca_file != NULL)
		ok = X509_STORE_load_file(w->trust, w->ca_file);
	else
		ok =
		    X509_STORE_load_path(w->trust, dir != NULL ? dir : X509_get_default_cert_dir());
	return ok ? w->trust : NULL;
}

static CURLcode
on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
	struct fetch_conn *c = arg;
	X509_STORE *store = trust(c->wire);

	(void)easy;
	if (store == NULL)
		return CURLE_SSL_CACERT_BADFILE;
	/* one store for all connections: what it read from the hashed folder stays read */
	SSL_CTX_set1_cert_store(ctx, store);
	SSL_CTX_set_read_ahead(ctx, 1); /* a record's head and body by one system call */
	c->wire->stats->tls_handshakes++;
	c->is_tls = 1;
	return CURLE_OK;
}

/* --- the wire --- */

/* An empty variable counts as none, as it does for curl. */
static const char *
env(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0' ? s : NULL;
}

/* As curl reads them: not HTTP_PROXY, which a web server sets from a request's header. */
static void
find_proxy(struct fetch_wire *w)
{
	const char *url = env("http_proxy");

	if (url == NULL)
		url = env("all_proxy");
	if (url == NULL)
		url = env("ALL_PROXY");
	if (w->direct || url == NULL ||
	    proxy_parse(url, &w->proxy, &w->proxy_authorization) == -1)
		return;
	w->no_proxy = env("no_proxy");
	if (w->no_proxy == NULL)
		w->no_proxy = env("NO_PROXY");
}

int
fetch_wire_open(struct fetch_wire *w, const struct fetch_opt *opt, size_t max,
    struct fetch_stats *stats, int64_t now_ms, struct err *e)
{
	*w = (struct fetch_wire){.ca_file = opt->ca_file,
	    .direct = opt->direct,
	    .connect_ms = opt->connect_ms != 0 ? (long)opt->connect_ms : CONNECT_MS,
	    .read_len = opt->buffer_len != 0 ? (long)opt->buffer_len : READ_LEN,
	    .events.epoll = -1,
	    .stats = stats};
	find_proxy(w);
	if (opt->ca_file != NULL && access(opt->ca_file, R_OK) == -1)
		return err_errno(e, EXIT_USAGE, "%s: CA certificates", opt->ca_file);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (w->multi = curl_multi_init()) == NULL || (w->share = curl_share_init()) == NULL)
		return err_set(e, EXIT_FAILED, "libcurl cannot be initialised");
	curl_share_setopt(w->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, (long)max);
	return fetch_events_open(&w->events, w->multi, now_ms, e);
}

void
fetch_wire_close(struct fetch_wire *w)
{
	if (w->multi != NULL)
		curl_multi_cleanup(w->multi);
	if (w->share != NULL)
		curl_share_cleanup(w->share);
	X509_STORE_free(w->trust);
	fetch_events_close(&w->events);
	buf_free(&w->proxy);
	buf_wipe(&w->proxy_authorization);
}

struct fetch_route
fetch_wire_route(const struct fetch_wire *w, const char *url)
{
	const char *host = strstr(url, "://"), *port;
	size_t len;

	host = host != NULL ? host + 3 : url;
	len = strcspn(host, "/?");
	if (w->proxy.len > 0 && strncmp(url, "http:", 5) == 0) {
		size_t host_len = len;

		port = memrchr(host, ':', len);
		if (port != NULL && memchr(port, ']', len - (size_t)(port - host)) == NULL)
			host_len = (size_t)(port - host);
		if (!proxy_is_bypassed(host, host_len, w->no_proxy))
			return (struct fetch_route){w->proxy.p, w->proxy.len, 1};
	}
	return (struct fetch_route){url, (size_t)(host - url) + len, 0};
}

int
fetch_wire_wait(struct fetch_wire *w, int64_t now_ms, int max_ms)
{
	return fetch_events_wait(&w->events, now_ms, max_ms);
}

static enum fetch_fault
connect_fault(CURLcode code)
{
	switch (code) {
	case CURLE_OK: return FETCH_FAULT_NONE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_URL_MALFORMAT: return FETCH_FAULT_HOST;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR: return FETCH_FAULT_TLS;
	default: return FETCH_FAULT_CONNECT; /* also where it is lost inside the handshake */
	}
}

/* libcurl has opened the connection, and is done with it. */
static int
take_over(struct fetch_conn *c)
{
	curl_socket_t fd;

	if (curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
	    fd == CURL_SOCKET_BAD || fetch_events_own(&c->wire->events, fd, c) == -1)
		return -1;
	c->fd = fd;
	c->state = FETCH_CONN_OPEN;
	return 0;
}

static void
on_ready(void *owner, uint32_t events, void *arg)
{
	const struct fetch_wire_ops *ops = arg;
	struct fetch_conn *c = owner;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->hung_up = 1;
	ops->ready(c);
}

void
fetch_wire_handle(struct fetch_wire *w, int n, int64_t now_ms, const struct fetch_wire_ops *ops)
{
	CURLMsg *m;
	int left;

	fetch_events_handle(&w->events, n, now_ms, on_ready, (void *)(uintptr_t)ops);
	while ((m = curl_multi_info_read(w->multi, &left)) != NULL) {
		struct fetch_conn *c;
		CURLcode code = m->data.result;
		enum fetch_fault fault;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		fault = connect_fault(code);
		if (fault == FETCH_FAULT_NONE && take_over(c) == -1) {
			fault = FETCH_FAULT_CONNECT;
			snprintf(c->errbuf, sizeof(c->errbuf), "its socket cannot be watched: %s",
			    strerror(errno));
		}
		if (fault != FETCH_FAULT_NONE)
			fetch_conn_close(c);
		ops->opened(
		    c, fault, c->errbuf[0] != '\0' ? c->errbuf : curl_easy_strerror(code));
	}
}

/* --- one connection --- */

/* The handle, with everything that stays the same. */
static CURL *
handle_new(struct fetch_conn *c)
{
	struct fetch_wire *w = c->wire;
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		err_nomem();
	curl_easy_setopt(easy, CURLOPT_PRIVATE, c);
	curl_easy_setopt(easy, CURLOPT_SHARE, w->share);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->errbuf);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* to give a connection up must not wait for its name look-up, which stops all others */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* Kerberos is not linked in (deps/libcurl) */
	curl_easy_setopt(easy, CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L); /* S3 gives eight at a time */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, w->connect_ms);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, w->read_len);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, w);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, w);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, c);
	return easy;
}

static int
leads_to(const struct fetch_conn *c, const struct fetch_route *r)
{
	return c->origin.len == r->origin_len &&
	    memcmp(c->origin.p, r->origin, r->origin_len) == 0;
}

int
fetch_conn_fits(const struct fetch_conn *c, const struct fetch_route *r)
{
	return c->state == FETCH_CONN_OPEN && leads_to(c, r);
}

void
fetch_conn_open(struct fetch_conn *c, struct fetch_wire *w, const struct fetch_route *r)
{
	/* no proxy in front of the proxy, and none where it was settled that there is none */
	int direct = w->direct || r->by_proxy ||
	    (w->proxy.len > 0 && strncmp(r->origin, "http:", 5) == 0);

	c->wire = w;
	if (c->easy == NULL)
		c->easy = handle_new(c);
	if (!leads_to(c, r)) {
		buf_reset(&c->origin);
		buf_add(&c->origin, r->origin, r->origin_len);
		curl_easy_setopt(c->easy, CURLOPT_URL, buf_str(&c->origin));
		curl_easy_setopt(c->easy, CURLOPT_PROXY, direct ? "" : NULL);
	}
	c->errbuf[0] = '\0';
	c->hung_up = c->is_tls = c->resumed_known = 0;
	c->answers = 0;
	c->state = FETCH_CONN_CONNECTING;
	if (curl_multi_add_handle(w->multi, c->easy) != CURLM_OK)
		abort();
}

/* libcurl tells it only once the connection is in use. */
static void
note_resumed(struct fetch_conn *c)
{
	struct curl_tlssessioninfo *info = NULL;

	c->resumed_known = 1;
	if (curl_easy_getinfo(c->easy, CURLINFO_TLS_SSL_PTR, &info) == CURLE_OK &&
	    info != NULL && info->internals != NULL && SSL_session_reused(info->internals))
		c->wire->stats->tls_resumed++;
}

static ssize_t
moved(CURLcode code, size_t n)
{
	return code == CURLE_OK ? (ssize_t)n : code == CURLE_AGAIN ? FETCH_CONN_LATER : -1;
}

/* What a system call on the socket gave. */
static ssize_t
moved_plain(struct fetch_conn *c, ssize_t n)
{
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EINTR)
		return FETCH_CONN_LATER;
	snprintf(c->errbuf, sizeof(c->errbuf), "%s", strerror(errno));
	return -1;
}

/* curl_easy_send and curl_easy_recv look through all connections for theirs at each call; without
 * TLS there is nothing that they would add to the socket. */
ssize_t
fetch_conn_send(struct fetch_conn *c, const char *p, size_t n)
{
	size_t sent = 0;
	CURLcode code;

	if (!c->is_tls)
		return moved_plain(c, send(c->fd, p, n, MSG_NOSIGNAL));
	code = curl_easy_send(c->easy, p, n, &sent);
	if (!c->resumed_known)
		note_resumed(c);
	return moved(code, sent);
}

ssize_t
fetch_conn_recv(struct fetch_conn *c, char *p, size_t n)
{
	size_t got = 0;
	CURLcode code;

	if (!c->is_tls)
		return moved_plain(c, recv(c->fd, p, n, 0));
	code = curl_easy_recv(c->easy, p, n, &got);
	return moved(code, got);
}

int
fetch_conn_is_plain(const struct fetch_conn *c)
{
	return !c->is_tls;
}

uint64_t
fetch_conn_silent_ms(const struct fetch_conn *c)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
		return 0;
	return info.tcpi_last_data_recv;
}

void
fetch_conn_close(struct fetch_conn *c)
{
	if (c->state != FETCH_CONN_CLOSED)
		curl_multi_remove_handle(c->wire->multi, c->easy);
	c->state = FETCH_CONN_CLOSED;
}

void
fetch_conn_free(struct fetch_conn *c)
{
	if (c->easy != NULL) {
		fetch_conn_close(c);
		curl_easy_cleanup(c->easy);
	}
	buf_free(&c->origin);
}
