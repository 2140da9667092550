#include <stdlib.h>
#include <string.h>

#include "archive/decompress.h"
#include "archive/format.h"
#include "archive/tar.h"
#include "base/buf.h"
#include "base/infile.h"
#include "base/log.h"
#include "merge/merge_input.h"

enum { PIECE_LEN = 256 * 1024, PAGE = 4096 };

struct merge_input {
	struct csv_merge *merge;
	const struct merge_output *output;
	const struct merge_input_ops *ops;
	void *arg;
	struct decompress *decompress;
	char *piece; /* aligned to a page, which the kernel copies to faster */
	uint64_t bytes;
	struct buf name; /* of the tar member at hand */
	int skip;	 /* it was found bad */

	/* the source's first bytes, decompressed, until they are known to be no other format */
	char lead[FORMAT_LEAD];
	size_t lead_len;
	int lead_done;
};

static int
not_csv(const struct format_is *is, struct err *e)
{
	err_set(e, EXIT_FAILED, "not CSV, but %s: %s", is->name, is->remedy);
	return DECOMPRESS_BAD;
}

/* Gives the merge the bytes of the lead, unless they are another format. whole: the source has no
 * more. */
static int
take_lead(struct merge_input *in, int whole, struct err *e)
{
	struct format_is is;

	switch (format_look(in->lead, in->lead_len, whole, &is)) {
	case FORMAT_MORE: return CSV_MERGE_OK;
	case FORMAT_KNOWN: return not_csv(&is, e);
	case FORMAT_NONE: break;
	}
	in->lead_done = 1;
	return (int)csv_merge_data(in->merge, in->lead, in->lead_len, e);
}

/* Collects bytes in the lead for as long as they are not enough. */
static int
collect_lead(struct merge_input *in, const char *p, size_t n, struct err *e)
{
	int rc = CSV_MERGE_OK;

	while (rc == CSV_MERGE_OK && !in->lead_done && n > 0) {
		size_t some = FORMAT_LEAD - in->lead_len;

		if (some > n)
			some = n;
		memcpy(in->lead + in->lead_len, p, some);
		in->lead_len += some;
		p += some;
		n -= some;
		rc = take_lead(in, 0, e);
	}
	return rc != CSV_MERGE_OK || n == 0 ? rc : (int)csv_merge_data(in->merge, p, n, e);
}

static int
take_decompressed(void *arg, const char *p, size_t n, struct err *e)
{
	struct merge_input *in = arg;
	struct format_is is;

	if (!in->lead_done) {
		if (in->lead_len > 0 || format_look(p, n, 0, &is) != FORMAT_NONE)
			return collect_lead(in, p, n, e);
		in->lead_done = 1;
	}
	return (int)csv_merge_data(in->merge, p, n, e);
}

struct merge_input *
merge_input_new(struct csv_merge *merge, const struct merge_output *output, unsigned max_expand,
    const struct merge_input_ops *ops, void *arg)
{
	struct merge_input *in = xcalloc(1, sizeof(*in));

	in->merge = merge;
	in->output = output;
	in->ops = ops;
	in->arg = arg;
	in->decompress = decompress_new(take_decompressed, in, max_expand);
	if ((in->piece = aligned_alloc(PAGE, PIECE_LEN)) == NULL)
		err_nomem();
	return in;
}

void
merge_input_free(struct merge_input *in)
{
	if (in == NULL)
		return;
	decompress_free(in->decompress);
	buf_free(&in->name);
	free(in->piece);
	free(in);
}

uint64_t
merge_input_bytes(const struct merge_input *in)
{
	return in->bytes;
}

/* --- a source --- */

static void
begin(struct merge_input *in, const char *name)
{
	in->lead_len = 0;
	in->lead_done = 0;
	decompress_begin(in->decompress);
	csv_merge_begin(in->merge, name);
}

/* The source is bad for a reason that the merge cannot see. */
static enum csv_merge_status
bad(struct merge_input *in, const char *name, const char *why, struct err *e)
{
	if (csv_merge_drop(in->merge, e) == CSV_MERGE_FATAL)
		return CSV_MERGE_FATAL;
	err_set(e, EXIT_FAILED, "%.2000s: %.2000s", name, why);
	return CSV_MERGE_BAD;
}

/* The same, where e says what the reason is. */
ERR_RARE static enum csv_merge_status
bad_stream(struct merge_input *in, const char *name, struct err *e)
{
	struct err why = *e;

	return bad(in, name, why.text, e);
}

/* The status that a result of decompress_data or decompress_end stands for. */
static enum csv_merge_status
status_of(struct merge_input *in, int rc, const char *name, struct err *e)
{
	return rc == DECOMPRESS_BAD ? bad_stream(in, name, e) : (enum csv_merge_status)rc;
}

static enum csv_merge_status
data(struct merge_input *in, const char *name, const char *p, size_t n, struct err *e)
{
	in->bytes += n;
	return status_of(in, decompress_data(in->decompress, p, n, e), name, e);
}

