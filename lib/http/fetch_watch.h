/*
 * When an exchange of the engine in fetch.h has stalled (docs/engine.md, "Deadlines"): nothing
 * moves, or the server keeps the answer going with a byte now and then. Pure.
 */
#ifndef SHEAF_HTTP_FETCH_WATCH_H
#define SHEAF_HTTP_FETCH_WATCH_H

#include <stdint.h>

enum {
	FETCH_WATCH_WINDOW_MS = 30000,
	FETCH_WATCH_WINDOW_LEAST = 64,	  /* bytes of an answer in a window */
	FETCH_WATCH_HEAD_MS = 60000,	  /* of the head, from its first byte */
	FETCH_WATCH_SLOW_MS = 30 * 60000, /* of an answer that may be slow, likewise */
};

struct fetch_watch {
	int64_t moved_ms;  /* when a byte last moved */
	uint64_t moved;	   /* as seen then */
	int64_t window_ms; /* when the window began; the next begins with enough bytes */
	uint64_t window_in;
	int in_head;	  /* as seen last */
	int64_t began_ms; /* when the answer was first seen; 0: not yet */
};

/* What is seen of an exchange. */
struct fetch_seen {
	int64_t now_ms;
	uint64_t in;	 /* bytes that arrived on its connection */
	uint64_t out;	 /* bytes that left this machine on it */
	int sending;	 /* part of the request has yet to leave */
	int began;	 /* the answer has begun */
	int in_head;	 /* its head is not over */
	int slow_answer; /* as in struct fetch_msg */
};

/* Begins to watch, or begins anew: what came before does not count. */
void fetch_watch_begin(struct fetch_watch *w, const struct fetch_seen *s);

/* NULL, or why the exchange is given up; to be called every now and then. */
const char *fetch_watch_check(struct fetch_watch *w, const struct fetch_seen *s, int64_t stall_ms);

#endif
