#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/outfile.h"
#include "base/write_behind.h"
#include "merge/merge_output.h"
#include "work/ledger.h"
#include "work/source_name.h"

enum { LEDGER_LEN = 64 * 1024 /* bytes collected before they are written */ };

struct merge_output {
	struct outfile *out, *ledger, *about, *rejects; /* NULL: not wanted, or done */
	struct write_behind *behind;			/* out's bytes; NULL: ended */
	struct buf lines;				/* of the ledger, not written yet */
};

int
merge_output_check(const struct merge_output_names *names, const char *stats, struct err *e)
{
	const struct {
		const char *option, *name;
	} files[] = {
	    {"--output", names->output != NULL ? names->output : "-"},
	    {"--ledger", names->ledger},
	    {"--about", names->about},
	    {"--rejects", names->rejects},
	    {"--stats", stats},
	};
	struct stat st;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		for (size_t k = 0; k < i; k++)
			if (files[i].name != NULL && files[k].name != NULL &&
			    strcmp(files[i].name, files[k].name) == 0 &&
			    (stat(files[i].name, &st) == -1 || S_ISREG(st.st_mode)))
				return err_set(e, EXIT_USAGE, "%s and %s are the same: %s",
				    files[k].option, files[i].option, files[i].name);
	return 0;
}

/* Opens one of the files, if it is wanted. */
static int
open_one(struct outfile **to, const char *name, struct err *e)
{
	if (name == NULL)
		return 0;
	*to = outfile_open(name, e);
	return *to != NULL ? 0 : -1;
}

struct merge_output *
merge_output_open(const struct merge_output_names *names, struct err *e)
{
	struct merge_output *o = xcalloc(1, sizeof(*o));

	if (open_one(&o->out, names->output != NULL ? names->output : "-", e) == -1 ||
	    open_one(&o->ledger, names->ledger, e) == -1 ||
	    open_one(&o->about, names->about, e) == -1 ||
	    open_one(&o->rejects, names->rejects, e) == -1) {
		(void)merge_output_close(o, NULL);
		return NULL;
	}
	o->behind = write_behind_new(o->out);
	return o;
}

int
merge_output_is(const struct merge_output *o, const struct stat *st)
{
	const struct outfile *const files[] = {o->out, o->ledger, o->about, o->rejects};
	struct stat file;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i] != NULL && fstat(outfile_fd(files[i]), &file) == 0 &&
		    S_ISREG(file.st_mode) && file.st_dev == st->st_dev && file.st_ino == st->st_ino)
			return 1;
	return 0;
}

int
merge_output_replaces(const struct merge_output *o, const struct stat *st)
{
	return outfile_replaces(o->out, st);
}

int
merge_output_write(struct merge_output *o, const char *p, size_t n, struct err *e)
{
	return write_behind_write(o->behind, p, n, e);
}

static int
flush_ledger(struct merge_output *o, struct err *e)
{
	int rc = o->ledger == NULL ? 0 : outfile_write(o->ledger, o->lines.p, o->lines.len, e);

	buf_reset(&o->lines);
	return rc;
}

int
merge_output_source(struct merge_output *o, const struct csv_merge_source *s, struct err *e)
{
	const struct ledger_line line = {s->name, s->bytes, s->rows, s->crc32c};

	if (o->ledger == NULL)
		return 0;
	ledger_add(&o->lines, &line);
	return o->lines.len < LEDGER_LEN ? 0 : flush_ledger(o, e);
}

int
merge_output_reject(struct merge_output *o, const char *name, const char *why, struct err *e)
{
	struct buf line = {0};
	int rc;

	source_name_escape(&line, name);
	buf_addc(&line, '\t');
	source_name_escape(&line, why);
	buf_addc(&line, '\n');
	rc = outfile_write(o->rejects, line.p, line.len, e);
	buf_free(&line);
	return rc;
}

static int
write_about(struct merge_output *o, const struct csv_merge_totals *t, struct err *e)
{
	struct buf text = {0};
	int rc;

	if (o->about == NULL)
		return 0;
	buf_addf(&text,
	    "{\"objects\":%llu,\"rows\":%llu,\"bytes\":%llu,\"crc32c\":\"%08x\",\"header\":",
	    (unsigned long long)t->sources, (unsigned long long)t->rows,
	    (unsigned long long)t->bytes, (unsigned)t->crc32c);
	json_quote(&text, t->header_bytes > 0 ? t->header : "",
	    t->header_bytes > 0 ? t->header_bytes - 1 : 0);
	buf_addf(&text, ",\"header_bytes\":%zu,\"header_crc32c\":\"%08x\"}\n", t->header_bytes,
	    (unsigned)t->header_crc32c);
	rc = outfile_write(o->about, text.p, text.len, e);
	buf_free(&text);
	return rc;
}

static int
end_bytes(struct merge_output *o, struct err *e)
{
	struct write_behind *w = o->behind;

	o->behind = NULL;
	return write_behind_end(w, e);
}

static int
commit(struct outfile **file, struct err *e)
{
	int rc = *file != NULL ? outfile_commit(*file, e) : 0;

	*file = NULL;
	return rc;
}

int
merge_output_commit(struct merge_output *o, const struct csv_merge_totals *t, struct err *e)
{
	if (end_bytes(o, e) == -1 || commit(&o->rejects, e) == -1 || flush_ledger(o, e) == -1 ||
	    commit(&o->ledger, e) == -1 || write_about(o, t, e) == -1 || commit(&o->about, e) == -1)
		return -1;
	return commit(&o->out, e);
}

int
merge_output_close(struct merge_output *o, struct err *e)
{
	int rc;

	if (o == NULL)
		return 0;
	rc = end_bytes(o, e) | flush_ledger(o, e);
	outfile_abort(o->out);
	outfile_abort(o->ledger);
	outfile_abort(o->about);
	outfile_abort(o->rejects);
	buf_free(&o->lines);
	free(o);
	return rc;
}
