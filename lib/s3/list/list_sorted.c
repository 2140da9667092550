#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "s3/list/list_check.h"
#include "s3/list/list_sorted.h"

/* A page of objects, packed. An object: its number, size and length of its key, then its strings,
 * each with a NUL. */
struct chunk {
	struct chunk *next;
	char data[];
};

struct record {
	uint64_t number, size;
	size_t key_len;
	char key[];
};

struct list_sorted {
	struct list_sorted_opt opt;
	struct chunk *chunks;
	struct record **records;
	size_t n, cap, bytes;
	uint64_t pages, given;
	struct list_chain chain;
	char *token;	  /* of the next page */
	char *last;	  /* key of the last page with keys; NULL: none */
	char *high, *low; /* keys that follow each other, but descend; NULL: none seen */
	struct err error;
	unsigned char proven;  /* pages continue in the server's own order */
	unsigned char probing; /* the next answer only shows that */
	unsigned char busy, done, failed, doubted;
};

struct list_sorted *
list_sorted_new(const struct list_sorted_opt *opt)
{
	struct list_sorted *s = xcalloc(1, sizeof(*s));

	s->opt = *opt;
	return s;
}

void
list_sorted_free(struct list_sorted *s)
{
	if (s == NULL)
		return;
	for (struct chunk *c = s->chunks, *next; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(s->records);
	free(s->token);
	free(s->last);
	free(s->high);
	free(s->low);
	list_chain_free(&s->chain);
	free(s);
}

int
list_sorted_has_markers(const struct list_sorted *s)
{
	return s->opt.has_markers;
}

uint64_t
list_sorted_given(const struct list_sorted *s)
{
	return s->given;
}

/* --- what is held --- */

static size_t
record_len(const struct s3xml_object *o)
{
	size_t n = sizeof(struct record) + o->key_len + strlen(o->etag) + strlen(o->mtime) +
	    strlen(o->storage_class) + 4;

	return (n + _Alignof(struct record) - 1) & ~(_Alignof(struct record) - 1);
}

static char *
put(char *at, const char *s)
{
	size_t n = strlen(s) + 1;

	memcpy(at, s, n);
	return at + n;
}

static int
hold(struct list_sorted *s, const struct s3xml_page *page)
{
	size_t bytes = sizeof(struct chunk);
	struct chunk *c;
	char *at;

	for (size_t i = 0; i < page->n_objects; i++)
		bytes += record_len(&page->objects[i]);
	s->bytes += bytes + page->n_objects * sizeof(*s->records);
	if (s->bytes > s->opt.held_max)
		return err_set(&s->error, EXIT_FAILED,
		    "%s: the server does not list in UTF-8 byte order, and its keys, %zu so far, "
		    "are more than the %zu bytes that are sorted in memory; list longer prefixes",
		    s->opt.prefix, s->n + page->n_objects, s->opt.held_max);
	c = xmalloc(bytes);
	c->next = s->chunks;
	s->chunks = c;
	at = c->data;
	for (size_t i = 0; i < page->n_objects; i++) {
		const struct s3xml_object *o = &page->objects[i];
		struct record *r = (struct record *)(void *)at;

		if (s->n == s->cap) {
			s->cap = s->cap != 0 ? s->cap * 2 : 4096;
			s->records = xrealloc(s->records, s->cap * sizeof(struct record *));
		}
		*r = (struct record){.number = s->n, .size = o->size, .key_len = o->key_len};
		put(put(put(put(r->key, o->key), o->etag), o->mtime), o->storage_class);
		s->records[s->n++] = r;
		at += record_len(o);
	}
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct record *x = *(struct record *const *)a, *y = *(struct record *const *)b;
	int c = strcmp(x->key, y->key);

	return c != 0 ? c : (x->number > y->number) - (x->number < y->number);
}

static void
give(struct list_sorted *s)
{
	const char *after = s->opt.start_after;

	if (s->n > 0)
		qsort(s->records, s->n, sizeof(struct record *), by_key);
	for (size_t i = 0; i < s->n; i++) {
		const struct record *r = s->records[i];
		struct s3xml_object o = {.key = r->key, .key_len = r->key_len, .size = r->size};

		if ((after != NULL && strcmp(r->key, after) <= 0) ||
		    (i + 1 < s->n && strcmp(r->key, s->records[i + 1]->key) == 0))
			continue;
		o.etag = o.key + o.key_len + 1;
		o.mtime = o.etag + strlen(o.etag) + 1;
		o.storage_class = o.mtime + strlen(o.mtime) + 1;
		s->given++;
		if (s->opt.take(s->opt.arg, &o) != 0)
			break;
	}
	s->n = 0;
}

/* --- what an answer means --- */

/* Continues with the page after key. 0, or -1 with the error filled. */
static int
continue_at(struct list_sorted *s, const char *next)
{
	if (list_chain_next(&s->chain, next, s->opt.prefix, &s->error) == -1)
		return -1;
	free(s->token);
	s->token = xstrdup(next);
	return 0;
}

/* Notes what the page shows about the server's order. */
static void
look_at_order(struct list_sorted *s, const struct s3xml_page *page)
{
	size_t descent = list_check_order(page);

	if (page->n_objects == 0)
		return;
	if (descent > 0 && s->high == NULL) {
		s->high = xstrdup(page->objects[descent - 1].key);
		s->low = xstrdup(page->objects[descent].key);
	}
	for (size_t i = 0; s->last != NULL && i < page->n_objects && !s->proven; i++)
		s->proven = strcmp(page->objects[i].key, s->last) < 0;
	free(s->last);
	s->last = xstrdup(page->objects[page->n_objects - 1].key);
}

/* The answer to the question what follows the key high. */
static int
take_probe(struct list_sorted *s, const struct s3xml_page *page)
{
	if (page->n_objects > 0 && strcmp(page->objects[0].key, s->low) == 0) {
		s->done = 1;
		return 0;
	}
	return err_set(&s->error, EXIT_FAILED,
	    "%s: the server lists '%s' after '%s', but does not go on with it when asked for what "
	    "follows; its pages may leave out keys, so it cannot be listed",
	    s->opt.prefix, s->low, s->high);
}

/* Where the next page begins, or the end. */
static int
take_next(struct list_sorted *s, const struct s3xml_page *page)
{
	if (!page->is_truncated) {
		s->probing = s->pages > 1 && s->high != NULL && !s->proven;
		s->done = !s->probing;
		return 0;
	}
	if (!s->opt.has_markers && (page->next_token == NULL || page->next_is_key)) {
		s->opt.has_markers = 1;
		if (s->token != NULL) /* V2's tokens mean nothing to V1 */
			list_chain_restart(&s->chain);
	}
	if (page->next_token != NULL && page->next_is_key == s->opt.has_markers)
		return continue_at(s, page->next_token);
	if (page->n_objects > 0)
		return continue_at(s, page->objects[page->n_objects - 1].key);
	return err_set(&s->error, EXIT_FAILED,
	    "%s: the listing is truncated but does not say where it continues", s->opt.prefix);
}

static int
take_page(struct list_sorted *s, const struct s3xml_page *page)
{
	if (list_check_page(page, s->opt.prefix, &s->error) == -1)
		return -1;
	if (s->probing)
		return take_probe(s, page);
	s->pages++;
	if (list_chain_page(&s->chain, page->n_objects, s->opt.prefix, &s->error) == -1 ||
	    hold(s, page) == -1)
		return -1;
	look_at_order(s, page);
	if (!page->is_truncated && page->n_objects == 0 && s->token != NULL && !s->doubted) {
		s->doubted = 1; /* more was promised: the page is requested again */
		return 0;
	}
	s->doubted = 0;
	return take_next(s, page);
}

void
list_sorted_page(struct list_sorted *s, const struct s3xml_page *page)
{
	s->busy = 0;
	if (take_page(s, page) == -1)
		s->failed = 1;
}

void
list_sorted_no_page(struct list_sorted *s, const struct err *e)
{
	s->busy = 0;
	s->failed = 1;
	s->error = *e;
}

void
list_sorted_use_markers(struct list_sorted *s)
{
	s->busy = 0;
	s->opt.has_markers = 1;
}

enum list_next
list_sorted_next(struct list_sorted *s, struct list_ask *ask, struct err *e)
{
	if (s->failed) {
		*e = s->error;
		return LIST_FAILED;
	}
	if (s->busy)
		return LIST_WAIT;
	if (s->done) {
		give(s);
		return LIST_END;
	}
	s->busy = 1;
	*ask = (struct list_ask){0};
	if (s->probing)
		ask->start_after = s->high;
	else
		ask->token = s->token;
	return LIST_ASK;
}
