#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3/s3_get_state.h"

enum {
	WINDOW_MIN = 128, /* objects in flight */
	WINDOW_MAX = 1024,
	WINDOW_PER_CONNECTION = 16, /* so that one slow answer in a hundred does not stop all */
	SIZE_GUESS = 16384,	    /* assumed bytes of an object of unknown size */
	STEP_MS = 100,
	KEEP_BODY = 65536, /* bytes of memory that a window slot may keep for the next object */
};

static struct s3_get_item *
item_at(struct s3_getter *g, size_t i)
{
	return g->window[(g->first + i) % g->size];
}

/* It ends up in files, so it must be a word: "DEEP_ARCHIVE". */
static const char *
class_word(const char *name)
{
	return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0' ? name : "";
}

/* A short reason if the object itself is the cause of a failure; NULL if the transfer is, or may
 * be: only what S3 itself says counts. */
static const char *
reject_reason(const struct s3_get_item *it, char *text, size_t cap)
{
	const struct s3_call *c = &it->call;
	const char *class = class_word(c->problem->xml.storage_class);

	/* likewise where fewer tries are allowed than check_head waits for */
	if (it->changed || (it->n_others > 1 && it->n_others >= c->last.tries))
		return it->o.has_listing ? "changed since it was listed"
					 : "changed while it was read";
	if (s3_call_says(c, 404, "NoSuchKey") || s3_call_says(c, 404, "NoSuchVersion"))
		return "not found";
	if (s3_call_says(c, 403, "InvalidObjectState")) {
		if (*class == '\0')
			class = class_word(c->answer.storage_class);
		snprintf(text, cap, "archived (%s)", *class != '\0' ? class : "restore it first");
		return text;
	}
	return NULL;
}

/* --- the window --- */

static void
item_start(struct s3_get_item *it)
{
	it->started = 1;
	it->call = (struct s3_call){.method = "GET",
	    .bucket = it->o.uri.bucket,
	    .key = it->o.uri.key,
	    .ops = &s3_get_body_ops,
	    .arg = it};
	s3_start(it->g->s3, &it->call);
}

static struct s3_get_item *
item_new(struct s3_getter *g)
{
	struct s3_get_item *it = g->free;

	if (it == NULL)
		it = xcalloc(1, sizeof(*it));
	else
		g->free = it->next_free;
	it->g = g;
	return it;
}

static void
item_end(struct s3_get_item *it)
{
	struct s3_getter *g = it->g;

	g->budget_used -= it->reserved;
	uri_free(&it->o.uri);
	free(it->other);
	s3_call_free(&it->call);
	if (it->body.cap > KEEP_BODY)
		buf_free(&it->body);
	buf_reset(&it->body);
	*it = (struct s3_get_item){.body = it->body, .next_free = g->free};
	g->free = it;
}

/* Removes the object at the head of the window. */
static void
shift(struct s3_getter *g)
{
	item_end(item_at(g, 0));
	g->first = (g->first + 1) % g->size;
	g->n--;
}

/* Requests more objects while there is room, no further ahead than needed to keep all connections
 * busy. */
static void
fill(struct s3_getter *g)
{
	while (!g->no_more && !g->stop && g->n < g->size &&
	    s3_backlog(g->s3) < g->opt->connections &&
	    (g->n == 0 || g->budget_used < S3_GET_BUDGET)) {
		struct s3_get_item *it = item_new(g);
		int rc = g->ops->next(g->arg, &it->o);

		if (rc <= 0) {
			item_end(it);
			g->no_more = 1;
			g->stop |= rc < 0;
			return;
		}
		g->window[(g->first + g->n++) % g->size] = it;
		it->reserved = !it->o.has_listing   ? SIZE_GUESS
		    : it->o.size <= S3_GET_HOLD_MAX ? it->o.size
						    : 0;
		g->budget_used += it->reserved;
		/* a large object is requested when it becomes the head, so that no answer stays
		 * open */
		if (!it->o.has_listing || it->o.size <= S3_GET_HOLD_MAX)
			item_start(it);
	}
}

static int
deliver(struct s3_get_item *it)
{
	const struct s3_call *c = &it->call;
	struct s3_getter *g = it->g;
	struct s3_get_outcome out = {.status = c->answer.status,
	    .tries = c->last.tries,
	    .bytes = it->have,
	    .us = c->last.us};
	char reason[128];

	if (!c->ok)
		return g->ops->failed(g->arg, &it->o, &out,
		    reject_reason(it, reason, sizeof(reason)), it->begun, s3_call_is_general(c),
		    c->problem->error.text);
	if (!it->begun &&
	    (g->ops->begin(g->arg, &it->o, it->size, c->answer.last_modified) == -1 ||
		(it->body.len > 0 && g->ops->data(g->arg, it->body.p, it->body.len) == -1)))
		return -1;
	return g->ops->end(g->arg, &it->o, &out);
}

/* Delivers the finished objects at the head of the window. */
static void
drain(struct s3_getter *g)
{
	while (g->n > 0 && !g->stop) {
		struct s3_get_item *it = item_at(g, 0);

		if (!it->done)
			return;
		if (it->local || deliver(it) == -1)
			g->stop = 1;
		shift(g);
	}
}

/* The head may always proceed, so that everything does. */
static void
head_on(struct s3_getter *g)
{
	struct s3_get_item *it;

	if (g->n == 0 || g->stop)
		return;
	it = item_at(g, 0);
	if (!it->started) {
		item_start(it);
	} else if (it->paused) {
		it->paused = 0;
		g->n_paused--;
		s3_resume(&it->call);
	}
}

int
s3_get_all(struct s3 *s3, const struct s3_get_opt *opt, const struct s3_get_ops *ops, void *arg)
{
	struct s3_getter g = {.s3 = s3, .ops = ops, .arg = arg, .opt = opt};

	if (!s3_asks_checksums(s3))
		g.without = GET_CHECKSUM_MODE;
	g.size = (size_t)opt->connections * WINDOW_PER_CONNECTION;
	if (g.size < WINDOW_MIN)
		g.size = WINDOW_MIN;
	if (g.size > WINDOW_MAX)
		g.size = WINDOW_MAX;
	g.paused_max = opt->connections / 2;
	g.window = xcalloc(g.size, sizeof(struct s3_get_item *));
	for (;;) {
		drain(&g);
		fill(&g);
		head_on(&g);
		if (g.stop || (g.n == 0 && g.no_more))
			break;
		s3_step(s3, STEP_MS);
		if (ops->idle != NULL && ops->idle(arg) == -1)
			g.stop = 1;
	}
	for (; g.n > 0; shift(&g)) {
		struct s3_get_item *it = item_at(&g, 0);

		if (it->started && !it->done)
			s3_cancel(&it->call);
	}
	while (g.free != NULL) {
		struct s3_get_item *it = g.free;

		g.free = it->next_free;
		buf_free(&it->body);
		free(it);
	}
	free(g.window);
	return g.stop ? -1 : 0;
}
