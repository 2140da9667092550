#include <stdlib.h>
#include <string.h>

#include "csv/csv_by_name.h"
#include "csv/csv_header.h"
#include "csv/csv_merge_check.h"
#include "csv/csv_merge_state.h"

struct csv_merge *
csv_merge_new(
    const struct csv_merge_opt *opt, const struct csv_merge_ops *ops, void *arg, struct err *e)
{
	struct csv_merge *m = xcalloc(1, sizeof(*m));

	m->opt = opt;
	m->delim = opt->delim;
	m->by_name = opt->by_name || opt->columns != NULL;
	m->waits = m->by_name && opt->columns == NULL;
	csv_merge_out_init(&m->out, opt, ops, arg);
	m->out.spooling = m->waits || opt->hold;
	spool_init(&m->waiting);
	spool_init(&m->record);
	if (opt->columns != NULL &&
	    csv_columns_fix(&m->columns, m->delim, opt->columns, opt->drop_extra, e) == -1) {
		csv_merge_free(m);
		return NULL;
	}
	return m;
}

void
csv_merge_free(struct csv_merge *m)
{
	if (m == NULL)
		return;
	csv_merge_out_free(&m->out);
	buf_free(&m->header);
	buf_free(&m->tail);
	buf_free(&m->map_header);
	buf_free(&m->other);
	free(m->first_name);
	csv_column_map_free(&m->map);
	csv_columns_free(&m->columns);
	spool_free(&m->waiting);
	spool_free(&m->record);
	free(m->delim_at);
	free(m);
}

/* --- a source's header --- */

/* Counts the sources that have the first header, and those that agree in another. */
static int
compare_header(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	if (csv_columns_same(&m->columns, m->delim, m->out.header.p, m->first_len, p, n, e) == 0) {
		m->n_first++;
		return 0;
	}
	if (m->n_other > 0 && csv_columns_equal(m->delim, m->other.p, m->other.len, p, n)) {
		m->n_other++;
	} else if (m->n_other < 2) { /* that one was alone */
		buf_reset(&m->other);
		buf_add(&m->other, p, n);
		m->n_other = 1;
	}
	csv_merge_check_explain(m, p, n, e);
	return -1;
}

/* Strict: every source must have the first one's header. */
static int
strict_header(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	struct buf *h = &m->out.header;

	if (m->first_len == n && memcmp(h->p, p, n) == 0) {
		m->n_first++;
		return 0;
	}
	if (csv_header_check(m->delim, p, n, e) == -1)
		return -1;
	if (m->first_len > 0)
		return compare_header(m, p, n, e);
	m->sets_header = 1;
	m->n_first = 1;
	free(m->first_name);
	m->first_name = xstrdup(m->name);
	m->width = m->n_fields;
	m->first_len = n;
	if (p == m->header.p) {
		buf_free(h);
		*h = m->header;
		m->header = (struct buf){0};
	} else {
		buf_add(h, p, n);
	}
	csv_merge_out_end_header(&m->out);
	return 0;
}

/* A source column with the name of another column could not be told from it. */
static int
source_column(struct csv_merge *m, struct err *e)
{
	const char *name = m->opt->source_column;
	int has = 0;

	if (name == NULL)
		return 0;
	if (m->by_name)
		has = csv_columns_has(&m->columns, name);
	else if (m->sets_header)
		has = csv_columns_in_header(m->delim, m->out.header.p, m->first_len, name);
	if (has)
		return err_set(
		    e, EXIT_FAILED, "column '%s' exists already (--source-column)", name);
	if (!m->waits)
		csv_merge_out_add_source(&m->out, &m->tail, m->name);
	return 0;
}

/* e is filled without a line: adds it. */
ERR_RARE static enum csv_merge_status
bad_header(const struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	struct err why = *e;

	csv_merge_check_failed(m, csv_merge_check_line(m, row), why.text, e);
	return CSV_MERGE_BAD;
}

/* The header record ends with this row. */
static enum csv_merge_status
take_header(struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	int (*compare)(struct csv_merge *, const char *, size_t, struct err *) =
	    m->by_name ? csv_by_name_header : strict_header;
	const char *p = row->p;
	size_t n = row->len;

	if (row->base > 0) {
		buf_add(&m->header, p, n);
		p = m->header.p;
		n = m->header.len;
	}
	buf_reset(&m->tail);
	m->has_header = m->in_place = 1;
	m->n_fields = (size_t)row->delims + 1;
	if (compare(m, p, n, e) == -1 || source_column(m, e) == -1)
		return bad_header(m, row, e);
	m->header_cr = row->eol == 1 && row->p[row->len] == '\r';
	m->scan.cr_is_data = !m->header_cr;
	m->look_behind = row->delims == 0 && n % 2 == 0;
	buf_addc(&m->tail, '\n');
	return !m->out.spooling && csv_merge_out_header(&m->out, e) == -1 ? CSV_MERGE_FATAL
									  : CSV_MERGE_OK;
}

