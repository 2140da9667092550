/*
 * A slot of the engine in fetch.h: one connection, and the exchange that it carries. It sends the
 * request, parses the answer and hands it to the exchange's functions. What it cannot decide alone
 * it asks through struct fetch_slot_ops.
 */
#ifndef SHEAF_HTTP_FETCH_SLOT_H
#define SHEAF_HTTP_FETCH_SLOT_H

#include "http/fetch.h"
#include "http/fetch_conn.h"
#include "http/fetch_watch.h"
#include "http/http_parse.h"

struct fetch_exchange {
	const struct fetch_ops *ops;
	void *job;
	unsigned tries;
	unsigned free_tries;
	unsigned paid;		    /* to the retry budget, so far */
	int64_t due_ms;		    /* while it waits for a retry */
	struct fetch_slot *slot[2]; /* the request, and its hedge */
	struct fetch_slot *winner;  /* whose answer is delivered; NULL until a status line came */
	struct fetch_exchange *next;
};

struct fetch_slot_ops {
	/* A status line came: 1 when this slot's answer is the one to deliver. */
	int (*wins)(struct fetch_slot *s);
	/* The exchange is over; text says why. On return the slot is detached from it. */
	void (*finished)(struct fetch_slot *s, enum fetch_fault fault, const char *text);
};

/* What the slots of an engine share. */
struct fetch_common {
	const struct fetch_slot_ops *ops;
	struct fetch_wire wire;
	struct fetch_stats stats;
	uint64_t now_us;
	char *room; /* where bytes of any connection are read to */
	size_t room_len;
	size_t n_again; /* slots marked by fetch_slot_again */
};

static inline int64_t
fetch_common_now_ms(const struct fetch_common *m)
{
	return (int64_t)(m->now_us / 1000);
}

struct fetch_slot {
	struct fetch_conn conn; /* first: a pointer to it is a pointer to its slot */
	struct fetch_common *common;
	struct fetch_exchange *exchange; /* NULL: free */
	struct fetch_msg msg;
	struct buf out; /* the request: its head, then pieces of its body */
	size_t out_at;	/* bytes of it that are sent */
	uint64_t read_offset;
	int sending; /* part of the request has yet to be sent */
	struct http_parse in;
	struct buf held; /* bytes that a paused body did not take */
	uint64_t sent_us;
	struct fetch_watch watch;
	int paused;
	int again; /* move it at the next step without waiting for an event */
};

/* Sends s->msg by that route: over the open connection, else over a new one. */
void fetch_slot_start(struct fetch_slot *s, const struct fetch_route *r);

/* The connection is open. */
void fetch_slot_opened(struct fetch_slot *s);

/* Sends and reads what can be sent and read now. */
void fetch_slot_move(struct fetch_slot *s);

/* Begins to watch for a stall, or begins anew. */
void fetch_slot_watch(struct fetch_slot *s);

/* NULL, or why its exchange has stalled. */
const char *fetch_slot_stalled(struct fetch_slot *s, int64_t stall_ms);

/* Marks the slot to be moved at the next step. */
void fetch_slot_again(struct fetch_slot *s);

/* Detaches the slot from its exchange, whatever its state. Closes the connection unless it can be
 * reused. */
void fetch_slot_clear(struct fetch_slot *s);
void fetch_slot_free(struct fetch_slot *s);

#endif
