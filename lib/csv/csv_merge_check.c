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
		    "remove the blanks");
		break;
	case CSV_FAULT_DOUBLED:
		snprintf(what, sizeof(what),
		    "ends with two carriage returns and a line feed, but the header does not: make "
		    "the line ends alike");
		break;
	case CSV_FAULT_MIXED:
		snprintf(what, sizeof(what),
		    "ends with a line feed, but the header with a carriage return (one that is "
		    "data must be in quotes)");
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

/* What the delimiter may be, where a header of n bytes has only one field; '\0': there is no sign
 * of one. */
static char
likely_delim(const struct csv_merge *m, const char *p, size_t n)
{
	for (const char *c = ";\t|,"; m->n_fields == 1 && *c != '\0'; c++)
		if (*c != m->delim && memchr(p, *c, n) != NULL)
			return *c;
	return '\0';
}

static void
add_delim(struct buf *what, char delim)
{
	if (delim == '\t')
		buf_adds(what, "; is the delimiter a tab (--delimiter '\\t')?");
	else if (delim != '\0')
		buf_addf(what, "; is the delimiter '%c' (--delimiter '%c')?", delim, delim);
}

void
csv_merge_check_explain(const struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	struct buf text = {0};

	buf_adds(&text, e->text);
	add_delim(&text, likely_delim(m, p, n));
	if (!m->by_name && m->n_first == 1)
		buf_addf(&text, "; so far, only '%.1000s' has the other header", m->first_name);
	err_set(e, EXIT_FAILED, "%s", buf_str(&text));
	buf_free(&text);
}

int
csv_merge_check_first(const struct csv_merge *m, struct err *e)
{
	if (m->n_first != 1 || m->n_other < 2)
		return 0;
	return err_set(e, EXIT_FAILED,
	    "%.2000s: no other file has its header, and %llu files agree in another: it is likely "
	    "the odd one, so leave it out",
	    m->first_name, (unsigned long long)m->n_other);
}

int
csv_merge_check_width(const struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	const struct buf *h = m->by_name ? &m->map_header : &m->out.header;
	uint64_t n = row->delims + 1;
	int is_ctrl_z = n == 1 && (row->base > 0 ? m->record_begin : *row->p) == CSV_MERGE_CTRL_Z;
	struct buf what = {0};

	if (n < m->n_fields && m->opt->pad && !is_ctrl_z)
		return 0;
	if (is_ctrl_z) {
		buf_adds(&what, ctrl_z);
	} else {
		buf_addf(&what, "%llu field%s, but the header has %zu", (unsigned long long)n,
		    n == 1 ? "" : "s", m->n_fields);
		add_delim(&what, likely_delim(m, h->p, m->by_name ? h->len : m->first_len));
	}
	csv_merge_check_failed(m, csv_merge_check_line(m, row), buf_str(&what), e);
	buf_free(&what);
	return -1;
}
