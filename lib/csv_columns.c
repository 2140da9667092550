#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csv_columns.h"

enum { TOLD_MAX = 10 /* columns named in one message */ };

void
csv_columns_cut(struct csv_columns *c, size_t n)
{
	while (c->n > n)
		free(c->names[--c->n]);
}

void
csv_columns_free(struct csv_columns *c)
{
	csv_columns_cut(c, 0);
	free(c->names);
	free(c->lens);
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
}

static const char *
field_name(const struct csv_record *h, size_t i)
{
	return h->text.p + h->at[i];
}

static int
is_column(const struct csv_columns *c, size_t i, const struct csv_record *h, size_t k)
{
	return c->lens[i] == h->len[k] && memcmp(c->names[i], field_name(h, k), h->len[k]) == 0;
}

/* The column of that name, tried first at the place where it most likely is; SIZE_MAX when there is
 * none. */
static size_t
find(const struct csv_columns *c, const struct csv_record *h, size_t k, size_t likely)
{
	if (likely < c->n && is_column(c, likely, h, k))
		return likely;
	for (size_t i = 0; i < c->n; i++)
		if (is_column(c, i, h, k))
			return i;
	return SIZE_MAX;
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
		if (find(c, &r, i, i) != SIZE_MAX)
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
csv_columns_same(
    const struct csv_columns *c, const struct csv_record *h, const char *source, struct err *e)
{
	struct buf text = {0};
	struct csv_columns other = {0};
	struct csv_record r = {0};
	size_t told = 0, i = 0;

	while (i < c->n && i < h->n && is_column(c, i, h, i))
		i++;
	if (i == c->n && i == h->n)
		return 0;
	csv_columns_set(&other, h);
	for (size_t k = 0; k < c->n; k++) {
		r = (struct csv_record){
		    .text = {.p = c->names[k]}, .at = (size_t[]){0}, .len = &c->lens[k], .n = 1};
		if (find(&other, &r, 0, k) == SIZE_MAX)
			tell(&text, &told, "lacks", c->names[k]);
	}
	for (size_t k = 0; k < h->n; k++)
		if (find(c, h, k, k) == SIZE_MAX)
			tell(&text, &told, "adds", field_name(h, k));
	if (told == 0 && i < c->n && i < h->n)
		buf_addf(
		    &text, "column %zu is '%s', not '%s'", i + 1, field_name(h, i), c->names[i]);
	else if (told == 0)
		buf_addf(&text, "%zu columns, not %zu", h->n, c->n);
	err_set(e, EXIT_FAILED, "%s: line 1: another header than the files before it: %s", source,
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
csv_columns_join(struct csv_columns *c, struct csv_column_map *m, const struct csv_record *h,
    const char *source, struct err *e)
{
	m->n = 0;
	m->identity = 1;
	map_grow(m, c->n);
	for (size_t k = 0; k < h->n; k++) {
		size_t i = find(c, h, k, k);

		if (i == SIZE_MAX && c->fixed && !c->drop_extra)
			return err_set(e, EXIT_FAILED,
			    "%s: line 1: column '%s' is not among --columns", source,
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
			return err_set(e, EXIT_FAILED, "%s: line 1: column '%s' is there twice",
			    source, field_name(h, k));
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
