#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv/csv_merge_state.h"
#include "sums/crc32c.h"

/* --- output --- */

/* Counts bytes that go out. */
static void
count(struct csv_merge *m, const char *p, size_t n)
{
	m->src.bytes += n;
	if (!m->opt->no_sums)
		m->src.crc32c = crc32c(m->src.crc32c, p, n);
}

static int
write_out(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	m->totals.bytes += n;
	return n > 0 ? m->ops->write(m->arg, p, n, e) : 0;
}

/* Gives out what m->out holds. */
static int
drain(struct csv_merge *m, struct err *e)
{
	size_t done = m->out_done, rest = m->out.len - done;
	int rc;

	if (m->out.len == 0)
		return 0;
	m->out_done = m->out.len = 0;
	if (m->spooling) {
		rc = write_out(m, m->out.p, done, e);
		return rc == 0 && rest > 0 ? spool_add(&m->spool, m->out.p + done, rest, e) : rc;
	}
	count(m, m->out.p + done, rest);
	return write_out(m, m->out.p, done + rest, e);
}

char *
csv_merge_room(struct csv_merge *m, size_t n, struct err *e)
{
	if (m->out.len + n > OUT_LEN && drain(m, e) == -1)
		return NULL;
	return buf_room(&m->out, n);
}

int
csv_merge_emit(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	char *to;

	if (n < OUT_LEN / 8) {
		if ((to = csv_merge_room(m, n, e)) == NULL)
			return -1;
		memcpy(to, p, n);
		m->out.len += n;
		return 0;
	}
	if (drain(m, e) == -1)
		return -1;
	if (m->spooling)
		return spool_add(&m->spool, p, n, e);
	count(m, p, n);
	return write_out(m, p, n, e);
}

int
csv_merge_header(struct csv_merge *m, struct err *e)
{
	const struct buf *h = &m->out_header;

	if (m->header_written || h->len == 0)
		return 0;
	m->header_written = 1;
	m->totals.header = h->p;
	m->totals.header_bytes = h->len;
	if (!m->opt->no_sums)
		m->totals.header_crc32c = m->totals.crc32c = crc32c(0, h->p, h->len);
	if (m->out.len > 0) /* rows that are held have come before it */
		return write_out(m, h->p, h->len, e);
	buf_add(&m->out, h->p, h->len);
	m->out_done = m->out.len;
	return 0;
}

int
csv_merge_told(struct csv_merge *m, struct err *e)
{
	struct csv_merge_source *s = &m->src;

	count(m, m->out.p + m->out_done, m->out.len - m->out_done);
	m->out_done = m->out.len;
	if (!m->opt->no_sums)
		m->totals.crc32c = crc32c_combine(m->totals.crc32c, s->crc32c, s->bytes);
	m->totals.rows += s->rows;
	m->totals.sources++;
	return m->ops->source != NULL ? m->ops->source(m->arg, s, e) : 0;
}

/* --- making --- */

struct csv_merge *
csv_merge_new(
    const struct csv_merge_opt *opt, const struct csv_merge_ops *ops, void *arg, struct err *e)
{
	struct csv_merge *m = xcalloc(1, sizeof(*m));

	m->opt = opt;
	m->ops = ops;
	m->arg = arg;
	m->delim = opt->delim;
	m->by_name = opt->by_name || opt->columns != NULL;
	m->waits = m->by_name && opt->columns == NULL;
	m->spooling = m->waits || opt->hold;
	spool_init(&m->spool);
	spool_init(&m->waiting);
	spool_init(&m->record);
	buf_room(&m->out, OUT_LEN);
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
	buf_free(&m->header);
	buf_free(&m->tail);
	buf_free(&m->map_header);
	buf_free(&m->out_header);
	buf_free(&m->out);
	csv_column_map_free(&m->map);
	csv_columns_free(&m->columns);
	spool_free(&m->spool);
	spool_free(&m->waiting);
	spool_free(&m->record);
	free(m->delim_at);
	free(m);
}

/* --- what is wrong with a source --- */

static int
bad_line(struct csv_merge *m, uint64_t line, const char *what, struct err *e)
{
	return err_set(
	    e, EXIT_FAILED, "%.2000s: line %llu: %.2000s", m->name, (unsigned long long)line, what);
}

