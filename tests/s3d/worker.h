/*
 * A thread with a libmicrohttpd daemon of its own, which it polls itself, and a heap of timers for
 * the answers that have to wait. Workers share nothing but the server.
 */
#ifndef S3D_WORKER_H
#define S3D_WORKER_H

#include <microhttpd.h>
#include <pthread.h>

#include "server.h"

struct exchange;

struct timer {
	uint64_t due_us;
	struct exchange *exchange;
};

struct worker {
	struct server *srv;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	struct auth_cache auth;
	struct timer *timers; /* owned; a binary heap, the next one first */
	size_t n_timers, cap_timers;
	uint64_t ids; /* state of the request ids */
};

/* Starts w on the listening socket, which it takes. 0 or -1. */
int worker_start(struct worker *w, struct server *srv, int listen_fd, uint64_t seed);
/* After srv->stopping was set. */
void worker_join(struct worker *w);

/* Suspends the exchange's connection for that long. */
void worker_sleep(struct worker *w, struct exchange *x, uint64_t us);

#endif
