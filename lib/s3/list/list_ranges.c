#include <stdlib.h>
#include <string.h>

#include "s3/list/list_held.h"
#include "s3/list/list_ranges_state.h"

enum {
	SAMPLE = 8,	  /* one key in this many is sampled */
	DENSE_MIN = 16,	  /* from this many keys on, a page alone shows the density */
	PAGE_KEYS = 1000, /* S3's page, until a full one was seen */
	KEY_SHOWN = 300,  /* bytes of a key in a message */
};

struct list_ranges *
list_ranges_new(const struct list_ranges_opt *opt)
{
	struct list_ranges *lr = xcalloc(1, sizeof(*lr));

	lr->opt = *opt;
	lr->prefix_len = strlen(opt->prefix);
	lr->alphabet = list_alphabet_new();
	lr->first = list_range_new(opt->start_after, NULL);
	lr->page_keys = PAGE_KEYS;
	lr->no_cuts = opt->requests < 2;
	lr->count.ranges = 1;
	return lr;
}

static void
ranges_free(struct list_range *r)
{
	while (r != NULL) {
		struct list_range *next = r->next;

		list_range_free(r);
		r = next;
	}
}

void
list_ranges_free(struct list_ranges *lr)
{
	if (lr == NULL)
		return;
	ranges_free(lr->first);
	ranges_free(lr->dropped);
	list_alphabet_free(lr->alphabet);
	buf_free(&lr->cut);
	buf_free(&lr->highest);
	free(lr->skip);
	free(lr->unordered);
	free(lr);
}

int
list_ranges_has_markers(const struct list_ranges *lr)
{
	return lr->opt.has_markers;
}

const struct list_ranges_count *
list_ranges_counted(const struct list_ranges *lr)
{
	return &lr->count;
}

/* Removes r from the list. It is freed once its request has been answered. */
static void
range_drop(struct list_ranges *lr, struct list_range *r)
{
	if (r->prev != NULL)
		r->prev->next = r->next;
	else
		lr->first = r->next;
	if (r->next != NULL)
		r->next->prev = r->prev;
	lr->held -= r->held.bytes;
	list_held_free(&r->held);
	r->dropped = 1;
	r->prev = NULL;
	r->next = lr->dropped;
	lr->dropped = r;
}

static void
free_dropped(struct list_ranges *lr)
{
	for (struct list_range **at = &lr->dropped, *r; (r = *at) != NULL;) {
		if (r->busy) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		list_range_free(r);
	}
}

/* Notes that r's request was answered. 1 if the answer still matters. */
static int
is_wanted(struct list_ranges *lr, struct list_range *r)
{
	lr->in_flight--;
	lr->blind -= r->blind;
	r->busy = r->blind = 0;
	return !r->dropped;
}

/* r takes over all ranges after it. */
static void
take_all_behind(struct list_ranges *lr, struct list_range *r)
{
	while (r->next != NULL)
		range_drop(lr, r->next);
	free(r->upto);
	free(r->void_from);
	r->upto = r->void_from = NULL;
}

static void
range_fail(struct list_ranges *lr, struct list_range *r, const struct err *e)
{
	r->error = xmalloc(sizeof(*e));
	*r->error = *e;
	take_all_behind(lr, r);
}

/* The server lists in another order: key shows it, for that reason. */
static void
see_disorder(struct list_ranges *lr, const char *key, const char *reason, const char *other)
{
	if (lr->unordered != NULL)
		return;
	lr->unordered = xmalloc(sizeof(*lr->unordered));
	err_set(lr->unordered, EXIT_FAILED, "%.*s: %s '%.*s'", KEY_SHOWN, key, reason, KEY_SHOWN,
	    other);
}

/* Drops all ranges but the first, which then lists to the last key. */
static void
go_serial(struct list_ranges *lr)
{
	lr->serial = lr->no_cuts = 1;
	take_all_behind(lr, lr->first);
}

/* --- what an answer means --- */

/* Delivers what is next in order, as far as it has arrived. */
static void
advance(struct list_ranges *lr)
{
	struct list_range *r;

	while (!lr->stopped && (r = lr->first) != NULL) {
		lr->held -= r->held.bytes;
		if (list_held_give(&r->held, lr->opt.take, lr->opt.arg) != 0)
			lr->stopped = 1;
		lr->held += r->held.bytes;
		if (!r->done)
			return;
		range_drop(lr, r);
	}
}

