#include <string.h>

#include "csv/csv.h"

/* The value of the field that begins at p is appended to out; returns where the field ends. */
static const char *
field(struct buf *out, char delim, const char *p, const char *end)
{
	const char *stop;

	if (p < end && *p == '"') {
		do {
			p++;
			stop = memchr(p, '"', (size_t)(end - p));
			if (stop == NULL)
				stop = end;
			buf_add(out, p, (size_t)(stop - p));
			p = stop < end ? stop + 1 : end;
			if (p < end && *p == '"')
				buf_addc(out, '"');
		} while (p < end && *p == '"');
	}
	stop = memchr(p, delim, (size_t)(end - p));
	if (stop == NULL)
		stop = end;
	buf_add(out, p, (size_t)(stop - p));
	return stop;
}

void
csv_fields_begin(struct csv_fields *f, char delim, const char *p, size_t n)
{
	f->delim = delim;
	f->p = p;
	f->end = p + n;
}

int
csv_fields_next(struct csv_fields *f)
{
	if (f->p == NULL)
		return 0;
	buf_reset(&f->value);
	f->p = field(&f->value, f->delim, f->p, f->end);
	buf_str(&f->value);
	f->p = f->p < f->end ? f->p + 1 : NULL; /* behind the delimiter */
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
