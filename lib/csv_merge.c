#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "crc32c.h"
#include "csv.h"
#include "csv_columns.h"
#include "csv_fast.h"
#include "csv_merge.h"
#include "spool.h"

enum { LEAD = 3, READ_LEN = 256 * 1024 };

/* What is kept of a source whose rows wait. Its name follows in the index. */
struct waiting {
	uint64_t len, rows;
	uint64_t n_columns; /* of the output when its rows were written to the spool */
	uint64_t name_len;
};

struct csv_merge {
	const struct csv_merge_opt *opt;
	const struct csv_merge_ops *ops;
	void *arg;
	int by_name;
	char delim;

	/* the source at hand */
	const char *name;
	struct csv_scan scan;
	char lead[LEAD]; /* its first bytes, until it is known whether they are a BOM */
	size_t lead_len;
	int lead_done, has_header;
	struct buf header; /* its header record so far */
	struct buf record; /* by name: the record so far */
	struct csv_record fields;
	struct csv_column_map map;
	size_t n_fields;       /* of its header */
	size_t columns_before; /* by name: output columns when it began */
	int first_header;      /* strict: the job's header is this source's */
	struct csv_merge_source src;
	struct buf tail; /* source column: what each row ends with */
	uint64_t spool_from;

	struct csv_columns columns; /* of the output */
	struct buf out_header;
	int header_written;
	struct spool spool, index;
	struct csv_merge_totals totals;
};

/* --- output --- */

static int
write_out(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	m->totals.bytes += n;
	return m->ops->write(m->arg, p, n, e);
}

/* Bytes of the source's rows. */
static int
emit(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	if (n == 0)
		return 0;
	if (m->by_name || m->opt->hold)
		return spool_add(&m->spool, p, n, e);
	m->src.crc32c = crc32c(m->src.crc32c, p, n);
	m->src.bytes += n;
	return write_out(m, p, n, e);
}

static int
write_header(struct csv_merge *m, struct err *e)
{
	if (m->header_written || m->out_header.len == 0)
		return 0;
	m->header_written = 1;
	m->totals.header = m->out_header.p;
	m->totals.header_bytes = m->out_header.len;
	m->totals.header_crc32c = m->totals.crc32c = crc32c(0, m->out_header.p, m->out_header.len);
	return write_out(m, m->out_header.p, m->out_header.len, e);
}

/* The source's rows are all written: its ledger line, and the totals. */
static int
told(struct csv_merge *m, const struct csv_merge_source *s, struct err *e)
{
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
	spool_init(&m->spool);
	spool_init(&m->index);
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
	buf_free(&m->record);
	buf_free(&m->tail);
	buf_free(&m->out_header);
	csv_record_free(&m->fields);
	csv_column_map_free(&m->map);
	csv_columns_free(&m->columns);
	spool_free(&m->spool);
	spool_free(&m->index);
	free(m);
}

/* --- a source's header --- */

static int
bad(struct csv_merge *m, struct err *e, const char *what)
{
	return err_set(e, EXIT_FAILED, "%s: line %llu: %s", m->name,
	    (unsigned long long)m->scan.record_line, what);
}

/* The header record is whole. 0, or -1 with e filled. */
static int
take_header(struct csv_merge *m, struct err *e)
{
	m->has_header = 1;
	csv_record_parse(&m->fields, m->delim, m->header.p, m->header.len);
	m->n_fields = m->fields.n;
	if (m->opt->source_column != NULL) {
		buf_reset(&m->tail);
		buf_addc(&m->tail, m->delim);
		csv_quote(&m->tail, m->delim, m->name, strlen(m->name));
		buf_addc(&m->tail, '\n');
	}
	if (m->by_name)
		return csv_columns_join(&m->columns, &m->map, &m->fields, m->name, e);
	if (m->out_header.len > 0)
		return csv_columns_same(&m->columns, &m->fields, m->name, e);
	m->first_header = 1;
	csv_columns_set(&m->columns, &m->fields);
	buf_add(&m->out_header, m->header.p, m->header.len);
	if (m->opt->source_column != NULL) {
		buf_addc(&m->out_header, m->delim);
		csv_quote(
		    &m->out_header, m->delim, m->opt->source_column, strlen(m->opt->source_column));
	}
	buf_addc(&m->out_header, '\n');
	return 0;
}

/* --- a source's rows --- */

/* The number of fields is known at a row's end. 0, or -1 with e filled; *missing is what padding
 * adds. */
static int
check_row(struct csv_merge *m, size_t *missing, struct err *e)
{
	uint64_t n = m->scan.delims + 1;

	*missing = 0;
	if (n == m->n_fields)
		return 0;
	if (n < m->n_fields && m->opt->pad) {
		*missing = m->n_fields - (size_t)n;
		return 0;
	}
	return err_set(e, EXIT_FAILED, "%s: line %llu: %llu field%s, but the header has %zu",
	    m->name, (unsigned long long)m->scan.record_line, (unsigned long long)n,
	    n == 1 ? "" : "s", m->n_fields);
}