/* The physical line where a record of the piece at hand begins. */
static uint64_t
line_of(const struct csv_merge *m, const struct csv_row *row)
{
	if (row->base > 0)
		return m->record_line;
	return m->piece_line + csv_lines(m->rows.p, (size_t)(row->p - m->rows.p));
}

int
csv_merge_check(struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	uint64_t n = row->delims + 1;
	char what[100];

	if (n == m->n_fields || (n < m->n_fields && m->opt->pad))
		return 0;
	snprintf(what, sizeof(what), "%llu field%s, but the header has %zu", (unsigned long long)n,
	    n == 1 ? "" : "s", m->n_fields);
	return bad_line(m, line_of(m, row), what, e);
}

/* --- a source's header --- */

/* Strict: the first header is everybody's. */
static int
strict_header(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	struct buf *h = &m->out_header;

	if (m->first_len == n && memcmp(h->p, p, n) == 0)
		return 0;
	if (m->first_len > 0)
		return csv_columns_same(&m->columns, m->delim, h->p, m->first_len, p, n, e);
	m->sets_header = 1;
	m->width = m->n_fields;
	m->first_len = n;
	if (p == m->header.p) {
		buf_free(h);
		*h = m->header;
		m->header = (struct buf){0};
	} else {
		buf_add(h, p, n);
	}
	csv_merge_end_header(m);
	return 0;
}

/* A source column that has the name of another would be told apart by nobody. */
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
		has = csv_header_has(m->delim, m->out_header.p, m->first_len, name);
	if (has)
		return err_set(
		    e, EXIT_FAILED, "column '%s' is there already (--source-column)", name);
	if (!m->waits)
		csv_merge_add_source(m, &m->tail, m->name);
	return 0;
}

void
csv_merge_add_source(const struct csv_merge *m, struct buf *out, const char *name)
{
	struct buf value = {0};

	if (m->opt->source_prefix != NULL)
		buf_adds(&value, m->opt->source_prefix);
	buf_adds(&value, name);
	buf_addc(out, m->delim);
	csv_quote(out, m->delim, value.p, value.len);
	buf_free(&value);
}

void
csv_merge_end_header(struct csv_merge *m)
{
	const char *name = m->opt->source_column;

	if (name != NULL) {
		buf_addc(&m->out_header, m->delim);
		csv_quote(&m->out_header, m->delim, name, strlen(name));
	}
	buf_addc(&m->out_header, '\n');
}

/* A header of ASCII in UTF-16 without a byte order mark: each second byte is NUL. In big endian
 * there is one more before its line end, of which the other byte ended the record. */
static int
is_utf16(const char *p, size_t n)
{
	for (size_t i = n % 2 == 0 ? 1 : 0; i < n; i += 2)
		if (p[i] != '\0')
			return 0;
	return n > 1;
}

/* The header record is whole. */
static enum csv_merge_status
take_header(struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	int (*compare)(struct csv_merge *, const char *, size_t, struct err *) =
	    m->by_name ? csv_by_name_header : strict_header;
	const char *p = row->p;
	size_t n = row->len;
	struct err why;

	if (row->base > 0) {
		buf_add(&m->header, p, n);
		p = m->header.p;
		n = m->header.len;
	}
	if (is_utf16(p, n)) {
		err_set(e, EXIT_FAILED,
		    "%.2000s: UTF-16 (each second byte is NUL); convert it to UTF-8 first",
		    m->name);
		return CSV_MERGE_BAD;
	}
	buf_reset(&m->tail);
	m->has_header = m->in_place = 1;
	m->n_fields = (size_t)row->delims + 1;
	if (compare(m, p, n, &why) == -1 || source_column(m, &why) == -1) {
		bad_line(m, line_of(m, row), why.text, e);
		return CSV_MERGE_BAD;
	}
	buf_addc(&m->tail, '\n');
	return !m->spooling && csv_merge_header(m, e) == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}

/* Blank lines before the header do not count. Goes on to the end of the header or the piece. */
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

/* What a row ends with where a run of bytes cannot just go on: fields that it lacks, the source
 * column, the line feed. */