static void
keep(struct list_ranges *lr, struct list_range *r, const struct s3xml_object *o, size_t n)
{
	size_t bytes = list_held_bytes(o, n);

	if (bytes > lr->page_bytes)
		lr->page_bytes = bytes;
	if (r == lr->first) {
		for (size_t i = 0; i < n && !lr->stopped; i++)
			if (lr->skip == NULL || strcmp(o[i].key, lr->skip) > 0)
				lr->stopped = lr->opt.take(lr->opt.arg, &o[i]) != 0;
	} else {
		list_held_add(&r->held, o, n);
		lr->held += bytes;
		if (lr->held > lr->count.held_max)
			lr->count.held_max = lr->held;
	}
	lr->useful++;
	lr->count.keys += n;
	r->n += n;
	buf_reset(&r->last);
	buf_add(&r->last, o[n - 1].key, o[n - 1].key_len);
	for (size_t i = 0; i < n; i += SAMPLE) {
		list_alphabet_see(lr->alphabet, o[i].key, o[i].key_len);
		if (i + 1 < n)
			list_alphabet_next(lr->alphabet, o[i].key, o[i + 1].key);
	}
	list_alphabet_see(lr->alphabet, o[n - 1].key, o[n - 1].key_len);
	r->common = list_common(o[0].key, o[n - 1].key);
	r->n_marked += n;
	if (n >= DENSE_MIN || r->n == n) {
		buf_reset(&r->mark);
		buf_add(&r->mark, o[0].key, o[0].key_len);
		r->n_marked = n - 1;
	}
	r->stuck = 0;
}

