/*
 * The connections of the engine in fetch.h. libcurl opens them: name lookup, addresses, proxies and
 * their tunnels (CURLOPT_CONNECT_ONLY). TLS with the server is fetch_tls.h's, and the bytes above
 * it are the caller's.
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
	int fd; /* -1 until libcurl has connected */
	int64_t begun_ms;
	struct buf origin; /* where it leads, as a C string: "https://host:port" */
	struct fetch_tls_stream tls;
	int in_tunnel;		 /* of TLS with a proxy, so only libcurl can read the socket */
	uint64_t answers;	 /* it has carried */
	struct timespec arrived; /* when the last bytes did, by the wall clock; 0: unknown */
	uint64_t in, out;	 /* bytes that TCP moved, ever; out is in the kernel, see below */
	size_t unsent;		 /* of out, when last asked */
	size_t veiled;		 /* bytes read since TLS last gave any */
	int hung_up; /* the peer sends no more; what it sent may still be there to read */
	char errbuf[CURL_ERROR_SIZE];
};

enum { FETCH_CONN_LATER = FETCH_TLS_IO_LATER };

/* For at most max connections at once. 0, or -1 with e filled; close it in either case. */
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

/* Waits at most max_ms. Returns the number of events to handle. */
int fetch_wire_wait(struct fetch_wire *w, int64_t now_ms, int max_ms);

/* Handles n events. Calls opened for connections that finished connecting, with FETCH_FAULT_NONE or
 * with what went wrong (the connection is closed then), and ready for open ones. */
struct fetch_wire_ops {
	void (*opened)(struct fetch_conn *c, enum fetch_fault fault, const char *text);
	void (*ready)(struct fetch_conn *c);
};
void fetch_wire_handle(
    struct fetch_wire *w, int n, int64_t now_ms, const struct fetch_wire_ops *ops);

/* Begins to connect. opened is called later. */
void fetch_conn_open(
    struct fetch_conn *c, struct fetch_wire *w, const struct fetch_route *r, int64_t now_ms);

/* 1 if the TLS handshake is overdue. libcurl enforces the deadline on its own part. */
int fetch_conn_is_late(const struct fetch_conn *c, int64_t now_ms);

/* 1 if it is open and leads there. */
int fetch_conn_fits(const struct fetch_conn *c, const struct fetch_route *r);

/* Return the number of bytes moved; FETCH_CONN_LATER: none can be now, ready will be called; -1:
 * the connection is lost, errbuf says how; 0, from recv: the peer closed it. */
ssize_t fetch_conn_send(struct fetch_conn *c, const char *p, size_t n);
ssize_t fetch_conn_recv(struct fetch_conn *c, char *p, size_t n);

/* 1 if a short read means that the socket is empty; 0 if the caller must read until
 * FETCH_CONN_LATER. */
int fetch_conn_is_plain(const struct fetch_conn *c);

/* 1 unless bytes that nobody asked for were read along with the answer. */
int fetch_conn_is_clean(struct fetch_conn *c);

/* Bytes that arrived and that left this machine, ever: also those of an incomplete TLS record, and
 * those of a request that the kernel still sends. look: 1 asks the kernel how many of these are
 * left, else as last known. */
uint64_t fetch_conn_in(const struct fetch_conn *c);
uint64_t fetch_conn_out(struct fetch_conn *c, int look);

/* How long ago the bytes read last arrived at this machine; 0 if unknown. */
uint64_t fetch_conn_silent_us(const struct fetch_conn *c);

void fetch_conn_close(struct fetch_conn *c);
void fetch_conn_free(struct fetch_conn *c);

#endif
