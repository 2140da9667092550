/*
 * Waiting for sockets with epoll: for those on which libcurl is connecting, and for those of open
 * connections, which are ours.
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
	int64_t curl_due_ms; /* when curl wants to be called; -1: never */
	struct epoll_event ev[FETCH_EVENTS_MAX];
};

/* Installs the multi handle's socket and timer functions. 0, or -1 with e filled. */
int fetch_events_open(struct fetch_events *v, CURLM *multi, int64_t now_ms, struct err *e);

/* Call after the multi handle is freed. */
void fetch_events_close(struct fetch_events *v);

/*
 * Gives fd's events to owner from now on, once for each change (edge-triggered), so that a
 * connection costs one system call in its life. 0, or -1 with errno.
 */
int fetch_events_own(struct fetch_events *v, int fd, void *owner);

/* fd is about to be closed. */
void fetch_events_closed(struct fetch_events *v, int fd);

/* Waits at most max_ms, less when curl wants to be called sooner. Returns the number of events. */
int fetch_events_wait(struct fetch_events *v, int64_t now_ms, int max_ms);

/* Passes curl its part of n events and the time, and calls ready for the others. */
void fetch_events_handle(struct fetch_events *v, int n, int64_t now_ms,
    void (*ready)(void *owner, uint32_t events, void *arg), void *arg);

#endif
