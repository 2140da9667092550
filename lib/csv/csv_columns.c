#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "csv/csv_columns.h"
#include "csv/csv_name.h"

enum {
	NAMED_MAX = 5,		  /* columns of each kind that one message names */
	COMPARE_MAX = 256 * 1024, /* bytes of headers that are compared name by name */
};

static size_t
hash(const char *p, size_t n)
{
	uint64_t h = fnv1a(FNV1A_BEGIN, p, n);

	return (size_t)(h ^ h >> 32);
}

/* --- the columns --- */

static const char *
column(const struct csv_columns *c, size_t i)
{
	return c->names.p + c->at[i];
}

static size_t
column_len(const struct csv_columns *c, size_t i)
{
	return (i + 1 < c->n ? c->at[i + 1] : c->names.len) - c->at[i] - 1;
}

static int
is_column(const struct csv_columns *c, size_t i, const char *name, size_t len)
{
	return column_len(c, i) == len && memcmp(column(c, i), name, len) == 0;
}

static void
index_add(struct csv_columns *c, size_t i)
{
	const char *name = column(c, i);
	size_t len = column_len(c, i), at = hash(name, len), k;

	while ((k = c->slots[at & (c->n_slots - 1)]) != 0) {
		/* the first of several columns of one name is the one found */
		if (is_column(c, k - 1, name, len))
			return;
		at++;
	}
	c->slots[at & (c->n_slots - 1)] = (uint32_t)i + 1;
}

/* Makes the hash table anew after columns were removed, or when it has become too small. */
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
	c->names.len = c->at[n];
	c->n = n;
	index_make(c);
}

void
csv_columns_free(struct csv_columns *c)
{
	buf_free(&c->names);
	free(c->at);
	free(c->slots);
	*c = (struct csv_columns){0};
}

void
csv_column_map_free(struct csv_column_map *m)
{
	free(m->from);
	*m = (struct csv_column_map){0};
}

static int
add(struct csv_columns *c, const char *name, size_t len, struct err *e)
{
	if (c->names.len + len > CSV_HEADER_MAX)
		return err_set(e, EXIT_FAILED,
		    "the columns of all files take more than %d bytes together", CSV_HEADER_MAX);
	if (c->n == c->cap) {
		c->cap = c->cap != 0 ? 2 * c->cap : 32;
		c->at = xrealloc(c->at, c->cap * sizeof(*c->at));
	}
	c->at[c->n++] = (uint32_t)c->names.len;
	buf_add(&c->names, name, len);
	buf_addc(&c->names, '\0');
	if (c->n_slots < 2 * c->cap)
		index_make(c);
	else
		index_add(c, c->n - 1);
	return 0;
}

/* The index of the column of that name, or SIZE_MAX if there is none. Looks at index `likely`
 * first. */
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

int
csv_columns_has(const struct csv_columns *c, const char *name)
{
	return find(c, name, strlen(name), SIZE_MAX) != SIZE_MAX;
}

/* Fills e: "BEFORE'NAME'BEHIND". */
static int
bad_column(
    const char *before, const struct buf *name, const char *behind, int status, struct err *e)
{
	struct buf text = {0};
	unsigned unseen = 0;

	csv_name_show(&text, name->p, name->len, &unseen);
	buf_addf(&text, "'%s", behind);
	csv_name_explain(&text, unseen);
	err_set(e, status, "%s'%s", before, buf_str(&text));
	buf_free(&text);
	return -1;
}

int
csv_columns_fix(struct csv_columns *c, char delim, const char *list, int drop_extra, struct err *e)
{
	struct csv_fields f = {0};
	int rc = 0;

	csv_fields_begin(&f, delim, list, strlen(list));
	while (rc == 0 && csv_fields_next(&f)) {
		if (csv_columns_has(c, f.value.p))
			rc = bad_column("--columns: ", &f.value, " twice", EXIT_USAGE, e);
		else
			rc = add(c, f.value.p, f.value.len, e);
	}
	c->fixed = 1;
	c->drop_extra = drop_extra;
	csv_fields_free(&f);
	return rc;
}

/* --- two headers --- */

int
csv_columns_in_header(char delim, const char *p, size_t n, const char *name)
{
	struct csv_fields f = {0};
	size_t len = strlen(name);
	int has = 0;

	csv_fields_begin(&f, delim, p, n);
	while (!has && csv_fields_next(&f))
		has = f.value.len == len && memcmp(f.value.p, name, len) == 0;
	csv_fields_free(&f);
	return has;
}

static void
name_column(struct buf *text, size_t *named, const char *what, const char *name, size_t len,
    unsigned *unseen)
{
	if (++*named > NAMED_MAX)
		return;
	buf_addf(text, "%s%s '", text->len > 0 ? ", " : "", what);
	csv_name_show(text, name, len, unseen);
	buf_addc(text, '\'');
}

static void
name_rest(struct buf *text, size_t named)
{
	if (named > NAMED_MAX)
		buf_addf(text, " and %zu more", named - NAMED_MAX);
}

/* Names the columns of c that the header lacks, and those that it adds. */
static void
name_differences(struct buf *text, const struct csv_columns *c, char delim, const char *p, size_t n,
    unsigned *unseen)
{
	struct csv_fields f = {0};
	char *seen = xcalloc(c->n, 1);
	size_t lacks = 0, adds = 0, at;

	csv_fields_begin(&f, delim, p, n);
	while (csv_fields_next(&f))
		if ((at = find(c, f.value.p, f.value.len, SIZE_MAX)) != SIZE_MAX)
			seen[at] = 1;
	for (size_t i = 0; i < c->n; i++)
		if (!seen[find(c, column(c, i), column_len(c, i), SIZE_MAX)])
			name_column(text, &lacks, "lacks", column(c, i), column_len(c, i), unseen);
	name_rest(text, lacks);
	csv_fields_begin(&f, delim, p, n);
	while (csv_fields_next(&f))
		if (find(c, f.value.p, f.value.len, SIZE_MAX) == SIZE_MAX)
			name_column(text, &adds, "adds", f.value.p, f.value.len, unseen);
	name_rest(text, adds);
	csv_fields_free(&f);
	free(seen);
}

