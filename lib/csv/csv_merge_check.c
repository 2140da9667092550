#include <stdio.h>
#include <string.h>

#include "csv/csv_header.h"
#include "csv/csv_merge_check.h"

static const char ctrl_z[] = "a Ctrl-Z, the end of a DOS file, and no part of a row: remove it";

int
csv_merge_check_failed(const struct csv_merge *m, uint64_t line, const char *what, struct err *e)
{
	return err_set(
	    e, EXIT_FAILED, "%.2000s: line %llu: %.2000s", m->name, (unsigned long long)line, what);
}

uint64_t
csv_merge_check_line(const struct csv_merge *m, const struct csv_row *row)
{
	if (row->base > 0)
		return m->record_line;
	return m->piece_line + csv_lines(&m->scan, m->rows.p, (size_t)(row->p - m->rows.p));
}

void
csv_merge_check_fault(const struct csv_merge *m, enum csv_fault fault, struct err *e)
{
	uint64_t line = m->scan.line, begin = m->rows.base > 0 ? m->record_line : line;
	char what[200];

	switch (fault) {
	case CSV_FAULT_BEHIND:
		snprintf(what, sizeof(what),
		    "text behind a closing quote (the record begins on line %llu)",
		    (unsigned long long)begin);
		break;
	case CSV_FAULT_ODD:
		snprintf(what, sizeof(what),
		    "a field that begins with blanks and a quote, but does not end with one: "
		    "remove "
		    "the blanks");
		break;
	case CSV_FAULT_DOUBLED:
		snprintf(what, sizeof(what),
		    "ends with two carriage returns and a line feed, but the header does not: make "
		    "the line ends alike");
		break;
	case CSV_FAULT_MIXED:
		snprintf(what, sizeof(what),
		    "ends with a line feed, but the header with a carriage return (one that is "
		    "data "
		    "must be in quotes)");
		break;
	case CSV_FAULT_CTRL_Z: snprintf(what, sizeof(what), "%s", ctrl_z); break;
	case CSV_FAULT_NONE: what[0] = '\0'; break;
	}
	csv_merge_check_failed(m, line, what, e);
}

int
csv_merge_check_begun_header(const struct csv_merge *m, struct err *e)
{
	const struct buf *h = &m->header;
	struct err why;

	if (h->len == 0 || memchr(h->p, '\0', h->len) == NULL ||
	    csv_header_check(m->delim, h->p, h->len, &why) == 0)
		return 0;
	return csv_merge_check_failed(m, m->record_line, why.text, e);
}

int
csv_merge_check_behind_header(struct csv_merge *m, const char *p, size_t at, struct err *e)
{
	m->look_behind = 0;
	if (p[at] != '\0')
		return 0;
	return csv_merge_check_failed(m, m->piece_line + csv_lines(&m->scan, p, at),
	    "begins with NUL, as UTF-16 does behind a line end: convert it to UTF-8 first", e);
}

/* The first line end in the marks from `at` on; SIZE_MAX if there is none. */
static size_t
next_end(const struct csv_merge *m, size_t at)
{
	for (size_t w = at / 64; w * 64 < m->rows.n; w++) {
		uint64_t ends = m->marks.ends[w];

		if (w == at / 64)
			ends &= UINT64_MAX << at % 64;
		if (ends != 0)
			return w * 64 + (size_t)__builtin_ctzll(ends);
	}
	return SIZE_MAX;
}

void
csv_merge_check_ends(struct csv_merge *m)
{
	struct csv_scan *s = &m->scan;
	const char *p = m->rows.p;
	size_t n = s->fault != CSV_FAULT_NONE ? s->fault_at : m->rows.n;
	size_t begin = m->rows.at, end;
	int look_z = m->n_fields == 1 && memchr(p, CSV_MERGE_CTRL_Z, n) != NULL;
	int look_lf = m->header_cr && memchr(p, '\n', n) != NULL;
	int begun = m->rows.base > 0; /* the record, in an earlier piece */

	while ((look_z || look_lf) && begin < n) {
		size_t stop = end = next_end(m, begin);

		if (look_z && !begun && p[begin] == CSV_MERGE_CTRL_Z) {
			s->fault = CSV_FAULT_CTRL_Z;
			s->fault_at = begin;
			return;
		}
		if (end >= n)
			return;
		stop -= p[end] == '\n' && end > begin && p[end - 1] == '\r';
		if (look_lf && p[end] == '\n' && (begun || stop > begin)) {
			s->fault = CSV_FAULT_MIXED;
			s->fault_at = stop;
			return;
		}
		begin = end + 1;
		begun = 0;
	}
}

/* What the delimiter may be, where the header has only one field; '\0': there is no sign of one. */
static char
likely_delim(const struct csv_merge *m)
{
	const struct buf *h = m->by_name ? &m->map_header : &m->out.header;
	size_t n = m->by_name ? h->len : m->first_len;

	for (const char *c = ";\t|,"; m->n_fields == 1 && *c != '\0'; c++)
		if (*c != m->delim && memchr(h->p, *c, n) != NULL)
			return *c;
	return '\0';
}

int
csv_merge_check_width(const struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	uint64_t n = row->delims + 1;
	char begin = row->base > 0 ? m->record_begin : *row->p, what[200], delim;

	if (begin == CSV_MERGE_CTRL_Z && n == 1)
		return csv_merge_check_failed(m, csv_merge_check_line(m, row), ctrl_z, e);
	if (n < m->n_fields && m->opt->pad)
		return 0;
	snprintf(what, sizeof(what), "%llu field%s, but the header has %zu", (unsigned long long)n,
	    n == 1 ? "" : "s", m->n_fields);
	if ((delim = likely_delim(m)) != '\0') {
		size_t len = strlen(what);

		snprintf(what + len, sizeof(what) - len,
		    delim == '\t' ? "; is the delimiter a tab (--delimiter '\\t')?"
				  : "; is the delimiter '%c' (--delimiter '%c')?",
		    delim, delim);
	}
	return csv_merge_check_failed(m, csv_merge_check_line(m, row), what, e);
}
