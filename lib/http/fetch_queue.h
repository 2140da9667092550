/* The exchanges of the engine in fetch.h that are not in a slot. */
#ifndef SHEAF_HTTP_FETCH_QUEUE_H
#define SHEAF_HTTP_FETCH_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "http/fetch_slot.h"

struct fetch_queue {
	struct fetch_exchange *ready, **tail; /* to be sent, in this order */
	size_t n_ready;
	struct fetch_exchange *waiting; /* for a retry, by time */
	struct fetch_exchange *spent;	/* for reuse */
};

void fetch_queue_begin(struct fetch_queue *q);
void fetch_queue_free(struct fetch_queue *q);

/* A new exchange, in neither list. The other takes back one that is over. */
struct fetch_exchange *fetch_queue_new(struct fetch_queue *q);
void fetch_queue_spent(struct fetch_queue *q, struct fetch_exchange *x);

/* Queue x to be sent after all others, or before them, as it was sent once already. */
void fetch_queue_last(struct fetch_queue *q, struct fetch_exchange *x);
void fetch_queue_first(struct fetch_queue *q, struct fetch_exchange *x);

/* Holds x back until due_ms. */
void fetch_queue_wait(struct fetch_queue *q, struct fetch_exchange *x, int64_t due_ms);

/* Moves those that are due before all others. */
void fetch_queue_due(struct fetch_queue *q, int64_t now_ms);

/* Removes and returns the next one to send; there must be one. */
struct fetch_exchange *fetch_queue_take(struct fetch_queue *q);

/* Removes x, wherever it is. */
void fetch_queue_drop(struct fetch_queue *q, struct fetch_exchange *x);

#endif