static void
name_counts(struct buf *text, size_t here, size_t first)
{
	buf_addf(text, "%zu column%s, not %zu", here, here == 1 ? "" : "s", first);
}

static void
take_names(struct csv_columns *c, char delim, const char *p, size_t n)
{
	struct csv_fields f = {0};

	csv_fields_begin(&f, delim, p, n);
	while (csv_fields_next(&f))
		(void)add(c, f.value.p, f.value.len,
		    NULL); /* the header was short enough, so its columns are */
	csv_fields_free(&f);
}

static size_t
count(char delim, const char *p, size_t n)
{
	struct csv_fields f = {0};
	size_t fields = 0;

	csv_fields_begin(&f, delim, p, n);
	while (csv_fields_next(&f))
		fields++;
	csv_fields_free(&f);
	return fields;
}

/* Reads two headers up to the first difference: 0 if there is none, else the number of the column;
 * a and b then hold both names, if both headers have one there. */
static size_t
first_difference(struct csv_fields *a, struct csv_fields *b)
{
	for (size_t i = 1;; i++) {
		int more_a = csv_fields_next(a), more_b = csv_fields_next(b);

		if (!more_a && !more_b)
			return 0;
		if (more_a != more_b) {
			buf_free(&a->value);
			buf_free(&b->value);
			return i;
		}
		if (a->value.len != b->value.len ||
		    memcmp(a->value.p, b->value.p, a->value.len) != 0)
			return i;
	}
}

int
csv_columns_equal(char delim, const char *p, size_t n, const char *q, size_t m)
{
	struct csv_fields a = {0}, b = {0};
	int equal;

	csv_fields_begin(&a, delim, p, n);
	csv_fields_begin(&b, delim, q, m);
	equal = first_difference(&a, &b) == 0;
	csv_fields_free(&a);
	csv_fields_free(&b);
	return equal;
}

/* Names column i, where two headers have other names. */
static void
name_column_at(
    struct buf *text, size_t i, const struct buf *here, const struct buf *first, unsigned *unseen)
{
	buf_addf(text, "column %zu is '", i);
	csv_name_show(text, here->p, here->len, unseen);
	buf_adds(text, "', not '");
	csv_name_show(text, first->p, first->len, unseen);
	buf_addc(text, '\'');
}

int
csv_columns_same(struct csv_columns *c, char delim, const char *first, size_t first_len,
    const char *p, size_t n, struct err *e)
{
	struct csv_fields a = {0}, b = {0};
	struct buf text = {0};
	unsigned unseen = 0;
	size_t i;

	csv_fields_begin(&a, delim, first, first_len);
	csv_fields_begin(&b, delim, p, n);
	i = first_difference(&a, &b);
	if (i == 0)
		goto done;
	/* of longer ones only the first difference is named, which needs no memory */
	if (first_len <= COMPARE_MAX && n <= COMPARE_MAX) {
		if (c->n == 0)
			take_names(c, delim, first, first_len);
		name_differences(&text, c, delim, p, n, &unseen);
	}
	if (text.len == 0 && a.value.p != NULL)
		name_column_at(&text, i, &b.value, &a.value, &unseen);
	else if (text.len == 0)
		name_counts(&text, count(delim, p, n), count(delim, first, first_len));
	csv_name_explain(&text, unseen);
	err_set(e, EXIT_FAILED, "a different header than the files before it: %s", buf_str(&text));
	buf_free(&text);
done:
	csv_fields_free(&a);
	csv_fields_free(&b);
	return i == 0 ? 0 : -1;
}

/* --- matching by name --- */

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

/* Enters field k of a header into the map. */
static int
join_field(struct csv_columns *c, struct csv_column_map *m, size_t k, const struct buf *name,
    struct err *e)
{
	size_t i = find(c, name->p, name->len, k);

	if (i == SIZE_MAX && c->fixed) {
		m->identity = 0;
		return c->drop_extra
		    ? 0
		    : bad_column("column ", name,
			  " is not among --columns (--drop-extra leaves it out)", EXIT_FAILED, e);
	}
	if (i == SIZE_MAX) {
		i = c->n;
		if (add(c, name->p, name->len, e) == -1)
			return -1;
		map_grow(m, c->n);
	}
	if (m->from[i] != SIZE_MAX)
		return bad_column("column ", name, " appears twice", EXIT_FAILED, e);
	m->from[i] = k;
	m->identity = m->identity && i == k;
	return 0;
}

int
csv_columns_join(struct csv_columns *c, struct csv_column_map *m, char delim, const char *p,
    size_t n, struct err *e)
{
	struct csv_fields f = {0};
	int rc = 0;

	m->n = 0;
	m->identity = 1;
	map_grow(m, c->n);
	csv_fields_begin(&f, delim, p, n);
	for (size_t k = 0; rc == 0 && csv_fields_next(&f); k++)
		rc = join_field(c, m, k, &f.value, e);
	csv_fields_free(&f);
	return rc;
}

void
csv_columns_header(const struct csv_columns *c, char delim, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		if (i > 0)
			buf_addc(out, delim);
		csv_quote(out, delim, column(c, i), column_len(c, i));
	}
	if (c->n == 1 && column_len(c, 0) == 0)
		buf_adds(out, "\"\""); /* or it would be a blank line */
}
