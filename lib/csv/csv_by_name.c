#include <stdlib.h>
#include <string.h>

#include "csv/csv_by_name.h"
#include "csv/csv_header.h"
#include "csv/csv_merge_check.h"

/* A source whose rows wait. Its name follows in m->waiting. */
struct waiting {
	uint64_t len, rows;
	uint64_t width; /* output columns when its rows were written */
	uint64_t name_len;
};

int
csv_by_name_header(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	if (m->map_header.len != n || memcmp(m->map_header.p, p, n) != 0) {
		if (csv_header_check(m->delim, p, n, e) == -1)
			return -1;
		if (csv_columns_join(&m->columns, &m->map, m->delim, p, n, e) == -1) {
			csv_merge_check_explain(m, p, n, e);
			return -1;
		}
		m->width = m->columns.n;
		buf_reset(&m->map_header);
		buf_add(&m->map_header, p, n);
		if (m->n_fields > m->delim_cap) {
			m->delim_cap = 2 * m->n_fields;
			m->delim_at = xrealloc(m->delim_at, m->delim_cap * sizeof(*m->delim_at));
		}
	}
	m->in_place = m->map.identity;
	if (!m->in_place) {
		m->rows.delim_at = m->delim_at;
		m->rows.delim_max = m->n_fields;
	}
	if (!m->waits && m->out.header.len == 0) {
		csv_columns_header(&m->columns, m->delim, &m->out.header);
		csv_merge_out_end_header(&m->out);
	}
	return 0;
}

/* --- a row in another order --- */

/* Field i of a record of len bytes: its length; *at becomes where it begins. */
static uint64_t
field(const struct csv_merge *m, size_t i, uint64_t delims, uint64_t len, uint64_t *at)
{
	*at = i > 0 ? m->delim_at[i - 1] + 1 : 0;
	return (i < delims ? m->delim_at[i] : len) - *at;
}

/* A record that is in memory and, moved, fits into the output's buffer. */
static int
place(struct csv_merge *m, const char *p, size_t len, uint64_t delims, struct err *e)
{
	char *begin = csv_merge_out_room(&m->out, len + m->width + 16, e), *to = begin;

	if (begin == NULL)
		return -1;
	for (size_t i = 0; i < m->width; i++) {
		size_t from = m->map.from[i];
		uint64_t at, n;

		if (i > 0)
			*to++ = m->delim;
		if (from > delims) /* the source lacks the column, or the row is short */
			continue;
		n = field(m, from, delims, len, &at);
		if (n <= 16 && at + 16 <= len)
			memcpy(to, p + at, 16); /* a constant length is faster */
		else
			memcpy(to, p + at, n);
		to += n;
	}
	m->out.bytes.len += (size_t)(to - begin);
	return 0;
}

/* n bytes of m->record, from `at` on. */
static int
add_from_record(struct csv_merge *m, uint64_t at, uint64_t n, struct err *e)
{
	char b[16 * 1024];

	while (n > 0) {
		ssize_t r = spool_read(&m->record, at, b, n < sizeof(b) ? (size_t)n : sizeof(b), e);

		if (r <= 0 || csv_merge_out_add(&m->out, b, (size_t)r, e) == -1)
			return -1;
		at += (uint64_t)r;
		n -= (uint64_t)r;
	}
	return 0;
}

/* The same, in quotes: at the end of a row its CR would become a line end with the LF behind it. */
static int
add_quoted_from_record(struct csv_merge *m, uint64_t at, uint64_t n, struct err *e)
{
	int rc = csv_merge_out_add(&m->out, "\"", 1, e);
	char c;

	for (; rc == 0 && n > 0; at++, n--) {
		if (spool_read(&m->record, at, &c, 1, e) <= 0)
			return -1;
		rc = csv_merge_out_add(&m->out, c == '"' ? "\"\"" : &c, c == '"' ? 2 : 1, e);
	}
	return rc == 0 ? csv_merge_out_add(&m->out, "\"", 1, e) : -1;
}

/* Does a field of m->record end with a CR? */
static int
ends_with_cr(struct csv_merge *m, uint64_t at, uint64_t n, struct err *e)
{
	char c;

	return n > 0 && spool_read(&m->record, at + n - 1, &c, 1, e) == 1 && c == '\r';
}

/* A record of any length and with any bytes, which is in m->record. */
__attribute__((noinline)) static int
place_long(struct csv_merge *m, uint64_t delims, struct err *e)
{
	uint64_t len = spool_len(&m->record), at, n;

	for (size_t i = 0; i < m->width; i++) {
		size_t from = m->map.from[i];

		if (i > 0 && csv_merge_out_add(&m->out, &m->delim, 1, e) == -1)
			return -1;
		if (from > delims)
			continue;
		n = field(m, from, delims, len, &at);
		if (i + 1 == m->width && ends_with_cr(m, at, n, e)
			? add_quoted_from_record(m, at, n, e) == -1
			: add_from_record(m, at, n, e) == -1)
			return -1;
	}
	return 0;
}

