#include <stdlib.h>

#include "csv.h"

static void
record_grow(struct csv_record *r)
{
	r->cap = r->cap != 0 ? 2 * r->cap : 32;
	r->at = xrealloc(r->at, r->cap * sizeof(*r->at));
	r->len = xrealloc(r->len, r->cap * sizeof(*r->len));
}

/* The value of the field that begins at p: the number of its raw bytes. */
static size_t
field(struct buf *out, char delim, const char *p, const char *end)
{
	const char *from = p;

	if (p < end && *p == '"') {
		for (p++; p < end; p++) {
			if (*p == '"' && (p + 1 == end || p[1] != '"')) {
				p++;
				break;
			}
			p += *p == '"';
			buf_addc(out, *p);
		}
	}
	for (; p < end && *p != delim; p++)
		buf_addc(out, *p);
	return (size_t)(p - from);
}

void
csv_record_parse(struct csv_record *r, char delim, const char *p, size_t n)
{
	const char *end = p + n, *at = p;

	r->n = 0;
	buf_reset(&r->text);
	for (;;) {
		if (r->n == r->cap)
			record_grow(r);
		r->at[r->n] = r->text.len;
		at += field(&r->text, delim, at, end);
		r->len[r->n] = r->text.len - r->at[r->n];
		r->n++;
		buf_addc(&r->text, '\0');
		if (at == end)
			return;
		at++; /* the delimiter */
	}
}

void
csv_record_free(struct csv_record *r)
{
	buf_free(&r->text);
	free(r->at);
	free(r->len);
	*r = (struct csv_record){0};
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
