/*
 * Which sockets are waited for, with epoll: those on which libcurl opens a connection, and those of
 * open connections, which are ours. Only fetch_conn.c includes this.
 */
#ifndef SHEAF_HTTP_FETCH_EVENTS_H
#define SHEAF_HTTP_FETCH_EVENTS_H

#include <curl/curl.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

enum { FETCH_EVENTS_MAX = 64 };

struct fetch_fd;

struct fetch_events {
	CURLM *multi; /* borrowed */
	int epoll;
	struct fetch_fd *fds; /* by descriptor */
	size_t n_fds;
	int64_t now_ms;
	int64_t curl_due_ms; /* when curl wants to be called; -1: not */
	struct epoll_event ev[FETCH_EVENTS_MAX];
};

/* Takes over the multi handle's socket and timer functions. 0, or -1 with e filled. */
int fetch_events_open(struct fetch_events *v, CURLM *multi, int64_t now_ms, struct err *e);

/* After the multi handle is gone. */
void fetch_events_close(struct fetch_events *v);

/*
 * From now on fd's events are owner's: once for each change (edge-triggered), so that a connection
 * costs no system call but the first. 0, or -1 with errno.
 */
int fetch_events_own(struct fetch_events *v, int fd, void *owner);

/* fd is about to be closed. */
void fetch_events_closed(struct fetch_events *v, int fd);

/* Waits at most max_ms, less when curl wants to be called sooner. The number of events to handle.
 */
int fetch_events_wait(struct fetch_events *v, int64_t now_ms, int max_ms);

/* Hands curl's part of n events, and the time, to curl, and calls ready for the others. */
void fetch_events_handle(struct fetch_events *v, int n, int64_t now_ms,
    void (*ready)(void *owner, uint32_t events, void *arg), void *arg);

#endif
