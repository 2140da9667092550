/*
 * Connections for the engine in fetch.h. libcurl opens them: name look-up, addresses, proxies and
 * their tunnels (CURLOPT_CONNECT_ONLY). TLS with the server is that of fetch_tls.h, and what goes
 * over it is the engine's. Only fetch*.c include this.
 */
#ifndef SHEAF_HTTP_FETCH_CONN_H
#define SHEAF_HTTP_FETCH_CONN_H

#include <curl/curl.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"
#include "http/fetch.h"
#include "http/fetch_events.h"
#include "http/fetch_tls.h"

/* What the connections of an engine share. */
struct fetch_wire {
	CURLM *multi;
	struct fetch_tls tls;
	int direct;
	struct buf proxy, proxy_authorization; /* for http:// URLs; empty: none */
	const char *no_proxy;
	long connect_ms, read_len;
	struct fetch_events events;
	struct fetch_stats *stats; /* borrowed */
};

enum fetch_conn_state { FETCH_CONN_CLOSED, FETCH_CONN_CONNECTING, FETCH_CONN_OPEN };

struct fetch_conn {
	struct fetch_wire *wire;
	CURL *easy; /* NULL until the first use */
	enum fetch_conn_state state;
	int fd; /* from libcurl's end of it on; -1 before */
	int64_t begun_ms;
	struct buf origin; /* where it leads to, as a C string: "https://host:port" */
	struct fetch_tls_stream tls;
	int in_tunnel;		 /* that is TLS with a proxy, so the socket is libcurl's to read */
	uint64_t answers;	 /* that it carried */
	struct timespec arrived; /* the last bytes, by the clock of the day; 0: nobody knows */
	int hung_up;		 /* the other side will send no more than is there to be read */
	char errbuf[CURL_ERROR_SIZE];
};

enum { FETCH_CONN_LATER = FETCH_TLS_IO_LATER };

/* For max connections at once. 0, or -1 with e filled; close it in either case. */
int fetch_wire_open(struct fetch_wire *w, const struct fetch_opt *opt, size_t max,
    struct fetch_stats *stats, int64_t now_ms, struct err *e);
void fetch_wire_close(struct fetch_wire *w);

/* Where a request to origin is sent: there, or by_proxy to the proxy, which is told the whole URL.
 * Points into origin or w. https:// goes through proxies by a tunnel, which is libcurl's affair. */
struct fetch_route {
	const char *origin;
	size_t origin_len;
	int by_proxy;
};
struct fetch_route fetch_wire_route(const struct fetch_wire *w, const char *origin);

/* Waits at most max_ms; the number of events to handle. */
int fetch_wire_wait(struct fetch_wire *w, int64_t now_ms, int max_ms);

/* Handles n events: ready is called with the conns that are open, opened with those that have been
 * connecting: FETCH_FAULT_NONE, or why not, and conn is closed. */
struct fetch_wire_ops {
	void (*opened)(struct fetch_conn *c, enum fetch_fault fault, const char *text);
	void (*ready)(struct fetch_conn *c);
};
void fetch_wire_handle(
    struct fetch_wire *w, int n, int64_t now_ms, const struct fetch_wire_ops *ops);

/* Begins to connect. */
void fetch_conn_open(
    struct fetch_conn *c, struct fetch_wire *w, const struct fetch_route *r, int64_t now_ms);

/* 1 where it has been connecting for longer than it may. libcurl ends its own part in time. */
int fetch_conn_is_late(const struct fetch_conn *c, int64_t now_ms);

/* 1 when it is open and leads there. */
int fetch_conn_fits(const struct fetch_conn *c, const struct fetch_route *r);

/* The bytes that went out or came in; FETCH_CONN_LATER: none can right now, its readiness will be
 * told; -1: the connection is lost, errbuf says how; 0, of recv: it ended. */
ssize_t fetch_conn_send(struct fetch_conn *c, const char *p, size_t n);
ssize_t fetch_conn_recv(struct fetch_conn *c, char *p, size_t n);

/* 1 where a read that gave less than was asked for has emptied the socket, 0 where one must go on
 * until FETCH_CONN_LATER. */
int fetch_conn_is_plain(const struct fetch_conn *c);

/* 1 unless something that nobody asked for was read with the answer. */
int fetch_conn_is_clean(struct fetch_conn *c);

/* How long ago the last bytes that were read arrived here; 0 where nobody knows. */
uint64_t fetch_conn_silent_us(const struct fetch_conn *c);

void fetch_conn_close(struct fetch_conn *c);
void fetch_conn_free(struct fetch_conn *c);

#endif