/* What a row of strict mode ends with where a run of bytes cannot just go on. */
static int
end_row(struct csv_merge *m, size_t missing, struct err *e)
{
	for (; missing > 0; missing--)
		if (emit(m, &m->delim, 1, e) == -1)
			return -1;
	return m->tail.len > 0 ? emit(m, m->tail.p, m->tail.len, e) : emit(m, "\n", 1, e);
}

/* Strict mode: bytes are copied in runs as long as rows end in a plain LF. */
static enum csv_merge_status
copy_rows(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	const char *run = p, *end = p + n;

	while (p < end) {
		size_t eol, missing, took;

		/* where rows may just be copied, whole blocks are only counted */
		if (m->tail.len == 0)
			p += csv_fast_rows(
			    &m->scan, p, (size_t)(end - p), m->n_fields - 1, &m->src.rows);
		if (p == end)
			break;
		took = csv_scan(&m->scan, p, (size_t)(end - p), &eol);

		p += took;
		if (eol == 0)
			break;
		if (!m->scan.begun) { /* a blank line is no row */
			if (emit(m, run, (size_t)(p - took - run), e) == -1)
				return CSV_MERGE_FATAL;
			run = p;
		} else {
			if (check_row(m, &missing, e) == -1)
				return CSV_MERGE_BAD;
			m->src.rows++;
			if (eol != 1 || p[-1] != '\n' || missing > 0 || m->tail.len > 0) {
				if (emit(m, run, (size_t)(p - eol - run), e) == -1 ||
				    end_row(m, missing, e) == -1)
					return CSV_MERGE_FATAL;
				run = p;
			}
		}
	}
	return emit(m, run, (size_t)(end - run), e) == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}

/* By name: one whole record in the order of the output. */
static enum csv_merge_status
place_row(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	size_t missing, width = m->columns.n;

	if (check_row(m, &missing, e) == -1)
		return CSV_MERGE_BAD;
	m->src.rows++;
	if (m->map.identity && missing == 0 && m->n_fields == width) {
		if (emit(m, p, n, e) == -1)
			return CSV_MERGE_FATAL;
	} else {
		csv_record_split(&m->fields, m->delim, p, n);
		for (size_t i = 0; i < width; i++) {
			size_t from = i < m->map.n ? m->map.from[i] : SIZE_MAX;

			if (i > 0 && emit(m, &m->delim, 1, e) == -1)
				return CSV_MERGE_FATAL;
			if (from < m->fields.n &&
			    emit(m, p + m->fields.raw_at[from], m->fields.raw_len[from], e) == -1)
				return CSV_MERGE_FATAL;
		}
		/* a row of one empty field would be a blank line, which is no row */
		if (width == 1 &&
		    (m->map.from[0] >= m->fields.n || m->fields.raw_len[m->map.from[0]] == 0) &&
		    m->tail.len == 0 && emit(m, "\"\"", 2, e) == -1)
			return CSV_MERGE_FATAL;
	}
	/* the source column stays apart until all columns are known: it is the last */
	return emit(m, "\n", 1, e) == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}

static enum csv_merge_status
place_rows(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	const char *end = p + n;

	while (p < end) {
		size_t eol, took = csv_scan(&m->scan, p, (size_t)(end - p), &eol);
		enum csv_merge_status rc = CSV_MERGE_OK;

		if (eol == 0) {
			buf_add(&m->record, p, took);
			break;
		}
		if (m->scan.begun && m->record.len > 0) {
			buf_add(&m->record, p, took - eol);
			rc = place_row(m, m->record.p, m->record.len, e);
		} else if (m->scan.begun) {
			rc = place_row(m, p, took - eol, e);
		}
		if (rc != CSV_MERGE_OK)
			return rc;
		buf_reset(&m->record);
		p += took;
	}
	return CSV_MERGE_OK;
}

/* --- a source --- */

void
csv_merge_begin(struct csv_merge *m, const char *name)
{
	m->name = name;
	m->src = (struct csv_merge_source){.name = name};
	m->lead_len = 0;
	m->lead_done = m->has_header = m->first_header = 0;
	m->columns_before = m->columns.n;
	m->spool_from = spool_len(&m->spool);
	buf_reset(&m->header);
	buf_reset(&m->record);
	buf_reset(&m->tail);
	csv_scan_init(&m->scan, m->delim);
}

