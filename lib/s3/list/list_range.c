#include <stdlib.h>
#include <string.h>

#include "s3/list/list_range.h"

struct list_range *
list_range_new(const char *after, char *upto)
{
	struct list_range *r = xcalloc(1, sizeof(*r));

	r->after = after != NULL ? xstrdup(after) : NULL;
	r->upto = upto;
	return r;
}

void
list_range_free(struct list_range *r)
{
	free(r->after);
	free(r->upto);
	free(r->void_from);
	free(r->token);
	free(r->named);
	free(r->expected);
	list_chain_free(&r->chain);
	free(r->error);
	buf_free(&r->last);
	buf_free(&r->mark);
	list_held_free(&r->held);
	free(r);
}

const char *
list_range_bound(const struct list_range *r)
{
	return r->void_from != NULL ? r->void_from : r->upto;
}

const char *
list_range_begin(struct list_range *r)
{
	return r->n > 0 ? buf_str(&r->last) : r->after;
}

size_t
list_range_common(const struct list_range *r, const char *key, size_t prefix_len)
{
	size_t n = list_range_bound(r) != NULL ? list_common(key, list_range_bound(r)) : 0;

	return n > prefix_len ? n : prefix_len;
}

void
list_range_estimate(
    struct list_range *r, const struct list_alphabet *a, size_t prefix_len, double page_keys)
{
	const char *mark = buf_str(&r->mark);
	size_t from = list_range_common(r, mark, prefix_len);
	double here = list_place(a, buf_str(&r->last), from);
	double done = here - list_place(a, mark, from);
	double left = list_place(a, list_range_bound(r), from) - here;

	if (left <= 0)
		r->pages_left = 0;
	else if (done * LIST_RANGE_FAR <= left)
		r->pages_left = LIST_RANGE_FAR;
	else
		r->pages_left = left / done * (double)r->n_marked / page_keys;
	if (r->pages_left > LIST_RANGE_FAR)
		r->pages_left = LIST_RANGE_FAR;
}