static enum csv_merge_status
end(struct merge_input *in, const char *name, struct err *e)
{
	enum csv_merge_status rc = status_of(in, decompress_end(in->decompress, e), name, e);

	if (rc == CSV_MERGE_OK && !in->lead_done && in->lead_len > 0)
		rc = status_of(in, take_lead(in, 1, e), name, e);
	return rc == CSV_MERGE_OK ? csv_merge_end(in->merge, e) : rc;
}

/* Passes on why a source is bad, without its name. */
ERR_RARE static int
give_bad(struct merge_input *in, const char *name, struct err *e)
{
	struct err why = *e;
	const char *text = why.text;
	size_t n = strlen(name);

	if (strncmp(text, name, n) == 0 && strncmp(text + n, ": ", 2) == 0)
		text += n + 2;
	return in->ops->bad(in->arg, name, text, e);
}

/* 0: the merge goes on; -1 with e filled: it stops. */
static int
judge(struct merge_input *in, enum csv_merge_status rc, const char *name, struct err *e)
{
	if (rc == CSV_MERGE_OK)
		return 0;
	return rc == CSV_MERGE_BAD ? give_bad(in, name, e) : -1;
}

/* --- files --- */

/* Like cat, refuses to read what is being written: that would have no end. */
static int
open_input(struct merge_input *in, struct infile *f, const char *path, struct err *e)
{
	if (infile_open(f, path, e) == -1)
		return -1;
	if (!merge_output_is(in->output, &f->st)) {
		if (merge_output_replaces(in->output, &f->st))
			log_line(LOG_WARN, f->name,
			    "is an input, and the output will replace it: if an earlier run "
			    "made it, its rows will be there twice");
		return 0;
	}
	infile_close(f);
	return err_set(e, EXIT_FAILED, "%s: is also the output", f->name);
}

int
merge_input_file(struct merge_input *in, const char *path, struct err *e)
{
	enum csv_merge_status rc = CSV_MERGE_OK;
	struct infile f;
	ssize_t n = 0;

	if (open_input(in, &f, path, e) == -1)
		return -1;
	begin(in, f.name);
	while (rc == CSV_MERGE_OK && (n = infile_read(&f, in->piece, PIECE_LEN, e)) > 0)
		rc = data(in, f.name, in->piece, (size_t)n, e);
	if (n == -1)
		rc = CSV_MERGE_FATAL;
	else if (rc == CSV_MERGE_OK && infile_changed(&f))
		rc = bad(in, f.name, "changed while it was read", e);
	else if (rc == CSV_MERGE_OK)
		rc = end(in, f.name, e);
	infile_close(&f);
	return judge(in, rc, f.name, e);
}

/* --- tar --- */

static enum csv_merge_status
tar_entry(struct merge_input *in, const struct tar_reader *t, struct err *e)
{
	const char *name, *unfit = tar_entry_unfit(t);
	size_t len;

	name = tar_entry_name(t, &len);
	buf_reset(&in->name);
	buf_add(&in->name, name, len);
	in->skip = 0;
	begin(in, buf_str(&in->name));
	return unfit != NULL ? bad(in, in->name.p, unfit, e) : CSV_MERGE_OK;
}

/* Takes n bytes of the stream. */
static int
tar_feed(struct merge_input *in, struct tar_reader *t, const char *p, size_t n, struct err *e)
{
	const char *body;
	size_t len;

	for (;;) {
		enum csv_merge_status rc = CSV_MERGE_OK;
		struct err why;

		switch (tar_reader_next(t, &p, &n, &body, &len, &why)) {
		case TAR_NEED: return 0;
		case TAR_END: continue;
		case TAR_ERROR: return err_set(e, EXIT_FAILED, "standard input: %s", why.text);
		case TAR_ENTRY: rc = tar_entry(in, t, e); break;
		case TAR_DATA:
			if (!in->skip)
				rc = data(in, in->name.p, body, len, e);
			break;
		case TAR_CLOSE:
			if (!in->skip)
				rc = end(in, in->name.p, e);
			break;
		}
		if (rc != CSV_MERGE_OK) {
			in->skip = 1;
			if (judge(in, rc, in->name.p, e) == -1)
				return -1;
		}
	}
}

int
merge_input_tar(struct merge_input *in, struct err *e)
{
	struct tar_reader *t;
	struct infile f;
	struct err why;
	ssize_t n = 0;
	int rc = 0;

	if (open_input(in, &f, "-", e) == -1)
		return -1;
	t = tar_reader_new();
	while (rc == 0 && (n = infile_read(&f, in->piece, PIECE_LEN, e)) > 0)
		rc = tar_feed(in, t, in->piece, (size_t)n, e);
	if (n == -1)
		rc = -1;
	if (rc == 0 && tar_reader_eof(t, &why) == -1)
		rc = err_set(e, EXIT_FAILED, "standard input: %s", why.text);
	tar_reader_free(t);
	return rc;
}
