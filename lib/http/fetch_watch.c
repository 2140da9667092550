#include <stddef.h>

#include "http/fetch_watch.h"

static void
window_begin(struct fetch_watch *w, const struct fetch_seen *s)
{
	w->window_ms = s->now_ms;
	w->window_in = s->in;
}

void
fetch_watch_begin(struct fetch_watch *w, const struct fetch_seen *s)
{
	*w = (struct fetch_watch){.moved_ms = s->now_ms, .moved = s->in + s->out, .in_head = 1};
	window_begin(w, s);
}

const char *
fetch_watch_check(struct fetch_watch *w, const struct fetch_seen *s, int64_t stall_ms)
{
	if (s->in + s->out != w->moved) {
		w->moved = s->in + s->out;
		w->moved_ms = s->now_ms;
	} else if (s->now_ms - w->moved_ms > stall_ms) {
		return "nothing came for too long";
	}
	if (s->sending || !s->began) {
		window_begin(w, s);
		return NULL;
	}
	if (w->began_ms == 0)
		w->began_ms = s->now_ms;
	if (s->slow_answer) {
		return s->now_ms - w->began_ms > FETCH_WATCH_SLOW_MS ? "its answer does not end"
								     : NULL;
	}
	if (s->in_head && s->now_ms - w->began_ms > FETCH_WATCH_HEAD_MS)
		return "the head of its answer does not end";
	if (w->in_head != s->in_head || s->in - w->window_in >= FETCH_WATCH_WINDOW_LEAST)
		window_begin(w, s);
	w->in_head = s->in_head;
	return s->now_ms - w->window_ms > FETCH_WATCH_WINDOW_MS ? "fewer than 64 bytes came in 30 s"
								: NULL;
}
