#include <stdlib.h>

#include "base/buf.h"
#include "sums/crc32c.h"
#include "work/ledger.h"
#include "work/merged_rows.h"

struct merged_rows {
	struct tsv ledger;
	struct ledger_line line; /* name NULL: the header */
	uint64_t left;		 /* its bytes that are still to come */
	uint32_t crc32c;	 /* of its bytes that came */
};

struct merged_rows *
merged_rows_open(const struct work_folder *w, const char *ledger, uint64_t header_bytes,
    uint32_t header_crc32c, struct err *e)
{
	struct merged_rows *r = xcalloc(1, sizeof(*r));

	r->line.crc32c = header_crc32c;
	r->left = header_bytes;
	if (tsv_open(&r->ledger, w, ledger, e) == -1) {
		merged_rows_free(r);
		return NULL;
	}
	return r;
}

/* Checks the source whose rows are complete and goes on to the next one that has rows. 1: there is
 * one; 0: the ledger has ended; -1: e is filled. */
static int
next_line(struct merged_rows *r, struct err *e)
{
	int rc = 1;

	while (r->left == 0 && rc == 1) {
		if (r->crc32c != r->line.crc32c) {
			if (r->line.name == NULL)
				return err_set(
				    e, EXIT_FAILED, "the header is not what was written");
			return err_set(e, EXIT_FAILED,
			    "the rows of s3://%s are not what was written", r->line.name);
		}
		rc = ledger_next(&r->ledger, &r->line, e);
		r->crc32c = 0;
		r->left = rc == 1 ? r->line.bytes : 0;
	}
	return rc;
}

int
merged_rows_feed(struct merged_rows *r, const char *p, size_t len, struct err *e)
{
	while (len > 0) {
		int rc = next_line(r, e);
		size_t take;

		if (rc == 0)
			return err_set(e, EXIT_FAILED, "it is longer than its ledger says");
		if (rc == -1)
			return -1;
		take = r->left < len ? (size_t)r->left : len;
		r->crc32c = crc32c(r->crc32c, p, take);
		r->left -= take;
		p += take;
		len -= take;
	}
	return 0;
}

int
merged_rows_finish(struct merged_rows *r, struct err *e)
{
	int rc = next_line(r, e);

	if (rc != 1)
		return rc;
	if (r->line.name == NULL)
		return err_set(e, EXIT_FAILED, "it ends inside its header");
	return err_set(e, EXIT_FAILED, "it ends inside the rows of s3://%s", r->line.name);
}

void
merged_rows_free(struct merged_rows *r)
{
	if (r == NULL)
		return;
	tsv_close(&r->ledger);
	free(r);
}