/* Reads up to the end of the header or of the piece. Blank lines before the header are skipped. */
static enum csv_merge_status
scan_header(struct csv_merge *m, struct err *e)
{
	struct csv_rows *r = &m->rows;
	struct csv_row row;
	uint64_t len = 0;

	while (len == 0 && csv_rows_next(r, &row))
		len = row.base + row.len;
	if (len > CSV_HEADER_MAX || r->base > CSV_HEADER_MAX) {
		err_set(e, EXIT_FAILED, "%.2000s: the header has more than %d bytes%s", m->name,
		    CSV_HEADER_MAX,
		    len == 0 && m->scan.state == CSV_QUOTED ? "; is a quote left open?" : "");
		return CSV_MERGE_BAD;
	}
	if (len > 0)
		return take_header(m, &row, e);
	buf_add(&m->header, r->p + r->at, r->n - r->at);
	return CSV_MERGE_OK;
}

/* --- a source's rows --- */

/* Ends a row that does not simply go on with the next one: adds the fields that it lacks, the
 * source column, the line feed. */
static int
end_row(struct csv_merge *m, uint64_t delims, struct err *e)
{
	for (; delims + 1 < m->width; delims++)
		if (csv_merge_out_add(&m->out, &m->delim, 1, e) == -1)
			return -1;
	return csv_merge_out_add(&m->out, m->tail.p, m->tail.len, e);
}

/* Fields keep their places: as long as rows end in a plain LF, bytes are copied in one run. */
static enum csv_merge_status
copy_rows(struct csv_merge *m, struct err *e)
{
	struct csv_rows *r = &m->rows;
	struct csv_merge_out *o = &m->out;
	const char *run = r->p + r->at;
	struct csv_row row;

	while (csv_rows_next(r, &row)) {
		if (row.base + row.len == 0) { /* a blank line is not a row */
			if (csv_merge_out_add(o, run, (size_t)(row.p - run), e) == -1)
				return CSV_MERGE_FATAL;
			run = r->p + r->at;
			continue;
		}
		if (csv_merge_check_row(m, &row, e) == -1)
			return CSV_MERGE_BAD;
		o->src.rows++;
		if (row.eol == 1 && row.p[row.len] == '\n' && row.delims + 1 == m->width &&
		    m->tail.len == 1) {
			o->src.rows += csv_rows_pass(r, row.delims);
			continue;
		}
		if (csv_merge_out_add(o, run, (size_t)(row.p + row.len - run), e) == -1 ||
		    end_row(m, row.delims, e) == -1)
			return CSV_MERGE_FATAL;
		run = r->p + r->at;
	}
	return csv_merge_out_add(o, run, (size_t)(r->p + r->n - run), e) == -1 ? CSV_MERGE_FATAL
									       : CSV_MERGE_OK;
}

/* --- a source --- */

void
csv_merge_begin(struct csv_merge *m, const char *name)
{
	m->name = name;
	m->lead_len = 0;
	m->lead_done = m->has_header = m->sets_header = 0;
	m->held_cr = m->header_cr = m->look_behind = 0;
	m->last_byte = '\0';
	m->columns_before = m->columns.n;
	buf_reset(&m->header);
	m->rows = (struct csv_rows){0};
	csv_scan_init(&m->scan, m->delim);
	csv_merge_out_begin(&m->out, name);
}

static enum csv_merge_status scan_piece(struct csv_merge *, const char *, size_t, struct err *);

/* The header ends at r->at, and what follows was marked before it was known that a CR is data. */
static enum csv_merge_status
scan_again(struct csv_merge *m, struct err *e)
{
	struct csv_rows *r = &m->rows;
	const struct csv_scan as_it_was = {.delim = m->delim};

	m->scan.state = CSV_FIELD;
	m->scan.line = m->piece_line + csv_lines(&as_it_was, r->p, r->at);
	return scan_piece(m, r->p + r->at, r->n - r->at, e);
}

/* The piece has a fault: takes what is before it, then tells the fault. before: m->scan as it was
 * before the piece. */
static enum csv_merge_status
scan_to_fault(
    struct csv_merge *m, const struct csv_scan *before, const char *p, size_t n, struct err *e)
{
	enum csv_fault fault = m->scan.fault;
	size_t at = m->scan.fault_at;
	enum csv_merge_status rc = CSV_MERGE_OK;