static int
end_row(struct csv_merge *m, uint64_t delims, struct err *e)
{
	for (; delims + 1 < m->width; delims++)
		if (csv_merge_emit(m, &m->delim, 1, e) == -1)
			return -1;
	return csv_merge_emit(m, m->tail.p, m->tail.len, e);
}

/* Fields keep their places: bytes are copied in runs as long as rows end in a plain LF. */
static enum csv_merge_status
copy_rows(struct csv_merge *m, struct err *e)
{
	struct csv_rows *r = &m->rows;
	const char *run = r->p + r->at;
	struct csv_row row;

	while (csv_rows_next(r, &row)) {
		if (row.base + row.len == 0) { /* a blank line is no row */
			if (csv_merge_emit(m, run, (size_t)(row.p - run), e) == -1)
				return CSV_MERGE_FATAL;
			run = r->p + r->at;
			continue;
		}
		if (csv_merge_check(m, &row, e) == -1)
			return CSV_MERGE_BAD;
		m->src.rows++;
		if (row.eol == 1 && row.p[row.len] == '\n' && row.delims + 1 == m->width &&
		    m->tail.len == 1) {
			m->src.rows += csv_rows_pass(r, row.delims);
			continue;
		}
		if (csv_merge_emit(m, run, (size_t)(row.p + row.len - run), e) == -1 ||
		    end_row(m, row.delims, e) == -1)
			return CSV_MERGE_FATAL;
		run = r->p + r->at;
	}
	return csv_merge_emit(m, run, (size_t)(r->p + r->n - run), e) == -1 ? CSV_MERGE_FATAL
									    : CSV_MERGE_OK;
}

/* --- a source --- */

void
csv_merge_begin(struct csv_merge *m, const char *name)
{
	m->name = name;
	m->src = (struct csv_merge_source){.name = name};
	m->lead_len = 0;
	m->lead_done = m->has_header = m->sets_header = 0;
	m->columns_before = m->columns.n;
	m->spool_from = spool_len(&m->spool);
	buf_reset(&m->header);
	m->rows = (struct csv_rows){0};
	csv_scan_init(&m->scan, m->delim);
}

static enum csv_merge_status
scan_piece(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	struct csv_rows *r = &m->rows;
	enum csv_merge_status rc = CSV_MERGE_OK;

	m->piece_line = m->scan.line - (uint64_t)(m->scan.prev_cr && *p == '\n');
	csv_scan(&m->scan, p, n, &m->marks);
	csv_rows_piece(r, &m->scan, p, n, &m->marks);
	if (!m->has_header && (rc = scan_header(m, e)) != CSV_MERGE_OK)
		return rc;
	if (m->has_header)
		rc = m->in_place ? copy_rows(m, e) : csv_by_name_rows(m, e);
	if (r->base == r->n - r->at) /* the record at hand began in this piece */
		m->record_line = m->scan.line - csv_lines(r->p + r->at, r->n - r->at);
	return rc;
}

static enum csv_merge_status
scan_bytes(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	enum csv_merge_status rc = CSV_MERGE_OK;

	while (n > 0 && rc == CSV_MERGE_OK) {
		size_t rest = csv_scan_rest(&m->scan, p, n), len = n - rest;

		if (len > CSV_PIECE)
			len = CSV_PIECE;
		if (len > 0)
			rc = scan_piece(m, p + rest, len, e);
		p += rest + len;
		n -= rest + len;
	}
	return rc;
}

