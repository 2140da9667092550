#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/outfile.h"
#include "work/batch_name.h"
#include "work/keys.h"
#include "work/ledger.h"
#include "work/rejects.h"
#include "work/release.h"
#include "work/source_name.h"

enum { PATH_SIZE = 64 };

/* folder/N.suffix */
static const char *
path_of(char out[PATH_SIZE], const char *folder, uint32_t batch, const char *suffix)
{
	char name[BATCH_NAME_SIZE];

	snprintf(out, PATH_SIZE, "%s/%s%s", folder, batch_name(name, batch), suffix);
	return out;
}

/* --- plan and ledger --- */

struct sides {
	struct tsv keys, ledger;
	struct rejects rejects;
};

static int
compare(struct sides *s, uint32_t batch, struct err *e)
{
	struct ledger_line l = {0};
	struct keys_line key;
	char name[BATCH_NAME_SIZE];
	int have = ledger_next(&s->ledger, &l, e), rc = 0;

	while (have != -1 && (rc = keys_next(&s->keys, &key, e)) == 1) {
		if (have == 1 && source_name_is(l.name, key.uri))
			have = ledger_next(&s->ledger, &l, e);
		else if (!rejects_have(&s->rejects, key.uri))
			return err_set(e, EXIT_FAILED,
			    "%s: is planned in batch %s but was not merged; the batch will be made "
			    "again",
			    key.uri, batch_name(name, batch));
	}
	if (have == 1 && rc == 0)
		return err_set(e, EXIT_FAILED,
		    "s3://%s: was merged in batch %s but is not planned there; the batch will be "
		    "made again",
		    l.name, batch_name(name, batch));
	return have == -1 ? -1 : rc;
}

int
release_check(const struct work_folder *w, uint32_t batch, struct err *e)
{
	struct sides s = {0};
	char path[PATH_SIZE];
	int rc = tsv_open(&s.keys, w, path_of(path, "keys", batch, ".tsv"), e);

	if (rc == 0)
		rc = rejects_load(&s.rejects, w, path_of(path, "reject", batch, ".tsv"), e);
	if (rc == 0) {
		if ((rc = tsv_open(&s.ledger, w, path_of(path, "ledger", batch, ".tsv"), e)) == 0)
			rc = compare(&s, batch, e);
		tsv_close(&s.ledger);
	}
	tsv_close(&s.keys);
	rejects_free(&s.rejects);
	return rc;
}

/* --- what was left out --- */

/* Appends the lines of one program's list. csvcat names an object bucket/key, as a field. */
static int
add_rejects(
    struct buf *out, const struct work_folder *w, const char *path, int are_names, struct err *e)
{
	struct rejects_line l;
	struct tsv t;
	int rc = tsv_open(&t, w, path, e);

	if (rc == -1 && errno == ENOENT) {
		tsv_close(&t);
		return 0;
	}
	while (rc == 0 && (rc = rejects_next(&t, &l, e)) == 1) {
		if (are_names)
			source_name_unescape(t.field[0]);
		buf_addf(out, "%s%s\t%s\n", are_names ? "s3://" : "", l.uri, l.reason);
		rc = 0;
	}
	tsv_close(&t);
	return rc;
}

static int
replace_file(const struct work_folder *w, const char *name, const struct buf *text, struct err *e)
{
	struct buf path = {0};
	struct outfile *o;
	int rc = -1;

	buf_addf(&path, "%s/%s", w->path, name);
	if ((o = outfile_open(buf_str(&path), e)) != NULL) {
		if (outfile_write(o, text->p, text->len, e) == 0)
			rc = outfile_commit(o, e);
		else
			outfile_abort(o);
	}
	buf_free(&path);
	return rc;
}

int
release_rejects(const struct work_folder *w, uint32_t batch, struct err *e)
{
	char from_s3get[PATH_SIZE], from_csvcat[PATH_SIZE], path[PATH_SIZE];
	struct buf text = {0};
	int rc;

	path_of(from_s3get, "reject", batch, ".s3get");
	path_of(from_csvcat, "reject", batch, ".csvcat");
	path_of(path, "reject", batch, ".tsv");
	if ((rc = add_rejects(&text, w, from_s3get, 0, e)) == 0)
		rc = add_rejects(&text, w, from_csvcat, 1, e);
	if (rc == 0 && text.len > 0)
		rc = replace_file(w, path, &text, e);
	else if (rc == 0 && unlinkat(w->fd, path, 0) == -1 && errno != ENOENT)
		rc = err_errno(e, EXIT_FAILED, "%s/%s", w->path, path);
	if (rc == 0) {
		unlinkat(w->fd, from_s3get, 0);
		unlinkat(w->fd, from_csvcat, 0);
	}
	buf_free(&text);
	return rc;
}

int
release_merged(const struct work_folder *w, uint32_t batch, struct err *e)
{
	char held[PATH_SIZE], final[PATH_SIZE];

	if (release_check(w, batch, e) == -1)
		return -1;
	path_of(held, "merged", batch, ".csv.held");
	path_of(final, "merged", batch, ".csv");
	if (renameat(w->fd, held, w->fd, final) == -1)
		return err_errno(e, EXIT_FAILED, "%s/%s", w->path, held);
	return 0;
}
