#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/fetch_conn.h"
#include "http/origin.h"
#include "http/proxy.h"

enum {
	CONNECT_MS = 10000,
	READ_LEN = 64 << 10,
	VEILED_MAX = 64 << 10, /* a TLS record has 16 KiB, so more must have given some bytes */
};

/* --- what libcurl calls --- */

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch_wire *w = arg;
	curl_socket_t fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	int on = 1;

	(void)purpose;
	if (fd == -1)
		return CURL_SOCKET_BAD;
	w->stats->connections++;
	/* stamps data on arrival, which may be while the engine sleeps */
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	return fd;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct fetch_wire *w = arg;

	fetch_events_closed(&w->events, fd);
	return close(fd);
}

/* libcurl is about to speak TLS with a proxy. */
static CURLcode
on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
	struct fetch_conn *c = arg;
	SSL_CTX *ours = fetch_tls_ctx(&c->wire->tls);

	(void)easy;
	if (ours == NULL)
		return CURLE_SSL_CACERT_BADFILE;
	SSL_CTX_set1_cert_store(ctx, SSL_CTX_get_cert_store(ours));
	c->in_tunnel = 1;
	return CURLE_OK;
}

/* --- the wire --- */

/* An empty variable counts as unset, as for curl. */
static const char *
env(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0' ? s : NULL;
}

/* As curl does: not HTTP_PROXY, which a CGI server sets from a request header. */
static void
find_proxy(struct fetch_wire *w)
{
	const char *url = env("http_proxy");

	if (url == NULL)
		url = env("all_proxy");
	if (url == NULL)
		url = env("ALL_PROXY");
	if (w->direct || url == NULL || proxy_parse(url, &w->proxy, &w->proxy_authorization) == -1)
		return;
	w->no_proxy = env("no_proxy");
	if (w->no_proxy == NULL)
		w->no_proxy = env("NO_PROXY");
}

int
fetch_wire_open(struct fetch_wire *w, const struct fetch_opt *opt, size_t max,
    struct fetch_stats *stats, int64_t now_ms, struct err *e)
{
	*w = (struct fetch_wire){.tls.ca_file = opt->ca_file,
	    .direct = opt->direct,
	    .connect_ms = opt->connect_ms != 0 ? (long)opt->connect_ms : CONNECT_MS,
	    .read_len = opt->buffer_len != 0 ? (long)opt->buffer_len : READ_LEN,
	    .events.epoll = -1,
	    .stats = stats};
	find_proxy(w);
	if (opt->ca_file != NULL && access(opt->ca_file, R_OK) == -1)
		return err_errno(e, EXIT_USAGE, "%s: CA certificates", opt->ca_file);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (w->multi = curl_multi_init()) == NULL)
		return err_set(e, EXIT_FAILED, "cannot initialise libcurl");
	curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, (long)max);
	return fetch_events_open(&w->events, w->multi, now_ms, e);
}

void
fetch_wire_close(struct fetch_wire *w)
{
	if (w->multi != NULL)
		curl_multi_cleanup(w->multi);
	fetch_tls_free(&w->tls);
	fetch_events_close(&w->events);
	buf_free(&w->proxy);
	buf_wipe(&w->proxy_authorization);
}

struct fetch_route
fetch_wire_route(const struct fetch_wire *w, const char *origin)
{
	const char *host = origin_authority(origin), *port;

	if (w->proxy.len > 0 && !origin_is_tls(origin) &&
	    !proxy_is_bypassed(host, origin_host_len(host, &port), w->no_proxy))
		return (struct fetch_route){w->proxy.p, w->proxy.len, 1};
	return (struct fetch_route){origin, strlen(origin), 0};
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
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_URL_MALFORMAT: return FETCH_FAULT_HOST;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR: return FETCH_FAULT_TLS;
	default: return FETCH_FAULT_CONNECT; /* also when it is lost during the handshake */
	}
}

static ssize_t raw_send(void *arg, const char *p, size_t n);
static ssize_t raw_recv(void *arg, char *p, size_t n);

/* Reports how connecting ended; on failure errbuf says why. */
static void
report_opened(struct fetch_conn *c, enum fetch_fault fault, const struct fetch_wire_ops *ops)
{
	if (fault == FETCH_FAULT_NONE)
		c->state = FETCH_CONN_OPEN;
	else
		fetch_conn_close(c);
	ops->opened(c, fault, c->errbuf);
}

/* libcurl could not open the connection. */
static void
report_failed(struct fetch_conn *c, CURLcode code, const struct fetch_wire_ops *ops)
{
	if (c->errbuf[0] == '\0')
		snprintf(c->errbuf, sizeof(c->errbuf), "%s", curl_easy_strerror(code));
	report_opened(c, connect_fault(code), ops);
}