	m->scan = *before;
	if (at > 0)
		rc = scan_piece(m, p, at, e);
	if (rc != CSV_MERGE_OK)
		return rc;
	if (m->scan.cr_is_data != before->cr_is_data) /* it was none, perhaps */
		return scan_piece(m, p + at, n - at, e);
	if (!m->has_header && csv_merge_check_begun_header(m, e) == -1)
		return CSV_MERGE_BAD;
	csv_merge_check_fault(m, fault, e);
	return CSV_MERGE_BAD;
}

static enum csv_merge_status
scan_piece(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	const struct csv_scan before = m->scan;
	struct csv_rows *r = &m->rows;
	enum csv_merge_status rc = CSV_MERGE_OK;

	if (n == 0)
		return CSV_MERGE_OK;
	m->piece_line = m->scan.line;
	if (m->look_behind && csv_merge_check_behind_header(m, p, 0, e) == -1)
		return CSV_MERGE_BAD;
	csv_scan(&m->scan, p, n, &m->marks);
	csv_rows_piece(r, &m->scan, p, n, &m->marks);
	if (m->has_header && csv_merge_check_has_ends(m))
		csv_merge_check_ends(m);
	if (m->scan.fault != CSV_FAULT_NONE)
		return scan_to_fault(m, &before, p, n, e);
	if (!m->has_header) {
		if ((rc = scan_header(m, e)) != CSV_MERGE_OK)
			return rc;
		if (m->has_header && csv_merge_check_has_ends(m))
			csv_merge_check_ends(m);
		if (m->scan.fault != CSV_FAULT_NONE || (m->scan.cr_is_data && m->scan.lone_cr))
			return scan_again(m, e);
		if (m->look_behind && r->at < r->n &&
		    csv_merge_check_behind_header(m, p, r->at, e) == -1)
			return CSV_MERGE_BAD;
	}
	if (m->has_header)
		rc = m->in_place ? copy_rows(m, e) : csv_by_name_rows(m, e);
	if (r->base == r->n - r->at && r->base > 0) { /* the record at hand began in this piece */
		m->record_line = m->scan.line - csv_lines(&m->scan, r->p + r->at, r->n - r->at);
		m->record_begin = r->p[r->at];
	}
	return rc;
}

/* Cuts the bytes into pieces, none of which ends within a CRLF. */
static enum csv_merge_status
scan_bytes(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	enum csv_merge_status rc = CSV_MERGE_OK;

	if (n == 0)
		return CSV_MERGE_OK;
	m->last_byte = p[n - 1];
	if (m->held_cr) {
		size_t lf = *p == '\n';

		m->held_cr = 0;
		rc = scan_piece(m, "\r\n", 1 + lf, e);
		p += lf;
		n -= lf;
	}
	while (n > 0 && rc == CSV_MERGE_OK) {
		size_t len = n < CSV_PIECE ? n : CSV_PIECE;

		if (p[len - 1] == '\r') {
			m->held_cr = len == n;
			n -= (size_t)m->held_cr;
			len--;
		}
		rc = scan_piece(m, p, len, e);
		p += len;
		n -= len;
	}
	return rc;
}

/* Looks at the source's first bytes, fewer than a BOM's only where the source has no more. Returns
 * how many of them are a BOM, or -1 with e filled. */
