#include "worker.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "exchange.h"

/* Bytes of headers and unread body that a connection may hold; and how long a worker sleeps at
 * most, so that it notices that the server is to stop. */
enum { CONNECTION_MEMORY = 64 << 10, CONNECTIONS_MAX = 60000 };
enum { WAIT_MAX_MS = 200, WAIT_MAX_US = 200000 };

static void
timer_push(struct worker *w, struct timer t)
{
	size_t i = w->n_timers++;

	if (w->n_timers > w->cap_timers) {
		w->cap_timers = w->cap_timers != 0 ? 2 * w->cap_timers : 64;
		w->timers = xrealloc(w->timers, w->cap_timers * sizeof(w->timers[0]));
	}
	for (; i > 0 && w->timers[(i - 1) / 2].due_us > t.due_us; i = (i - 1) / 2)
		w->timers[i] = w->timers[(i - 1) / 2];
	w->timers[i] = t;
}

static struct timer
timer_pop(struct worker *w)
{
	struct timer first = w->timers[0], last = w->timers[--w->n_timers];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= w->n_timers)
			break;
		if (child + 1 < w->n_timers &&
		    w->timers[child + 1].due_us < w->timers[child].due_us)
			child++;
		if (w->timers[child].due_us >= last.due_us)
			break;
		w->timers[i] = w->timers[child];
		i = child;
	}
	w->timers[i] = last;
	return first;
}

void
worker_sleep(struct worker *w, struct exchange *x, uint64_t us)
{
	MHD_suspend_connection(x->conn);
	timer_push(w, (struct timer){clock_us() + us, x});
}

static void *
worker_run(void *arg)
{
	struct worker *w = arg;
	struct server *srv = w->srv;

	while (!srv->stopping) {
		int wait_ms = WAIT_MAX_MS;

		if (w->n_timers > 0) {
			uint64_t now = clock_us();

			while (w->n_timers > 0 && w->timers[0].due_us <= now)
				MHD_resume_connection(timer_pop(w).exchange->conn);
			if (w->n_timers > 0 && w->timers[0].due_us - now < WAIT_MAX_US)
				wait_ms = (int)((w->timers[0].due_us - now + 999) / 1000);
		}
		MHD_run_wait(w->daemon, wait_ms);
	}
	while (w->n_timers > 0)
		MHD_resume_connection(timer_pop(w).exchange->conn);
	MHD_run(w->daemon);
	MHD_stop_daemon(w->daemon);
	return NULL;
}

int
worker_start(struct worker *w, struct server *srv, int listen_fd, uint64_t seed)
{
	unsigned flags = MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem options[16] = {
	    {MHD_OPTION_LISTEN_SOCKET, listen_fd, NULL},
	    {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)exchange_target, w},
	    {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)exchange_done, w},
	    {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)exchange_started, w},
	    {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
	    {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
	    {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)srv->opt.idle_s, NULL},
	    {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
	};
	size_t n = 8;

	*w = (struct worker){.srv = srv, .ids = seed};
	auth_cache_init(&w->auth, &srv->opt.auth);
	if (srv->tls_cert != NULL) {
		flags |= MHD_USE_TLS;
		options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, srv->tls_cert};
		options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, srv->tls_key};
	}
	if (srv->opt.clock_offset_s != 0)
		flags |= MHD_USE_SUPPRESS_DATE_NO_CLOCK;
	options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	w->daemon = MHD_start_daemon(
	    flags, 0, NULL, NULL, exchange_run, w, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	if (w->daemon == NULL)
		return -1;
	return pthread_create(&w->thread, NULL, worker_run, w) == 0 ? 0 : -1;
}

void
worker_join(struct worker *w)
{
	pthread_join(w->thread, NULL);
	auth_cache_free(&w->auth);
	free(w->timers);
}