/* Continues the TLS handshake. */
static void
shake(struct fetch_conn *c, const struct fetch_wire_ops *ops)
{
	switch (fetch_tls_shake(&c->tls)) {
	case FETCH_TLS_LATER: break;
	case FETCH_TLS_OPEN:
		c->wire->stats->tls_resumed += fetch_tls_is_resumed(&c->tls);
		report_opened(c, FETCH_FAULT_NONE, ops);
		break;
	case FETCH_TLS_UNTRUSTED: report_opened(c, FETCH_FAULT_TLS, ops); break;
	case FETCH_TLS_LOST: report_opened(c, FETCH_FAULT_CONNECT, ops); break;
	}
}

/* libcurl has opened the connection; from here on it is ours. */
static void
take_over(struct fetch_conn *c, const struct fetch_wire_ops *ops)
{
	struct fetch_tls_io io = {raw_send, raw_recv, c, c->errbuf};
	curl_socket_t fd;

	if (curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
	    fd == CURL_SOCKET_BAD || fetch_events_own(&c->wire->events, fd, c) == -1) {
		snprintf(
		    c->errbuf, sizeof(c->errbuf), "cannot watch its socket: %s", strerror(errno));
		report_opened(c, FETCH_FAULT_CONNECT, ops);
		return;
	}
	c->fd = fd;
	if (!origin_is_tls(buf_str(&c->origin))) {
		report_opened(c, FETCH_FAULT_NONE, ops);
		return;
	}
	c->wire->stats->tls_handshakes++;
	if (fetch_tls_begin(&c->tls, &c->wire->tls, buf_str(&c->origin), &io) == -1)
		report_opened(c, FETCH_FAULT_TLS, ops);
	else
		shake(c, ops);
}

static void
on_ready(void *owner, uint32_t events, void *arg)
{
	const struct fetch_wire_ops *ops = arg;
	struct fetch_conn *c = owner;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->hung_up = 1;
	if (c->state == FETCH_CONN_CONNECTING)
		shake(c, ops);
	else
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

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		if (code == CURLE_OK)
			take_over(c, ops);
		else
			report_failed(c, code, ops);
	}
}

/* --- one connection --- */

/* Creates the handle, with all options that never change. */
static CURL *
handle_new(struct fetch_conn *c)
{
	struct fetch_wire *w = c->wire;
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		err_nomem();
	curl_easy_setopt(easy, CURLOPT_PRIVATE, c);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->errbuf);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* closing must not wait for a pending name lookup, which would block all others */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	/* libcurl considers our connections idle and would close them after 118 s */
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, LONG_MAX);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* the static libcurl has no Kerberos (deps/libraries) */
	curl_easy_setopt(easy, CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1L); /* S3 returns eight at a time */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, w->connect_ms);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, w->read_len);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, w);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, w);
	curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, c);
	return easy;
}

static int
leads_to(const struct fetch_conn *c, const struct fetch_route *r)
{
	return c->origin.len == r->origin_len && memcmp(c->origin.p, r->origin, r->origin_len) == 0;
}

int
fetch_conn_fits(const struct fetch_conn *c, const struct fetch_route *r)
{
	return c->state == FETCH_CONN_OPEN && leads_to(c, r);
}

/* The proxy for https:// URLs, from the environment as curl reads it; libcurl applies no_proxy. */
static const char *
tunnel_proxy(void)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	const char *url = NULL;

	for (size_t i = 0; url == NULL && i < sizeof(names) / sizeof(*names); i++)
		url = env(names[i]);
	return url != NULL ? url : "";
}

/* Tells libcurl where to connect. For https:// it opens a plain connection too, as TLS is ours, but
 * through a tunnel where there is a proxy. */
static void
set_destination(struct fetch_conn *c, const struct fetch_route *r)
{
	const struct fetch_wire *w = c->wire;
	const char *authority, *port;
	struct buf url = {0};
	int tls;

	buf_reset(&c->origin);
	buf_add(&c->origin, r->origin, r->origin_len);
	tls = origin_is_tls(buf_str(&c->origin));
	authority = origin_authority(buf_str(&c->origin));
	origin_host_len(authority, &port);
	buf_addf(&url, "http://%s%s", authority, tls && *port == '\0' ? ":443" : "");
	curl_easy_setopt(c->easy, CURLOPT_URL, buf_str(&url));
	curl_easy_setopt(c->easy, CURLOPT_HTTPPROXYTUNNEL, (long)tls);
	/* none in front of the proxy itself, and none where routing has found that none applies */
	if (w->direct || r->by_proxy || (w->proxy.len > 0 && !tls))
		curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
	else
		curl_easy_setopt(c->easy, CURLOPT_PROXY, tls ? tunnel_proxy() : NULL);
	buf_free(&url);
}

