#include <stdlib.h>
#include <string.h>

#include "csv.h"

void
csv_scan_init(struct csv_scan *s, char delim)
{
	*s = (struct csv_scan){.delim = delim, .line = 1, .record_line = 1};
	s->special[(unsigned char)delim] = s->special['\n'] = s->special['\r'] = 1;
}

size_t
csv_scan_rest(struct csv_scan *s, const char *p, size_t n)
{
	if (!s->after_cr || n == 0)
		return 0;
	s->after_cr = 0;
	return *p == '\n';
}

/* Line breaks inside quotes, so that the lines told in messages are right: LF, CRLF or CR, also
 * across pieces. */
static void
count_lines(struct csv_scan *s, const char *p, size_t n)
{
	const char *end = p + n;

	if (n == 0)
		return;
	if (s->quoted_cr && *p == '\n')
		p++;
	for (; p < end; p++) {
		if (*p == '\n') {
			s->line++;
		} else if (*p == '\r') {
			s->line++;
			if (p + 1 < end && p[1] == '\n')
				p++;
		}
	}
	s->quoted_cr = end[-1] == '\r';
}

size_t
csv_scan(struct csv_scan *s, const char *p, size_t n, size_t *eol)
{
	size_t i = 0;

	*eol = 0;
	if (s->ended) {
		s->ended = 0;
		s->record_line = s->line;
		s->delims = 0;
		s->begun = 0;
	}
	while (i < n) {
		if (s->state == CSV_QUOTED) {
			const char *q = memchr(p + i, '"', n - i);
			size_t to = q != NULL ? (size_t)(q - p) : n;

			count_lines(s, p + i, to - i);
			if (q == NULL)
				return n;
			s->quoted_cr = 0;
			s->state = CSV_QUOTE;
			i = to + 1;
			continue;
		}
		if (p[i] == '"' && s->state != CSV_PLAIN) {
			s->state = CSV_QUOTED; /* the first byte of a field, or the second of "" */
			s->begun = 1;
			i++;
			continue;
		}
		if (!s->special[(unsigned char)p[i]]) {
			s->state = CSV_PLAIN;
			s->begun = 1;
			for (i++; i < n && !s->special[(unsigned char)p[i]]; i++)
				;
			continue;
		}
		s->state = CSV_FIELD;
		if (p[i] == s->delim) {
			s->delims++;
			s->begun = 1;
			i++;
			continue;
		}
		*eol = p[i] == '\r' && i + 1 < n && p[i + 1] == '\n' ? 2 : 1;
		s->after_cr = p[i] == '\r' && i + 1 == n;
		s->line++;
		s->ended = 1;
		return i + *eol;
	}
	return n;
}

static void
record_grow(struct csv_record *r)
{
	r->cap = r->cap != 0 ? 2 * r->cap : 32;
	r->at = xrealloc(r->at, r->cap * sizeof(*r->at));
	r->len = xrealloc(r->len, r->cap * sizeof(*r->len));
	r->raw_at = xrealloc(r->raw_at, r->cap * sizeof(*r->raw_at));
	r->raw_len = xrealloc(r->raw_len, r->cap * sizeof(*r->raw_len));
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
		r->raw_at[r->n] = (size_t)(at - p);
		r->raw_len[r->n] = field(&r->text, delim, at, end);
		r->len[r->n] = r->text.len - r->at[r->n];
		buf_addc(&r->text, '\0');
		at += r->raw_len[r->n++];
		if (at == end)
			return;
		at++; /* the delimiter */
	}
}

void
csv_record_split(struct csv_record *r, char delim, const char *p, size_t n)
{
	const char *end = p + n, *at = p, *q;

	r->n = 0;
	for (;;) {
		if (r->n == r->cap)
			record_grow(r);
		r->raw_at[r->n] = (size_t)(at - p);
		if (at < end && *at == '"') {
			for (q = at + 1; q < end && (*q != '"' || (q + 1 < end && q[1] == '"'));
			     q++)
				q += *q == '"';
			q = q < end ? memchr(q, delim, (size_t)(end - q)) : NULL;
		} else {
			q = memchr(at, delim, (size_t)(end - at));
		}
		r->raw_len[r->n++] = (size_t)((q != NULL ? q : end) - at);
		if (q == NULL)
			return;
		at = q + 1;
	}
}

void
csv_record_free(struct csv_record *r)
{
	buf_free(&r->text);
	free(r->at);
	free(r->len);
	free(r->raw_at);
	free(r->raw_len);
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
