/* The slots of the engine in fetch.h: which are free, and which one an exchange gets. */
#ifndef SHEAF_HTTP_FETCH_SLOTS_H
#define SHEAF_HTTP_FETCH_SLOTS_H

#include "http/fetch_slot.h"

struct fetch_slots {
	struct fetch_slot *all;
	size_t n, n_spare;	  /* the last n_spare are for hedges only */
	struct fetch_slot **free; /* a stack */
	size_t n_free;
};

void fetch_slots_open(struct fetch_slots *p, struct fetch_common *m, size_t n, size_t n_spare);
void fetch_slots_close(struct fetch_slots *p);

/*
 * Takes a free slot; there must be one. Of those whose open connection leads there, the one used
 * last; else one without a connection; else any. fresh: one without a connection comes first, and
 * the slot returned has none.
 */
struct fetch_slot *fetch_slots_take(struct fetch_slots *p, const struct fetch_route *r, int fresh);

/* Detaches s from its exchange and makes it free. */
void fetch_slots_release(struct fetch_slots *p, struct fetch_slot *s);

/* Moves the slots that can proceed without an event. */
void fetch_slots_move_marked(struct fetch_slots *p, struct fetch_common *m);

/* 1 when some slot is busy and each busy one only waits for its answer to begin. */
int fetch_slots_are_waiting(const struct fetch_slots *p);

#endif
