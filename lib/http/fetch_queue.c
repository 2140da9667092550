#include <stdlib.h>

#include "http/fetch_queue.h"

void
fetch_queue_begin(struct fetch_queue *q)
{
	*q = (struct fetch_queue){.tail = &q->ready};
}

static void
list_free(struct fetch_exchange *x)
{
	while (x != NULL) {
		struct fetch_exchange *next = x->next;

		free(x);
		x = next;
	}
}

void
fetch_queue_free(struct fetch_queue *q)
{
	list_free(q->ready);
	list_free(q->waiting);
	list_free(q->spent);
}

struct fetch_exchange *
fetch_queue_new(struct fetch_queue *q)
{
	struct fetch_exchange *x = q->spent;

	if (x == NULL)
		return xcalloc(1, sizeof(*x));
	q->spent = x->next;
	*x = (struct fetch_exchange){0};
	return x;
}

void
fetch_queue_spent(struct fetch_queue *q, struct fetch_exchange *x)
{
	x->next = q->spent;
	q->spent = x;
}

void
fetch_queue_last(struct fetch_queue *q, struct fetch_exchange *x)
{
	x->next = NULL;
	*q->tail = x;
	q->tail = &x->next;
	q->n_ready++;
}

void
fetch_queue_first(struct fetch_queue *q, struct fetch_exchange *x)
{
	x->next = q->ready;
	if (q->ready == NULL)
		q->tail = &x->next;
	q->ready = x;
	q->n_ready++;
}

void
fetch_queue_wait(struct fetch_queue *q, struct fetch_exchange *x, int64_t due_ms)
{
	struct fetch_exchange **at = &q->waiting;

	x->due_ms = due_ms;
	while (*at != NULL && (*at)->due_ms <= due_ms)
		at = &(*at)->next;
	x->next = *at;
	*at = x;
}

void
fetch_queue_due(struct fetch_queue *q, int64_t now_ms)
{
	while (q->waiting != NULL && q->waiting->due_ms <= now_ms) {
		struct fetch_exchange *x = q->waiting;

		q->waiting = x->next;
		fetch_queue_first(q, x);
	}
}

struct fetch_exchange *
fetch_queue_take(struct fetch_queue *q)
{
	struct fetch_exchange *x = q->ready;

	q->ready = x->next;
	if (q->ready == NULL)
		q->tail = &q->ready;
	q->n_ready--;
	x->next = NULL;
	return x;
}

static void
unlink_exchange(struct fetch_exchange **at, const struct fetch_exchange *x)
{
	while (*at != NULL && *at != x)
		at = &(*at)->next;
	if (*at != NULL)
		*at = x->next;
}

void
fetch_queue_drop(struct fetch_queue *q, struct fetch_exchange *x)
{
	unlink_exchange(&q->waiting, x);
	unlink_exchange(&q->ready, x);
	q->n_ready = 0;
	for (q->tail = &q->ready; *q->tail != NULL; q->n_ready++)
		q->tail = &(*q->tail)->next;
}
