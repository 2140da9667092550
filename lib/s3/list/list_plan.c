/* Which request of a listing to make next, and where to cut ranges. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "s3/list/list_ranges_state.h"

/* A cut costs half a page in each part, so a part must be worth it. */
static const double SPLIT_PAGES = 4;

/* --- how much is left --- */

/* Pages left after the answer in flight. */
static double
to_ask(const struct list_range *r)
{
	double pages = r->pages_left - (r->busy && r->n > 0 ? 1 : 0);

	return r->done || r->error != NULL || pages < 0 ? 0 : pages;
}

/* 1 if a key is known after the range's end, so that a cut in the middle is not blind. */
static int
is_lit(const struct list_range *r)
{
	return r->upto != NULL && r->void_from == NULL && r->next != NULL && r->next->n > 0;
}

/* --- which request is next --- */

/* The further a range is from the keys delivered next, the sooner it must stop: half of the window
 * is enough to keep all requests busy. */
static int
may_hold(const struct list_ranges *lr, double pages_before)
{
	double max = (double)lr->opt.held_max, window = max / (double)lr->page_bytes;
	double share = pages_before < window ? 1 - 0.75 * pages_before / window : 0.25;

	return (double)lr->held + (double)(lr->in_flight + 1) * (double)lr->page_bytes <=
	    max * share;
}

static void
ask_for(struct list_ranges *lr, struct list_range *r, struct list_ask *ask)
{
	r->busy = 1;
	lr->in_flight++;
	lr->count.requests++;
	*ask = (struct list_ask){.range = r, .token = r->token, .start_after = list_range_begin(r)};
}

/* Pages that are known to exist; an estimate counts as far as it is founded. */
static double
pages_known(const struct list_ranges *lr)
{
	double sure = 0, most = 4 * (double)lr->useful;

	for (const struct list_range *r = lr->first; r != NULL; r = r->next)
		if (is_lit(r))
			sure += to_ask(r);
	return (double)lr->useful + (sure < most ? sure : most);
}

/* How many requests may yield nothing. */
static double
waste_allowed(const struct list_ranges *lr)
{
	double known = pages_known(lr), early = 1 + known / 2, late = 2 + known / 16;

	return early < late ? early : late;
}

/* The range to cut, with *before pages before it; NULL: none. */
static struct list_range *
choose(const struct list_ranges *lr, double *before)
{
	const double window = (double)lr->opt.held_max / (double)lr->page_bytes;
	double budget = waste_allowed(lr) - (double)lr->count.wasted, most = 0, offset = 0;
	struct list_range *best = NULL;

	for (struct list_range *r = lr->first; r != NULL; r = r->next) {
		double pages = to_ask(r);

		if (r != lr->first && offset > window)
			break;
		if (r->n > 0 && !r->stuck && pages >= SPLIT_PAGES && pages > most &&
		    budget >= (is_lit(r) ? 1 : lr->blind + 1) && may_hold(lr, offset + pages / 2)) {
			best = r;
			*before = offset;
			most = pages;
		}
		offset += pages;
	}
	return best;
}

/* Puts a key between the last one listed by r and its end into lr->cut. -1 if there is none. */
static int
place_cut(struct list_ranges *lr, struct list_range *r, int lit)
{
	const char *last = buf_str(&r->last);
	size_t from = list_range_common(r, last, lr->prefix_len);
	double here = list_place(lr->alphabet, last, from);
	double left = list_place(lr->alphabet, list_range_bound(r), from) - here;
	double step = left / 2, far;

	if (!lit) { /* half as many digits as it may be away from here */
		far = left * sqrt(pages_known(lr) / r->pages_left);
		if (far < step)
			step = far;
	}
	if (r->pages_left < LIST_RANGE_FAR &&
	    list_cut(&lr->cut, lr->alphabet, last, list_range_bound(r), from, here + step,
		step / 8) == 0)
		return 0;
	/* too far to measure: cut at half of the digits instead of half of the number */
	return list_next(&lr->cut, lr->alphabet, last, list_range_bound(r),
	    r->common > from ? (from + r->common) / 2 : from);
}

/* Cuts the rest of r in two. The new range, or NULL if there is no place to cut. */
static struct list_range *
cut(struct list_ranges *lr, struct list_range *r)
{
	double all = r->pages_left;
	struct list_range *new;
	int lit = is_lit(r);

	if (place_cut(lr, r, lit) == -1) {
		r->stuck = 1;
		return NULL;
	}
	new = list_range_new(buf_str(&lr->cut), r->upto);
	new->void_from = r->void_from;
	r->upto = xstrdup(buf_str(&lr->cut));
	r->void_from = NULL;
	new->prev = r;
	new->next = r->next;
	if (new->next != NULL)
		new->next->prev = new;
	r->next = new;
	list_range_estimate(r, lr->alphabet, lr->prefix_len, lr->page_keys);
	new->pages_left = all > r->pages_left ? all - r->pages_left : 0;
	lr->count.ranges++;
	new->blind = !lit;
	lr->blind += !lit;
	return new;
}

enum list_next
list_ranges_next(struct list_ranges *lr, struct list_ask *ask, struct err *e)
{
	struct list_range *r;
	double before = 0;

	if (lr->stopped || lr->first == NULL)
		return LIST_END;
	if (lr->unordered != NULL) {
		*e = *lr->unordered;
		return LIST_UNORDERED;
	}
	if (lr->first->error != NULL) {
		*e = *lr->first->error;
		return LIST_FAILED;
	}
	for (r = lr->first; r != NULL; r = r->next) {
		if (!r->busy && !r->done && r->error == NULL &&
		    (r == lr->first || may_hold(lr, before))) {
			ask_for(lr, r, ask);
			return LIST_ASK;
		}
		before += to_ask(r);
	}
	while (!lr->no_cuts && (r = choose(lr, &before)) != NULL) {
		if ((r = cut(lr, r)) != NULL) {
			ask_for(lr, r, ask);
			return LIST_ASK;
		}
	}
	return LIST_WAIT;
}
