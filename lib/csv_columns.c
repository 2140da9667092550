#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csv_columns.h"

enum { TOLD_MAX = 10 /* columns named in one message */ };

static size_t
hash(const char *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	while (n-- > 0)
		h = (h ^ (unsigned char)*p++) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

static int
is_column(const struct csv_columns *c, size_t i, const char *name, size_t len)
{
	return c->lens[i] == len && memcmp(c->names[i], name, len) == 0;
}

static void
index_add(struct csv_columns *c, size_t i)
{
	size_t at = hash(c->names[i], c->lens[i]), k;

	while ((k = c->slots[at & (c->n_slots - 1)]) != 0) {
		/* of columns of the same name the first is found */
		if (is_column(c, k - 1, c->names[i], c->lens[i]))
			return;
		at++;
	}
	c->slots[at & (c->n_slots - 1)] = i + 1;
}

/* Finds its columns again after they have become fewer, or too many for it. */
static void
index_make(struct csv_columns *c)
{
	if (c->n_slots < 2 * c->cap) {
		free(c->slots);
		c->n_slots = 2 * c->cap;
		c->slots = xcalloc(c->n_slots, sizeof(*c->slots));
	} else {
		memset(c->slots, 0, c->n_slots * sizeof(*c->slots));
	}
	for (size_t i = 0; i < c->n; i++)
		index_add(c, i);
}

void
csv_columns_cut(struct csv_columns *c, size_t n)
{
	if (c->n <= n)
		return;
	while (c->n > n)
		free(c->names[--c->n]);
	index_make(c);
}

void
csv_columns_free(struct csv_columns *c)
{
	csv_columns_cut(c, 0);
	free(c->names);
	free(c->lens);
	free(c->slots);
	*c = (struct csv_columns){0};
}

void
csv_column_map_free(struct csv_column_map *m)
{
	free(m->from);
	*m = (struct csv_column_map){0};
}

static void
add(struct csv_columns *c, const char *name, size_t len)
{
	if (c->n == c->cap) {
		c->cap = c->cap != 0 ? 2 * c->cap : 32;
		c->names = xrealloc(c->names, c->cap * sizeof(*c->names));
		c->lens = xrealloc(c->lens, c->cap * sizeof(*c->lens));
	}
	c->names[c->n] = xstrndup(name, len);
	c->lens[c->n++] = len;
	if (c->n_slots < 2 * c->cap)
		index_make(c);
	else
		index_add(c, c->n - 1);
}

static const char *
field_name(const struct csv_record *h, size_t i)
{
	return h->text.p + h->at[i];
}

/* The column of that name, tried first at the place where it most likely is; SIZE_MAX when there is
 * none. */
static size_t
find(const struct csv_columns *c, const char *name, size_t len, size_t likely)
{
	size_t i;

	if (likely < c->n && is_column(c, likely, name, len))
		return likely;
	if (c->n == 0)
		return SIZE_MAX;
	for (size_t at = hash(name, len); (i = c->slots[at & (c->n_slots - 1)]) != 0; at++)
		if (is_column(c, i - 1, name, len))
			return i - 1;
	return SIZE_MAX;
}

static size_t
find_field(const struct csv_columns *c, const struct csv_record *h, size_t k)
{
	return find(c, field_name(h, k), h->len[k], k);
}

int
csv_columns_has(const struct csv_columns *c, const char *name)
{
	return find(c, name, strlen(name), SIZE_MAX) != SIZE_MAX;
}

void
csv_columns_set(struct csv_columns *c, const struct csv_record *h)
{
	csv_columns_cut(c, 0);
	for (size_t i = 0; i < h->n; i++)
		add(c, field_name(h, i), h->len[i]);
}

int
csv_columns_fix(struct csv_columns *c, char delim, const char *list, int drop_extra, struct err *e)
{
	struct csv_record r = {0};
	int rc = 0;

	csv_record_parse(&r, delim, list, strlen(list));
	for (size_t i = 0; i < r.n && rc == 0; i++) {
		if (find_field(c, &r, i) != SIZE_MAX)
			rc = err_set(e, EXIT_USAGE, "--columns: '%s' twice", field_name(&r, i));
		else
			add(c, field_name(&r, i), r.len[i]);
	}
	c->fixed = 1;
	c->drop_extra = drop_extra;
	csv_record_free(&r);
	return rc;
}

static void
tell(struct buf *text, size_t *told, const char *what, const char *name)
{
	if (++*told <= TOLD_MAX)
		buf_addf(text, "%s%s '%s'", text->len > 0 ? ", " : "", what, name);
	else if (*told == TOLD_MAX + 1)
		buf_adds(text, ", ...");
}

int
csv_columns_same(const struct csv_columns *c, const struct csv_record *h, struct err *e)
{
	struct buf text = {0};
	struct csv_columns other = {0};
	size_t told = 0, i = 0;

	while (i < c->n && i < h->n && is_column(c, i, field_name(h, i), h->len[i]))
		i++;
	if (i == c->n && i == h->n)
		return 0;
	csv_columns_set(&other, h);
	for (size_t k = 0; k < c->n; k++)
		if (find(&other, c->names[k], c->lens[k], k) == SIZE_MAX)
			tell(&text, &told, "lacks", c->names[k]);
	for (size_t k = 0; k < h->n; k++)
		if (find_field(c, h, k) == SIZE_MAX)
			tell(&text, &told, "adds", field_name(h, k));
	if (told == 0 && i < c->n && i < h->n)
		buf_addf(
		    &text, "column %zu is '%s', not '%s'", i + 1, field_name(h, i), c->names[i]);
	else if (told == 0)
		buf_addf(&text, "%zu columns, not %zu", h->n, c->n);
	err_set(e, EXIT_FAILED, "another header than the files before it: %s",
	    buf_str(&text));
	buf_free(&text);
	csv_columns_free(&other);
	return -1;
}

static void
map_grow(struct csv_column_map *m, size_t n)
{
	if (n > m->cap) {
		m->cap = 2 * n;
		m->from = xrealloc(m->from, m->cap * sizeof(*m->from));
	}
	while (m->n < n)
		m->from[m->n++] = SIZE_MAX;
}

int
csv_columns_join(
    struct csv_columns *c, struct csv_column_map *m, const struct csv_record *h, struct err *e)
{
	m->n = 0;
	m->identity = 1;
	map_grow(m, c->n);
	for (size_t k = 0; k < h->n; k++) {
		size_t i = find_field(c, h, k);

		if (i == SIZE_MAX && c->fixed && !c->drop_extra)
			return err_set(e, EXIT_FAILED, "column '%s' is not among --columns",
			    field_name(h, k));
		if (i == SIZE_MAX && c->fixed) {
			m->identity = 0;
			continue;
		}
		if (i == SIZE_MAX) {
			i = c->n;
			add(c, field_name(h, k), h->len[k]);
			map_grow(m, c->n);
		}
		if (m->from[i] != SIZE_MAX)
			return err_set(
			    e, EXIT_FAILED, "column '%s' is there twice", field_name(h, k));
		m->from[i] = k;
		m->identity = m->identity && i == k;
	}
	return 0;
}

void
csv_columns_header(const struct csv_columns *c, char delim, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		if (i > 0)
			buf_addc(out, delim);
		csv_quote(out, delim, c->names[i], c->lens[i]);
	}
	if (c->n == 1 && c->lens[0] == 0)
		buf_adds(out, "\"\""); /* not a blank line */
}
