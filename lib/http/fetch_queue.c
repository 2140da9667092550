#include <stdlib.h>

#include "http/fetch_queue.h"

void
fetch_queue_begin(struct fetch_queue *q)
{
	*q = (struct fetch_queue){.tail = &q->ready};
}

static void
list_free(struct fetch_task *t)
{
	while (t != NULL) {
		struct fetch_task *next = t->next;

		free(t);
		t = next;
	}
}

void
fetch_queue_free(struct fetch_queue *q)
{
	list_free(q->ready);
	list_free(q->waiting);
	list_free(q->spent);
}

struct fetch_task *
fetch_queue_new(struct fetch_queue *q)
{
	struct fetch_task *t = q->spent;

	if (t == NULL)
		return xcalloc(1, sizeof(*t));
	q->spent = t->next;
	*t = (struct fetch_task){0};
	return t;
}

void
fetch_queue_spent(struct fetch_queue *q, struct fetch_task *t)
{
	t->next = q->spent;
	q->spent = t;
}

void
fetch_queue_last(struct fetch_queue *q, struct fetch_task *t)
{
	t->next = NULL;
	*q->tail = t;
	q->tail = &t->next;
	q->n_ready++;
}

void
fetch_queue_first(struct fetch_queue *q, struct fetch_task *t)
{
	t->next = q->ready;
	if (q->ready == NULL)
		q->tail = &t->next;
	q->ready = t;
	q->n_ready++;
}

void
fetch_queue_wait(struct fetch_queue *q, struct fetch_task *t, int64_t due_ms)
{
	struct fetch_task **at = &q->waiting;

	t->due_ms = due_ms;
	while (*at != NULL && (*at)->due_ms <= due_ms)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

void
fetch_queue_due(struct fetch_queue *q, int64_t now_ms)
{
	while (q->waiting != NULL && q->waiting->due_ms <= now_ms) {
		struct fetch_task *t = q->waiting;

		q->waiting = t->next;
		fetch_queue_first(q, t);
	}
}

struct fetch_task *
fetch_queue_take(struct fetch_queue *q)
{
	struct fetch_task *t = q->ready;

	q->ready = t->next;
	if (q->ready == NULL)
		q->tail = &q->ready;
	q->n_ready--;
	t->next = NULL;
	return t;
}

static void
unlink_task(struct fetch_task **at, const struct fetch_task *t)
{
	while (*at != NULL && *at != t)
		at = &(*at)->next;
	if (*at != NULL)
		*at = t->next;
}

void
fetch_queue_drop(struct fetch_queue *q, struct fetch_task *t)
{
	unlink_task(&q->waiting, t);
	unlink_task(&q->ready, t);
	q->n_ready = 0;
	for (q->tail = &q->ready; *q->tail != NULL; q->n_ready++)
		q->tail = &(*q->tail)->next;
}