enum csv_merge_status
csv_by_name_row(struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	uint64_t len = row->base + row->len;
	int rc = 0;

	if (csv_merge_check_row(m, row, e) == -1)
		return CSV_MERGE_BAD;
	m->out.src.rows++;
	if (row->base == 0 && len + m->width + 16 <= m->place_max) {
		rc = place(m, row->p, (size_t)len, row->delims, e);
	} else {
		if (spool_add(&m->record, row->p, row->len, e) == -1 ||
		    place_long(m, row->delims, e) == -1 || spool_cut(&m->record, 0, e) == -1)
			return CSV_MERGE_FATAL;
	}
	/* a row of one empty field would be a blank line, which is not a row */
	if (rc == 0 && m->width == 1) {
		uint64_t at;

		if (m->map.from[0] > row->delims ||
		    field(m, m->map.from[0], row->delims, len, &at) == 0)
			rc = csv_merge_out_add(&m->out, "\"\"", 2, e);
	}
	if (rc == 0)
		rc = csv_merge_out_add(&m->out, m->tail.p, m->tail.len, e);
	return rc == 0 ? CSV_MERGE_OK : CSV_MERGE_FATAL;
}

enum csv_merge_status
csv_by_name_rows(struct csv_merge *m, struct err *e)
{
	struct csv_rows *r = &m->rows;
	struct csv_row row;

	m->place_max = m->scan.lone_cr && m->scan.cr_is_data ? 0 : CSV_MERGE_OUT_LEN;
	while (csv_rows_next(r, &row)) {
		enum csv_merge_status rc = CSV_MERGE_OK;

		if (row.base + row.len > 0)
			rc = csv_by_name_row(m, &row, e);
		if (rc != CSV_MERGE_OK)
			return rc;
	}
	return spool_add(&m->record, r->p + r->at, r->n - r->at, e) == -1 ? CSV_MERGE_FATAL
									  : CSV_MERGE_OK;
}

/* --- rows that have waited --- */

int
csv_by_name_wait(struct csv_merge *m, struct err *e)
{
	struct waiting w = {.len = spool_len(&m->out.spool) - m->out.spool_from,
	    .rows = m->out.src.rows,
	    .width = m->columns.n,
	    .name_len = strlen(m->name)};

	if (spool_add(&m->waiting, &w, sizeof(w), e) == -1)
		return -1;
	return spool_add(&m->waiting, m->name, w.name_len, e);
}

/* Copies len bytes of spooled rows, adding to each what it lacks: columns that came later, and the
 * source column. */
static int
widen(struct csv_merge *m, uint64_t offset, uint64_t len, const struct buf *tail, struct err *e)
{
	char piece[CSV_PIECE];

	csv_scan_init(&m->scan, m->delim);
	m->scan.cr_is_data = 1;
	m->rows = (struct csv_rows){0};
	while (len > 0) {
		size_t most = len < sizeof(piece) ? (size_t)len : sizeof(piece);
		ssize_t n = spool_read(&m->out.spool, offset, piece, most, e);
		const char *run = piece;
		struct csv_row row;

		if (n <= 0)
			return -1;
		csv_scan(&m->scan, piece, (size_t)n, &m->marks);
		csv_rows_piece(&m->rows, &m->scan, piece, (size_t)n, &m->marks);
		while (csv_rows_next(&m->rows, &row)) {
			if (csv_merge_out_add(&m->out, run, (size_t)(row.p + row.len - run), e) ==
				-1 ||
			    csv_merge_out_add(&m->out, tail->p, tail->len, e) == -1)
				return -1;
			run = piece + m->rows.at;
		}
		if (csv_merge_out_add(&m->out, run, (size_t)(piece + n - run), e) == -1)
			return -1;
		offset += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

/* Moves the rows of a source, at offset in the spool, to the output. */
static int
write_waiting(
    struct csv_merge *m, const struct waiting *w, const char *name, uint64_t offset, struct err *e)
{
	struct buf tail = {0};
	int rc;

	m->out.src = (struct csv_merge_source){.name = name, .rows = w->rows};
	if (w->width == m->columns.n && m->opt->source_column == NULL) {
		rc = csv_merge_out_add_spooled(&m->out, offset, w->len, e);
	} else {
		for (uint64_t i = w->width; i < m->columns.n; i++)
			buf_addc(&tail, m->delim);
		if (m->opt->source_column != NULL)
			csv_merge_out_add_source(&m->out, &tail, name);
		buf_addc(&tail, '\n');
		rc = widen(m, offset, w->len, &tail, e);
		buf_free(&tail);
	}
	return rc == 0 ? csv_merge_out_end(&m->out, e) : -1;
}

/* Reads the entry of m->waiting at *at, and moves *at to the next. *name is owned by the caller. */
static int
read_waiting(struct csv_merge *m, uint64_t *at, struct waiting *w, char **name, struct err *e)
{
	*name = NULL;
	if (spool_read(&m->waiting, *at, w, sizeof(*w), e) == -1)
		return -1;
	*at += sizeof(*w);
	*name = xcalloc(1, (size_t)w->name_len + 1);
	if (spool_read(&m->waiting, *at, *name, (size_t)w->name_len, e) == -1)
		return -1;
	*at += w->name_len;
	return 0;
}

int
csv_by_name_finish(struct csv_merge *m, struct err *e)
{
	uint64_t at = 0, offset = 0, end = spool_len(&m->waiting);
	int rc;

	if (m->columns.n > 0) {
		csv_columns_header(&m->columns, m->delim, &m->out.header);
		csv_merge_out_end_header(&m->out);
	}
	rc = csv_merge_out_header(&m->out, e);
	while (rc == 0 && at < end) {
		struct waiting w;
		char *name;

		rc = read_waiting(m, &at, &w, &name, e);
		if (rc == 0)
			rc = write_waiting(m, &w, name, offset, e);
		free(name);
		offset += w.len;
	}
	return rc;
}
