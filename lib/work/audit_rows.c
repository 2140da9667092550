#include "work/audit_rows.h"
#include "archive/tar.h"
#include "base/buf.h"
#include "base/io.h"
#include "work/batch_name.h"
#include "work/merged_rows.h"

enum { READ_LEN = 64 * 1024 };

/* The member at hand. rows is NULL where there is nothing to check, or it was found wrong. */
struct member {
	struct audit *audit;
	uint32_t batch;
	struct merged_rows *rows;
};

static void
member_drop(struct member *m)
{
	merged_rows_free(m->rows);
	m->rows = NULL;
}

static void
member_wrong(struct member *m, const struct err *e)
{
	audit_problem_at(m->audit, m->batch, e->text);
	member_drop(m);
}

static void
member_begin(struct member *m, const struct tar_reader *tar)
{
	struct audit *a = m->audit;
	const struct receipt *r;
	const char *name;
	struct buf uri = {0};
	char path[BATCH_NAME_PATH];
	struct err e;
	size_t len;

	member_drop(m);
	name = tar_entry_name(tar, &len);
	buf_adds(&uri, "s3://");
	buf_add(&uri, name, len);
	if (batch_name_object_parse(buf_str(&uri), a->dest, &m->batch) == 0 &&
	    m->batch < a->n_batches && a->batches[m->batch].made) {
		a->batches[m->batch].read = 1;
		r = &a->batches[m->batch].receipt;
		m->rows =
		    merged_rows_open(&a->work, batch_name_path(path, "ledger", m->batch, ".tsv"),
			r->header_bytes, r->header_crc32c, &e);
		if (m->rows == NULL)
			audit_problem(a, "%s", e.text);
	}
	buf_free(&uri);
}

/* One event of the tar stream. 1 at its end, -1 when it is damaged. */
static int
take_event(
    struct member *m, enum tar_event ev, const struct tar_reader *tar, const char *data, size_t len)
{
	struct err e;

	switch (ev) {
	case TAR_ENTRY: member_begin(m, tar); return 0;
	case TAR_DATA:
		if (m->rows != NULL && merged_rows_feed(m->rows, data, len, &e) == -1)
			member_wrong(m, &e);
		return 0;
	case TAR_CLOSE:
		if (m->rows != NULL && merged_rows_finish(m->rows, &e) == -1)
			member_wrong(m, &e);
		member_drop(m);
		return 0;
	case TAR_END: return 1;
	default: return -1;
	}
}

int
audit_rows(struct audit *a, int fd, struct err *e)
{
	struct tar_reader *tar = tar_reader_new();
	struct member m = {.audit = a};
	char in[READ_LEN];
	int rc = 0;

	while (rc == 0) {
		ssize_t got = io_read(fd, in, sizeof(in));
		const char *p = in, *data;
		size_t len = got > 0 ? (size_t)got : 0, data_len;
		enum tar_event ev;

		if (got == -1)
			rc = err_errno(e, EXIT_FAILED, "standard input");
		else if (got == 0)
			rc = tar_reader_eof(tar, e) == -1 ? -1 : 1;
		while (rc == 0 &&
		    (ev = tar_reader_next(tar, &p, &len, &data, &data_len, e)) != TAR_NEED)
			rc = take_event(&m, ev, tar, data, data_len);
	}
	member_drop(&m);
	tar_reader_free(tar);
	for (uint32_t n = 0; n < a->n_batches && rc == 1; n++)
		if (a->batches[n].made && !a->batches[n].read)
			audit_problem_at(a, n, "was not read");
	return rc == -1 ? -1 : 0;
}
