#include <string.h>

#include "csv/csv.h"

/* The number of bytes of the n at p before the first c; n when there is none. */
static size_t
span(const char *p, size_t n, char c)
{
	const char *stop = n > 0 ? memchr(p, c, n) : NULL;

	return stop != NULL ? (size_t)(stop - p) : n;
}

/* Appends the value of the field at p, the first of the record's remaining n bytes. Returns the
 * length of the field. */
static size_t
field(struct buf *out, char delim, const char *p, size_t n)
{
	int quoted = n > 0 && p[0] == '"';
	size_t at = 0, len;

	while (quoted) {
		at++;
		len = span(p + at, n - at, '"');
		buf_add(out, p + at, len);
		at += at + len < n ? len + 1 : len;
		quoted = at < n && p[at] == '"';
		if (quoted)
			buf_addc(out, '"');
	}
	len = span(p + at, n - at, delim);
	buf_add(out, p + at, len);
	return at + len;
}

void
csv_fields_begin(struct csv_fields *f, char delim, const char *p, size_t n)
{
	f->delim = delim;
	f->p = p;
	f->n = n;
}

int
csv_fields_next(struct csv_fields *f)
{
	size_t len;

	if (f->p == NULL)
		return 0;
	buf_reset(&f->value);
	len = field(&f->value, f->delim, f->p, f->n);
	buf_str(&f->value);
	if (len < f->n) { /* skip the delimiter too */
		f->p += len + 1;
		f->n -= len + 1;
	} else {
		f->p = NULL;
	}
	return 1;
}

void
csv_fields_free(struct csv_fields *f)
{
	buf_free(&f->value);
	*f = (struct csv_fields){0};
}

void
csv_quote(struct buf *out, char delim, const char *p, size_t n)
{
	int quotes = 0;

	for (size_t i = 0; i < n && !quotes; i++)
		quotes = p[i] == delim || p[i] == '"' || p[i] == '\n' || p[i] == '\r';
	if (!quotes) {
		buf_add(out, p, n);
		return;
	}
	buf_addc(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			buf_addc(out, '"');
		buf_addc(out, p[i]);
	}
	buf_addc(out, '"');
}