/* How many of the ascending keys are not after key. */
static size_t
count_upto(const struct s3xml_page *page, const char *key)
{
	size_t low = 0, high = page->n_objects;

	if (key == NULL)
		return 0;
	if (high > 0 && strcmp(page->objects[high - 1].key, key) <= 0)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(page->objects[middle].key, key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many keys of the page are not after the end of r. If the server has not yet shown that it
 * begins where it is told to, r takes over the next range rather than end. */
static size_t
keys_within(struct list_ranges *lr, struct list_range *r, const struct s3xml_page *page)
{
	struct list_range *right = r->next;
	size_t n;

	while (r->upto != NULL) {
		n = count_upto(page, r->upto);
		if (n == page->n_objects || lr->after_works || right == NULL)
			return n;
		free(r->upto);
		r->upto = right->upto;
		right->upto = NULL;
		range_drop(lr, right);
		right = r->next;
	}
	return page->n_objects;
}

/* r has found nothing: the range before it takes it over. 1, or 0 if that one is done. */
static int
merge_back(struct list_ranges *lr, struct list_range *r)
{
	struct list_range *left = r->prev;

	if (left == NULL || left->done || left->error != NULL)
		return 0;
	free(left->void_from);
	left->void_from = left->upto; /* the key at which r began */
	left->upto = r->upto;
	r->upto = NULL;
	left->stuck = 0;
	if (left->n > 0)
		list_range_estimate(left, lr->alphabet, lr->prefix_len, lr->page_keys);
	range_drop(lr, r);
	return 1;
}

/* The server says that there is no more. 1 to believe it. If it has named later keys, or has
 * promised some and sends none, it is asked once more. */
static int
believe_end(struct list_ranges *lr, struct list_range *r, const struct s3xml_page *page)
{
	const char *begin = list_range_begin(r);
	int is_last = !lr->any || (begin != NULL && strcmp(begin, buf_str(&lr->highest)) >= 0);
	int is_promised = r->token != NULL && page->n_objects == 0;

	if (!r->doubted && (!is_last || is_promised)) {
		r->doubted = 1;
		free(r->token);
		r->token = NULL;
		list_chain_restart(&r->chain);
		return 0;
	}
	if (is_last)
		take_all_behind(lr, r);
	return 1;
}

/* From now on pages continue after keys, as no token came: those of other ranges are useless. */
static void
use_markers(struct list_ranges *lr)
{
	lr->opt.has_markers = 1;
	for (struct list_range *r = lr->first; r != NULL; r = r->next) {
		free(r->token);
		r->token = NULL;
		list_chain_restart(&r->chain);
	}
}

/* Records where the next page of r begins. 0, or -1 with e filled. */
static int
take_token(
    struct list_ranges *lr, struct list_range *r, const struct s3xml_page *page, struct err *e)
{
	const char *next = page->next_token;

	if (lr->opt.has_markers) {
		if (!page->next_is_key)
			next = NULL;
		if (next == NULL && page->n_objects == 0)
			return err_set(e, EXIT_FAILED,
			    "%s: the listing is truncated but does not say where it continues",
			    lr->opt.prefix);
	} else if (next == NULL || page->next_is_key) {
		use_markers(lr);
	}
	free(r->token);
	r->token = NULL;
	if (next == NULL) /* after the last key, where r always continues without a token */
		return 0;
	if (list_chain_next(&r->chain, next, lr->opt.prefix, e) == -1)
		return -1;
	r->token = xstrdup(next);
	return 0;
}

/* Handles an answer with keys from before r. */
static void
take_earlier(struct list_ranges *lr, struct list_range *r, const struct s3xml_page *page)
{
	if (r->n > 0) {
		see_disorder(
		    lr, page->objects[0].key, "listed out of order, after", buf_str(&r->last));
		return;
	}
	/* The server ignores start-after, or has another order. Only the whole listing can tell
	 * which: if this was to be the next range, it begins again and skips what was given. */
	go_serial(lr);
	if (r != lr->first)
		return;
	free(lr->skip);
	lr->skip = r->after;
	r->after = NULL;
	free(r->expected);
	r->expected = NULL;
	free(r->token);
	r->token = NULL;
	list_chain_restart(&r->chain);
}

/* Compares the first key that r has named with what the range before it named first after the cut
 * between them. */
static void
check_begin(struct list_ranges *lr, const struct list_range *r)
{
	if (r->expected == NULL || (r->named == NULL && !r->done))
		return;
	if (r->named == NULL || strcmp(r->named, r->expected) != 0)
		see_disorder(lr, r->expected, "not listed after",
		    r->after != NULL ? r->after : lr->opt.prefix);
}

/* r ends, as key is the first after its end. */
static void
end_before(struct list_ranges *lr, struct list_range *r, const char *key)
{
	r->done = 1;
	if (r->next == NULL || r->next->expected != NULL)
		return;
	r->next->expected = xstrdup(key);
	check_begin(lr, r->next);
}

/* Takes the first n keys of an answer into r. 0, or -1 with e filled. */
static int
page_taken(struct list_ranges *lr, struct list_range *r, const struct s3xml_page *page, size_t n,
    struct err *e)
{
	int beyond = n < page->n_objects;

	if (n == 0) {
		lr->count.wasted++;
		if (r->n == 0 && (beyond || !page->is_truncated) && merge_back(lr, r))
			return 0;
	} else {
		if (page->is_truncated && (double)page->n_objects > 1)
			lr->page_keys = (double)page->n_objects;
		keep(lr, r, page->objects, n);
	}
	if (beyond) {
		end_before(lr, r, page->objects[n].key);
		return 0;
	}
	if (!page->is_truncated) {
		r->done = (unsigned char)believe_end(lr, r, page);
		return 0;
	}
	r->doubted = 0;
	if (list_chain_page(&r->chain, n, lr->opt.prefix, e) == -1 ||
	    take_token(lr, r, page, e) == -1)
		return -1;
	if (r->n > 0)
		list_range_estimate(r, lr->alphabet, lr->prefix_len, lr->page_keys);
	return 0;
}

static void
note_highest(struct list_ranges *lr, const struct s3xml_page *page)
{
	const struct s3xml_object *o;

	if (page->n_objects == 0)
		return;
	o = &page->objects[page->n_objects - 1];
	if (lr->any && strcmp(o->key, buf_str(&lr->highest)) <= 0)
		return;
	lr->any = 1;
	buf_reset(&lr->highest);
	buf_add(&lr->highest, o->key, o->key_len);
}

/* The answer is in order, and r still wants it. */
static void
take_page(struct list_ranges *lr, struct list_range *r, const struct s3xml_page *page)
{
	struct err e = {0};
	size_t upto;

	if (count_upto(page, list_range_begin(r)) > 0) {
		take_earlier(lr, r, page);
		return;
	}
	if (page->n_objects > 0) {
		if (r->prev != NULL)
			lr->after_works = 1;
		if (r->named == NULL)
			r->named = xstrdup(page->objects[0].key);
	}
	upto = keys_within(lr, r, page);
	if (page_taken(lr, r, page, upto, &e) == -1)
		range_fail(lr, r, &e);
	else if (!r->dropped)
		check_begin(lr, r);
}

void
list_ranges_page(struct list_ranges *lr, struct list_range *r, const struct s3xml_page *page)
{
	struct err e = {0};
	size_t descent;

	free_dropped(lr);
	note_highest(lr, page);
	if (!is_wanted(lr, r))
		return;
	if (list_check_page(page, lr->opt.prefix, &e) == -1)
		range_fail(lr, r, &e);
	else if ((descent = list_check_order(page)) > 0)
		see_disorder(lr, page->objects[descent].key, "listed out of order, after",
		    page->objects[descent - 1].key);
	else
		take_page(lr, r, page);
	if (lr->unordered == NULL)
		advance(lr);
}

void
list_ranges_use_markers(struct list_ranges *lr, struct list_range *r)
{
	(void)is_wanted(lr, r);
	use_markers(lr);
}

void
list_ranges_no_page(struct list_ranges *lr, struct list_range *r, int refused, const struct err *e)
{
	free_dropped(lr);
	if (!is_wanted(lr, r))
		return;
	if (refused && r->n == 0 && r->token == NULL && merge_back(lr, r)) {
		lr->no_cuts = 1; /* the server refuses to begin in the middle */
	} else {
		range_fail(lr, r, e);
	}
}