/* The first bytes are there, or there are no more: how many of them are a BOM? -1: e is filled. */
static int
check_lead(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	m->lead_done = 1;
	if (n >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		return err_set(e, EXIT_FAILED,
		    "%.2000s: UTF-16 (by its byte order mark); convert it to UTF-8 first", m->name);
	return n >= BOM_LEN && memcmp(p, "\xef\xbb\xbf", BOM_LEN) == 0 ? BOM_LEN : 0;
}

/* A source that is no good leaves no trace where rows are held, and no columns. */
static enum csv_merge_status
undo(struct csv_merge *m, enum csv_merge_status rc, struct err *e)
{
	struct err own;

	if (rc != CSV_MERGE_BAD)
		return rc;
	if (m->by_name) {
		csv_columns_cut(&m->columns, m->columns_before);
		buf_reset(&m->map_header);
	} else if (m->sets_header && !m->header_written) {
		csv_columns_free(&m->columns);
		buf_reset(&m->out_header);
		m->first_len = 0;
	}
	if (m->spooling)
		m->out.len = m->out_done;
	if ((m->spooling && spool_cut(&m->spool, m->spool_from, &own) == -1) ||
	    spool_cut(&m->record, 0, &own) == -1) {
		*e = own;
		return CSV_MERGE_FATAL;
	}
	return CSV_MERGE_BAD;
}

enum csv_merge_status
csv_merge_drop(struct csv_merge *m, struct err *e)
{
	enum csv_merge_status rc = undo(m, CSV_MERGE_BAD, e);

	return rc == CSV_MERGE_BAD ? CSV_MERGE_OK : rc;
}

/* The source's first bytes come in pieces of less than a BOM. */
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

	if (!m->lead_done && m->lead_len == 0 && n >= BOM_LEN) {
		if ((bom = check_lead(m, p, n, e)) == -1)
			return undo(m, CSV_MERGE_BAD, e);
		p += bom;
		n -= (size_t)bom;
	}
	while (!m->lead_done && n > 0) {
		m->lead[m->lead_len++] = *p++;
		n--;
		if (m->lead_len == BOM_LEN && (rc = take_lead(m, e)) != CSV_MERGE_OK)
			return undo(m, rc, e);
	}
	return undo(m, scan_bytes(m, p, n, e), e);
}

/* The last record may lack its line end. */
static enum csv_merge_status
end_record(struct csv_merge *m, struct err *e)
{
	struct csv_row row = {.p = "", .base = m->rows.base, .delims = m->rows.delims};

	if (m->scan.state == CSV_QUOTED) {
		bad_line(m, m->record_line, "a quote is open at the end of the file", e);
		return CSV_MERGE_BAD;
	}
	if (row.base == 0)
		return CSV_MERGE_OK;
	if (!m->has_header)
		return take_header(m, &row, e);
	if (!m->in_place)
		return csv_by_name_row(m, &row, e);
	if (csv_merge_check(m, &row, e) == -1)
		return CSV_MERGE_BAD;
	m->src.rows++;
	return end_row(m, row.delims, e) == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}

/* A source that was held is whole: its rows go to the output. */
static int
release(struct csv_merge *m, struct err *e)
{
	int rc = 0;

	if (m->has_header && csv_merge_header(m, e) == -1)
		return -1;
	if (spool_len(&m->spool) > 0) {
		rc = drain(m, e);
		m->spooling = 0;
		if (rc == 0)
			rc = csv_merge_emit_spool(m, 0, spool_len(&m->spool), e);
		m->spooling = 1;
		if (rc == 0)
			rc = spool_cut(&m->spool, 0, e);
	}
	return rc == 0 ? csv_merge_told(m, e) : -1;
}

enum csv_merge_status
csv_merge_end(struct csv_merge *m, struct err *e)
{
	enum csv_merge_status rc = CSV_MERGE_OK;
	int done;

	if (!m->lead_done)
		rc = take_lead(m, e);
	if (rc == CSV_MERGE_OK)
		rc = end_record(m, e);
	if (rc != CSV_MERGE_OK)
		return undo(m, rc, e);
	if (m->waits)
		done = drain(m, e) == -1 ? -1 : csv_by_name_wait(m, e);
	else
		done = m->spooling ? release(m, e) : csv_merge_told(m, e);
	return done == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}

int
csv_merge_emit_spool(struct csv_merge *m, uint64_t offset, uint64_t len, struct err *e)
{
	char b[CSV_PIECE];

	while (len > 0) {
		ssize_t r =
		    spool_read(&m->spool, offset, b, len < sizeof(b) ? (size_t)len : sizeof(b), e);

		if (r <= 0 || csv_merge_emit(m, b, (size_t)r, e) == -1)
			return -1;
		offset += (uint64_t)r;
		len -= (uint64_t)r;
	}
	return 0;
}

enum csv_merge_status
csv_merge_finish(struct csv_merge *m, struct csv_merge_totals *t, struct err *e)
{
	int rc = 0;

	if (m->waits) {
		m->spooling = 0;
		rc = csv_by_name_finish(m, e);
	}
	if (rc == 0)
		rc = drain(m, e);
	*t = m->totals;
	return rc == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}