/* The record at hand is the header until it has ended; blank lines before it do not count. */
static enum csv_merge_status
scan_header(struct csv_merge *m, const char **p, size_t *n, struct err *e)
{
	while (*n > 0 && !m->has_header) {
		size_t eol, took = csv_scan(&m->scan, *p, *n, &eol);

		if (m->header.len + took > CSV_HEADER_MAX) {
			err_set(e, EXIT_FAILED, "%s: the header has more than %d bytes", m->name,
			    CSV_HEADER_MAX);
			return CSV_MERGE_BAD;
		}
		buf_add(&m->header, *p, took - eol);
		*p += took;
		*n -= took;
		if (eol > 0 && m->scan.begun && take_header(m, e) == -1)
			return CSV_MERGE_BAD;
	}
	if (m->has_header && !m->by_name && !m->opt->hold && write_header(m, e) == -1)
		return CSV_MERGE_FATAL;
	return CSV_MERGE_OK;
}

static enum csv_merge_status
scan_bytes(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	size_t rest = csv_scan_rest(&m->scan, p, n);
	enum csv_merge_status rc;

	p += rest;
	n -= rest;
	if (!m->has_header && (rc = scan_header(m, &p, &n, e)) != CSV_MERGE_OK)
		return rc;
	if (n == 0)
		return CSV_MERGE_OK;
	return m->by_name ? place_rows(m, p, n, e) : copy_rows(m, p, n, e);
}

