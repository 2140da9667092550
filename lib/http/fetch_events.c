#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "http/fetch_events.h"

struct fetch_fd {
	void *owner;	     /* NULL: curl's */
	uint32_t registered; /* events registered for curl */
};

static struct fetch_fd *
fd_state(struct fetch_events *v, int fd)
{
	if ((size_t)fd >= v->n_fds) {
		size_t n = (size_t)fd + 64;

		v->fds = xrealloc(v->fds, n * sizeof(*v->fds));
		memset(v->fds + v->n_fds, 0, (n - v->n_fds) * sizeof(*v->fds));
		v->n_fds = n;
	}
	return &v->fds[fd];
}

static void
fd_register(struct fetch_events *v, int fd, struct fetch_fd *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};
	int op = s->registered == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (s->registered == events)
		return;
	if (epoll_ctl(v->epoll, op, fd, &ev) == -1 && op == EPOLL_CTL_MOD && errno == ENOENT)
		epoll_ctl(v->epoll, EPOLL_CTL_ADD, fd, &ev);
	s->registered = events;
}

int
fetch_events_own(struct fetch_events *v, int fd, void *owner)
{
	struct epoll_event ev = {
	    .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = fd};
	struct fetch_fd *s = fd_state(v, fd);

	fd_register(v, fd, s, 0);
	s->owner = owner;
	return epoll_ctl(v->epoll, EPOLL_CTL_ADD, fd, &ev);
}

void
fetch_events_closed(struct fetch_events *v, int fd)
{
	*fd_state(v, fd) = (struct fetch_fd){0}; /* close() removes it from epoll */
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
	struct fetch_events *v = arg;
	struct fetch_fd *s = fd_state(v, fd);
	uint32_t events = 0;

	(void)easy;
	(void)sockp;
	if (s->owner != NULL)
		return 0;
	if (what != CURL_POLL_REMOVE && (what & CURL_POLL_IN))
		events |= EPOLLIN;
	if (what != CURL_POLL_REMOVE && (what & CURL_POLL_OUT))
		events |= EPOLLOUT;
	fd_register(v, fd, s, events);
	return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct fetch_events *v = arg;

	(void)multi;
	v->curl_due_ms = timeout_ms < 0 ? -1 : v->now_ms + timeout_ms;
	return 0;
}

int
fetch_events_open(struct fetch_events *v, CURLM *multi, int64_t now_ms, struct err *e)
{
	*v = (struct fetch_events){.multi = multi, .now_ms = now_ms, .curl_due_ms = -1};
	if ((v->epoll = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return err_errno(e, EXIT_FAILED, "epoll");
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, v);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, v);
	return 0;
}

void
fetch_events_close(struct fetch_events *v)
{
	if (v->epoll != -1)
		close(v->epoll);
	free(v->fds);
	*v = (struct fetch_events){.epoll = -1};
}

int
fetch_events_wait(struct fetch_events *v, int64_t now_ms, int max_ms)
{
	v->now_ms = now_ms;
	if (v->curl_due_ms != -1 && v->curl_due_ms < now_ms + max_ms)
		max_ms = v->curl_due_ms > now_ms ? (int)(v->curl_due_ms - now_ms) : 0;
	return epoll_wait(v->epoll, v->ev, FETCH_EVENTS_MAX, max_ms);
}

void
fetch_events_handle(struct fetch_events *v, int n, int64_t now_ms,
    void (*ready)(void *owner, uint32_t events, void *arg), void *arg)
{
	int running;

	v->now_ms = now_ms;
	for (int i = 0; i < n; i++) {
		int fd = v->ev[i].data.fd, mask = 0;
		struct fetch_fd *s = fd_state(v, fd);

		if (s->owner != NULL) {
			ready(s->owner, v->ev[i].events, arg);
			continue;
		}
		if (s->registered == 0) /* closed while an earlier event was handled */
			continue;
		if (v->ev[i].events & EPOLLIN)
			mask |= CURL_CSELECT_IN;
		if (v->ev[i].events & EPOLLOUT)
			mask |= CURL_CSELECT_OUT;
		if (v->ev[i].events & (EPOLLERR | EPOLLHUP))
			mask |= CURL_CSELECT_ERR;
		curl_multi_socket_action(v->multi, fd, mask, &running);
	}
	if (v->curl_due_ms != -1 && v->curl_due_ms <= now_ms) {
		v->curl_due_ms = -1;
		curl_multi_socket_action(v->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
}
