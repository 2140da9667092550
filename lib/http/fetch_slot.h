/*
 * One place on the wire of the engine in fetch.h: a connection, and the exchange that it carries.
 * Only fetch.c and fetch_slot.c include this.
 */
#ifndef SHEAF_HTTP_FETCH_SLOT_H
#define SHEAF_HTTP_FETCH_SLOT_H

#include "http/fetch.h"
#include "http/fetch_conn.h"
#include "http/http_parse.h"

struct fetch_exchange {
	const struct fetch_ops *ops;
	void *job;
	unsigned tries;
	unsigned free_tries;
	unsigned paid;		    /* of the retry budget, so far */
	int64_t due_ms;		    /* when waiting for a retry */
	struct fetch_slot *slot[2]; /* the send, and its hedge */
	struct fetch_slot *winner;  /* whose answer is delivered; NULL until a status line came */
	struct fetch_exchange *next;
};

struct fetch_slot {
	struct fetch_conn conn; /* first, so that a conn's slot is known */
	struct fetch *engine;
	struct fetch_exchange *exchange; /* NULL: free */
	struct fetch_msg msg;
	struct buf out; /* the request: its head, then pieces of its body */
	size_t out_at;	/* bytes of it that are sent */
	uint64_t read_offset;
	int sending; /* the request is not out yet */
	struct http_parse in;
	struct buf held; /* what a paused body did not take */
	uint64_t sent_us;
	int64_t progress_ms;
	int paused;
	int resume; /* to be looked at, without an event */
};

/* Sends the message in s->msg by that route, over the connection if that is open, else over a new
 * one. */
void fetch_slot_start(struct fetch_slot *s, struct fetch_wire *w, const struct fetch_route *r);

/* The connection is there. */
void fetch_slot_opened(struct fetch_slot *s);

/* There may be something to send or to read. */
void fetch_slot_move(struct fetch_slot *s);

/* No exchange any more. The connection stays if it is good for another. */
void fetch_slot_clear(struct fetch_slot *s);
void fetch_slot_free(struct fetch_slot *s);

/* What the slots ask of their engine. */
int64_t fetch_now_ms(const struct fetch *f);
struct fetch_stats *fetch_stats_of(struct fetch *f);
/* Where to read to. */
char *fetch_read_room(struct fetch *f, size_t *cap);
/* A status line came: 1 when the slot's answer is the one to deliver. */
int fetch_slot_wins(struct fetch *f, struct fetch_slot *s);
/* To be looked at in the next step. */
void fetch_slot_again(struct fetch *f, struct fetch_slot *s);
/* The exchange is over; text: why, in words. The slot has none any more when this returns. */
void fetch_slot_finished(
    struct fetch *f, struct fetch_slot *s, enum fetch_fault fault, const char *text);

#endif