void
fetch_conn_open(
    struct fetch_conn *c, struct fetch_wire *w, const struct fetch_route *r, int64_t now_ms)
{
	c->wire = w;
	if (c->easy == NULL)
		c->easy = handle_new(c);
	if (!leads_to(c, r))
		set_destination(c, r);
	c->errbuf[0] = '\0';
	c->fd = -1;
	c->arrived = (struct timespec){0};
	c->begun_ms = now_ms;
	c->hung_up = c->in_tunnel = 0;
	c->answers = 0;
	c->unsent = c->veiled = 0;
	c->state = FETCH_CONN_CONNECTING;
	if (curl_multi_add_handle(w->multi, c->easy) != CURLM_OK)
		abort();
}

int
fetch_conn_is_late(const struct fetch_conn *c, int64_t now_ms)
{
	return c->state == FETCH_CONN_CONNECTING && c->fd != -1 &&
	    now_ms - c->begun_ms > c->wire->connect_ms;
}

/* The result of curl_easy_send or curl_easy_recv. */
static ssize_t
moved(struct fetch_conn *c, CURLcode code, size_t n)
{
	if (code == CURLE_OK)
		return (ssize_t)n;
	if (code == CURLE_AGAIN)
		return FETCH_CONN_LATER;
	if (c->errbuf[0] == '\0')
		snprintf(c->errbuf, sizeof(c->errbuf), "%s", curl_easy_strerror(code));
	return -1;
}

/* The result of a system call on the socket. */
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

static ssize_t
tunnel_send(struct fetch_conn *c, const char *p, size_t n)
{
	size_t sent = 0;
	CURLcode code = curl_easy_send(c->easy, p, n, &sent);

	return moved(c, code, sent);
}

static ssize_t
tunnel_recv(struct fetch_conn *c, char *p, size_t n)
{
	size_t got = 0;
	CURLcode code = curl_easy_recv(c->easy, p, n, &got);

	return moved(c, code, got);
}

static ssize_t
raw_send(void *arg, const char *p, size_t n)
{
	struct fetch_conn *c = arg;
	ssize_t sent =
	    c->in_tunnel ? tunnel_send(c, p, n) : moved_plain(c, send(c->fd, p, n, MSG_NOSIGNAL));

	if (sent > 0)
		c->out += (uint64_t)sent;
	return sent;
}

/* As recv, and notes the time of arrival. */
static ssize_t
recv_stamped(struct fetch_conn *c, struct iovec room)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct msghdr m = {.msg_iov = &room,
	    .msg_iovlen = 1,
	    .msg_control = control.room,
	    .msg_controllen = sizeof(control.room)};
	ssize_t got = recvmsg(c->fd, &m, 0);
	struct cmsghdr *h = got > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	if (h != NULL && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_TIMESTAMPNS)
		memcpy(&c->arrived, CMSG_DATA(h), sizeof(c->arrived));
	return got;
}

static ssize_t
raw_recv(void *arg, char *p, size_t n)
{
	struct fetch_conn *c = arg;
	ssize_t got = c->in_tunnel ? tunnel_recv(c, p, n)
				   : moved_plain(c, recv_stamped(c, (struct iovec){p, n}));

	if (got > 0 && c->veiled <= VEILED_MAX) {
		c->in += (uint64_t)got;
		c->veiled += (size_t)got;
	}
	return got;
}

ssize_t
fetch_conn_send(struct fetch_conn *c, const char *p, size_t n)
{
	if (fetch_conn_is_plain(c))
		return raw_send(c, p, n);
	return fetch_tls_send(&c->tls, p, n);
}

ssize_t
fetch_conn_recv(struct fetch_conn *c, char *p, size_t n)
{
	ssize_t got = fetch_conn_is_plain(c) ? raw_recv(c, p, n) : fetch_tls_recv(&c->tls, p, n);

	if (got > 0)
		c->veiled = 0;
	return got;
}

uint64_t
fetch_conn_in(const struct fetch_conn *c)
{
	return c->in;
}

uint64_t
fetch_conn_out(struct fetch_conn *c, int look)
{
	int n;

	if (look && c->state == FETCH_CONN_OPEN && ioctl(c->fd, SIOCOUTQ, &n) == 0 && n >= 0)
		c->unsent = (size_t)n;
	return c->out - c->unsent;
}

int
fetch_conn_is_plain(const struct fetch_conn *c)
{
	return c->tls.ssl == NULL;
}

int
fetch_conn_is_clean(struct fetch_conn *c)
{
	char byte;

	return fetch_conn_is_plain(c) || !SSL_has_pending(c->tls.ssl) ||
	    fetch_conn_recv(c, &byte, 1) == FETCH_CONN_LATER;
}

uint64_t
fetch_conn_silent_us(const struct fetch_conn *c)
{
	int64_t us;

	if (c->arrived.tv_sec == 0)
		return 0;
	us = clock_wall_us() - (c->arrived.tv_sec * 1000000 + c->arrived.tv_nsec / 1000);
	return us > 0 ? (uint64_t)us : 0;
}

void
fetch_conn_close(struct fetch_conn *c)
{
	if (c->state == FETCH_CONN_CLOSED)
		return;
	fetch_tls_end(&c->tls, !c->hung_up);
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