static int
check_lead(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	m->lead_done = 1;
	if (n >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		return err_set(e, EXIT_FAILED,
		    "%.2000s: UTF-16 or UTF-32 (by its byte order mark): convert it to UTF-8 first",
		    m->name);
	return n >= CSV_MERGE_BOM_LEN && memcmp(p, "\xef\xbb\xbf", CSV_MERGE_BOM_LEN) == 0
	    ? CSV_MERGE_BOM_LEN
	    : 0;
}

/* A bad source leaves no columns, and no rows where rows are spooled. */
ERR_RARE static enum csv_merge_status
undo_source(struct csv_merge *m, struct err *e)
{
	struct err own;

	if (m->by_name) {
		csv_columns_cut(&m->columns, m->columns_before);
		buf_reset(&m->map_header);
	} else if (m->sets_header && !m->out.header_written) {
		csv_columns_free(&m->columns);
		buf_reset(&m->out.header);
		m->first_len = 0;
		buf_reset(&m->other);
		m->n_other = 0;
	}
	if (csv_merge_out_drop(&m->out, &own) == -1 || spool_cut(&m->record, 0, &own) == -1) {
		*e = own;
		return CSV_MERGE_FATAL;
	}
	return CSV_MERGE_BAD;
}

static enum csv_merge_status
undo(struct csv_merge *m, enum csv_merge_status rc, struct err *e)
{
	return rc == CSV_MERGE_BAD ? undo_source(m, e) : rc;
}

enum csv_merge_status
csv_merge_drop(struct csv_merge *m, struct err *e)
{
	enum csv_merge_status rc = undo(m, CSV_MERGE_BAD, e);

	return rc == CSV_MERGE_BAD ? CSV_MERGE_OK : rc;
}

/* The source's first bytes, collected in m->lead. */
static enum csv_merge_status
take_lead(struct csv_merge *m, struct err *e)
{
	int bom = check_lead(m, m->lead, m->lead_len, e);

	return bom == -1 ? CSV_MERGE_BAD
			 : scan_bytes(m, m->lead + bom, m->lead_len - (size_t)bom, e);
}

enum csv_merge_status
csv_merge_data(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	enum csv_merge_status rc = CSV_MERGE_OK;
	int bom;

	if (!m->lead_done && m->lead_len == 0 && n >= CSV_MERGE_BOM_LEN) {
		if ((bom = check_lead(m, p, n, e)) == -1)
			return undo(m, CSV_MERGE_BAD, e);
		p += bom;
		n -= (size_t)bom;
	}
	while (!m->lead_done && n > 0) {
		m->lead[m->lead_len++] = *p++;
		n--;
		if (m->lead_len == CSV_MERGE_BOM_LEN && (rc = take_lead(m, e)) != CSV_MERGE_OK)
			return undo(m, rc, e);
	}
	return undo(m, scan_bytes(m, p, n, e), e);
}

/* The last record, which may lack its line end. */
static enum csv_merge_status
end_record(struct csv_merge *m, struct err *e)
{
	struct csv_row row = {.p = "", .base = m->rows.base, .delims = m->rows.delims};

	if (!m->has_header && csv_merge_check_begun_header(m, e) == -1)
		return CSV_MERGE_BAD;
	if (m->scan.state == CSV_QUOTED) {
		csv_merge_check_failed(
		    m, m->record_line, "a quote is open at the end of the file", e);
		return CSV_MERGE_BAD;
	}
	if (row.base == 0)
		return CSV_MERGE_OK;
	if (m->scan.state == CSV_ODD || m->last_byte == CSV_MERGE_CTRL_Z) {
		csv_merge_check_fault(
		    m, m->scan.state == CSV_ODD ? CSV_FAULT_ODD : CSV_FAULT_CTRL_Z, e);
		return CSV_MERGE_BAD;
	}
	if (!m->has_header)
		return take_header(m, &row, e);
	if (!m->in_place)
		return csv_by_name_row(m, &row, e);
	if (csv_merge_check_row(m, &row, e) == -1)
		return CSV_MERGE_BAD;
	m->out.src.rows++;
	return end_row(m, row.delims, e) == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}

/* The source is good: gives its rows to the output, or leaves them in the spool until the columns
 * are known. */
static int
settle(struct csv_merge *m, struct err *e)
{
	struct csv_merge_out *o = &m->out;

	if (m->waits)
		return csv_merge_out_flush(o, e) == -1 ? -1 : csv_by_name_wait(m, e);
	if (!o->spooling)
		return csv_merge_out_end(o, e);
	if (m->has_header && csv_merge_out_header(o, e) == -1)
		return -1;
	return csv_merge_out_release(o, e);
}

enum csv_merge_status
csv_merge_end(struct csv_merge *m, struct err *e)
{
	enum csv_merge_status rc = CSV_MERGE_OK;

	if (!m->lead_done)
		rc = take_lead(m, e);
	if (rc == CSV_MERGE_OK && m->held_cr) /* at the end it is a line end, as others are */
		rc = scan_piece(m, "\r\n", m->header_cr ? 1 : 2, e);
	if (rc == CSV_MERGE_OK)
		rc = end_record(m, e);
	if (rc != CSV_MERGE_OK)
		return undo(m, rc, e);
	return settle(m, e) == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}

enum csv_merge_status
csv_merge_finish(struct csv_merge *m, struct csv_merge_totals *t, struct err *e)
{
	int rc = csv_merge_check_first(m, e);

	if (rc == 0 && m->waits) {
		m->out.spooling = 0;
		rc = csv_by_name_finish(m, e);
	}
	if (rc == 0)
		rc = csv_merge_out_flush(&m->out, e);
	*t = m->out.totals;
	return rc == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}