/* The first bytes are there, or there are no more. */
static enum csv_merge_status
take_lead(struct csv_merge *m, struct err *e)
{
	size_t skip = 0;

	m->lead_done = 1;
	if (m->lead_len >= 2 &&
	    (memcmp(m->lead, "\xff\xfe", 2) == 0 || memcmp(m->lead, "\xfe\xff", 2) == 0)) {
		err_set(e, EXIT_FAILED,
		    "%s: UTF-16 (by its byte order mark); convert it to UTF-8 first", m->name);
		return CSV_MERGE_BAD;
	}
	if (m->lead_len == LEAD && memcmp(m->lead, "\xef\xbb\xbf", LEAD) == 0)
		skip = LEAD;
	return scan_bytes(m, m->lead + skip, m->lead_len - skip, e);
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
	} else if (m->first_header && !m->header_written) {
		csv_columns_free(&m->columns);
		buf_reset(&m->out_header);
	}
	if ((m->by_name || m->opt->hold) && spool_cut(&m->spool, m->spool_from, &own) == -1) {
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

enum csv_merge_status
csv_merge_data(struct csv_merge *m, const char *p, size_t n, struct err *e)
{
	enum csv_merge_status rc = CSV_MERGE_OK;

	while (!m->lead_done && n > 0) {
		m->lead[m->lead_len++] = *p++;
		n--;
		if (m->lead_len == LEAD && (rc = take_lead(m, e)) != CSV_MERGE_OK)
			return undo(m, rc, e);
	}
	if (n > 0)
		rc = scan_bytes(m, p, n, e);
	return undo(m, rc, e);
}

/* The last record may lack its line end. */
static enum csv_merge_status
end_record(struct csv_merge *m, struct err *e)
{
	size_t missing;

	if (m->scan.state == CSV_QUOTED) {
		bad(m, e, "a quote is open at the end of the file");
		return CSV_MERGE_BAD;
	}
	if (!m->scan.begun || m->scan.ended)
		return CSV_MERGE_OK;
	if (!m->has_header) {
		if (take_header(m, e) == -1)
			return CSV_MERGE_BAD;
		return !m->by_name && !m->opt->hold && write_header(m, e) == -1 ? CSV_MERGE_FATAL
										: CSV_MERGE_OK;
	}
	if (m->by_name)
		return place_row(m, m->record.p, m->record.len, e);
	if (check_row(m, &missing, e) == -1)
		return CSV_MERGE_BAD;
	m->src.rows++;
	return end_row(m, missing, e) == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}

/* Gives out what was held of a source: len bytes of the spool from offset on. */
static int
give_out(
    struct csv_merge *m, uint64_t offset, uint64_t len, struct csv_merge_source *s, struct err *e)
{
	char *b = xmalloc(READ_LEN);
	int rc = 0;

	while (len > 0 && rc == 0) {
		ssize_t r =
		    spool_read(&m->spool, offset, b, len < READ_LEN ? (size_t)len : READ_LEN, e);

		if (r <= 0) {
			rc = -1;
			break;
		}
		s->crc32c = crc32c(s->crc32c, b, (size_t)r);
		s->bytes += (uint64_t)r;
		rc = write_out(m, b, (size_t)r, e);
		offset += (uint64_t)r;
		len -= (uint64_t)r;
	}
	free(b);
	return rc;
}

enum csv_merge_status
csv_merge_end(struct csv_merge *m, struct err *e)
{
	enum csv_merge_status rc = CSV_MERGE_OK;
	struct waiting w;

	if (!m->lead_done)
		rc = take_lead(m, e);
	if (rc == CSV_MERGE_OK)
		rc = end_record(m, e);
	if (rc != CSV_MERGE_OK)
		return undo(m, rc, e);
	w = (struct waiting){.len = spool_len(&m->spool) - m->spool_from,
	    .rows = m->src.rows,
	    .n_columns = m->columns.n,
	    .name_len = strlen(m->name)};
	if (m->by_name)
		return spool_add(&m->index, &w, sizeof(w), e) == -1 ||
			spool_add(&m->index, m->name, w.name_len, e) == -1
		    ? CSV_MERGE_FATAL
		    : CSV_MERGE_OK;
	if (m->opt->hold &&
	    (write_header(m, e) == -1 || give_out(m, m->spool_from, w.len, &m->src, e) == -1 ||
		spool_cut(&m->spool, 0, e) == -1))
		return CSV_MERGE_FATAL;
	return told(m, &m->src, e) == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}

/* --- what has waited --- */

/* Adds to each waiting row what it lacks: columns that came later, and the source column. */
static int
widen(struct csv_merge *m, uint64_t offset, uint64_t len, const struct buf *tail,
    struct csv_merge_source *s, struct err *e)
{
	char *b = xmalloc(READ_LEN);
	struct csv_scan scan;
	int rc = 0;

	csv_scan_init(&scan, m->delim);
	while (len > 0 && rc == 0) {
		ssize_t r =
		    spool_read(&m->spool, offset, b, len < READ_LEN ? (size_t)len : READ_LEN, e);
		struct buf out = {0};

		if (r <= 0) {
			rc = -1;
			break;
		}
		for (char *p = b, *end = b + r; p < end;) {
			size_t eol, took = csv_scan(&scan, p, (size_t)(end - p), &eol);

			buf_add(&out, p, took - eol);
			if (eol > 0)
				buf_add(&out, tail->p, tail->len);
			p += took;
		}
		s->crc32c = crc32c(s->crc32c, out.p, out.len);
		s->bytes += out.len;
		rc = write_out(m, out.p != NULL ? out.p : "", out.len, e);
		buf_free(&out);
		offset += (uint64_t)r;
		len -= (uint64_t)r;
	}
	free(b);
	return rc;
}

static int
give_waiting(
    struct csv_merge *m, const struct waiting *w, const char *name, uint64_t offset, struct err *e)
{
	struct csv_merge_source s = {.name = name, .rows = w->rows};
	struct buf tail = {0};
	int rc;

	if (w->n_columns == m->columns.n && m->opt->source_column == NULL) {
		rc = give_out(m, offset, w->len, &s, e);
	} else {
		for (uint64_t i = w->n_columns; i < m->columns.n; i++)
			buf_addc(&tail, m->delim);
		if (m->opt->source_column != NULL) {
			buf_addc(&tail, m->delim);
			csv_quote(&tail, m->delim, name, w->name_len);
		}
		buf_addc(&tail, '\n');
		rc = widen(m, offset, w->len, &tail, &s, e);
		buf_free(&tail);
	}
	return rc == 0 ? told(m, &s, e) : -1;
}

static int
finish_by_name(struct csv_merge *m, struct err *e)
{
	uint64_t at = 0, offset = 0, end = spool_len(&m->index);
	int rc;

	csv_columns_header(&m->columns, m->delim, &m->out_header);
	if (m->out_header.len > 0 && m->opt->source_column != NULL) {
		buf_addc(&m->out_header, m->delim);
		csv_quote(
		    &m->out_header, m->delim, m->opt->source_column, strlen(m->opt->source_column));
	}
	if (m->out_header.len > 0)
		buf_addc(&m->out_header, '\n');
	rc = write_header(m, e);
	while (rc == 0 && at < end) {
		struct waiting w;
		char *name;

		if (spool_read(&m->index, at, &w, sizeof(w), e) != (ssize_t)sizeof(w))
			return -1;
		name = xcalloc(1, (size_t)w.name_len + 1);
		if (w.name_len > 0 &&
		    spool_read(&m->index, at + sizeof(w), name, (size_t)w.name_len, e) !=
			(ssize_t)w.name_len)
			rc = -1;
		else
			rc = give_waiting(m, &w, name, offset, e);
		free(name);
		at += sizeof(w) + w.name_len;
		offset += w.len;
	}
	return rc;
}

enum csv_merge_status
csv_merge_finish(struct csv_merge *m, struct csv_merge_totals *t, struct err *e)
{
	int rc = m->by_name ? finish_by_name(m, e) : 0;

	*t = m->totals;
	return rc == -1 ? CSV_MERGE_FATAL : CSV_MERGE_OK;
}
