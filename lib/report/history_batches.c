#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "report/history_batches.h"
#include "work/batch_name.h"
#include "work/receipt.h"
#include "work/rejects.h"

enum {
	CAUSE_LEN_MAX = 5000, /* a key of 1,024 bytes, each written as \xNN */
	URI_MAX = 1200,
	REASON_MAX = 4096,
};

/* --- which there are --- */

static int
compare_batches(const void *a, const void *b)
{
	const struct history_batch *x = a, *y = b;

	return x->number != y->number ? (x->number < y->number ? -1 : 1) : 0;
}

static uint32_t
find_batch(const struct history *r, const char *name, size_t len)
{
	struct history_batch key = {0}, *found;

	if (r->n_batches == 0 || batch_name_parse(name, len, &key.number) == -1)
		return HISTORY_LISTING;
	found = bsearch(&key, r->batches, r->n_batches, sizeof(key), compare_batches);
	return found != NULL ? (uint32_t)(found - r->batches) : HISTORY_LISTING;
}

void
history_each_file(
    struct history_reader *d, const char *folder, const char *suffix, history_take_file *take)
{
	DIR *dir = work_folder_list(&d->work, folder);
	size_t suffix_len = strlen(suffix);
	struct buf path = {0};
	struct dirent *entry;

	if (dir == NULL && errno != ENOENT)
		history_problem(d->r, "%s/%s: %s", d->r->work, folder,
		    errno == ENOTDIR || errno == ELOOP ? "not a folder, or a symbolic link"
						       : strerror(errno));
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		size_t len = strlen(name);

		if (name[0] == '.' || len <= suffix_len ||
		    strcmp(name + len - suffix_len, suffix) != 0)
			continue;
		buf_reset(&path);
		buf_addf(&path, "%s/%s", folder, name);
		take(d, buf_str(&path), name, find_batch(d->r, name, len - suffix_len));
	}
	if (dir != NULL)
		closedir(dir);
	buf_free(&path);
}

static void
add_number(struct history_reader *d, uint32_t number)
{
	struct history *r = d->r;
	struct history_batch b = {.number = number};

	if (r->n_batches == d->cap_batches) {
		d->cap_batches = d->cap_batches != 0 ? 2 * d->cap_batches : 512;
		r->batches = xrealloc(r->batches, d->cap_batches * sizeof(*r->batches));
	}
	batch_name(b.name, b.number);
	r->batches[r->n_batches++] = b;
}

static void
add_batch(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	(void)path;
	if (batch_name_parse(name, strspn(name, "0123456789"), &batch) == 0)
		add_number(d, batch);
}

/* A batch is there because it was planned, whatever became of its files. */
static void
add_planned(struct history_reader *d, uint32_t number)
{
	char path[BATCH_NAME_PATH];

	add_number(d, number);
	if (!work_folder_has(&d->work, batch_name_path(path, "keys", number, ".tsv")))
		history_problem(d->r, "%s/%s: is missing%s", d->r->work, path, PLAN_REMEDY);
}

void
history_find_batches(struct history_reader *d)
{
	static const struct {
		const char *folder, *suffix;
	} names[] = {{"keys", ".tsv"}, {"stats", ".ndjson"}, {"put", ".json"}, {"failed", ""},
	    {"merged", ".csv"}, {"merged", ".csv.part"}, {"ledger", ".tsv.part"}};
	struct history *r = d->r;
	size_t kept = 0;

	for (uint32_t n = 0; n < d->plan.n && d->plan.complete; n++)
		add_planned(d, n);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		history_each_file(d, names[i].folder, names[i].suffix, add_batch);
	if (r->n_batches > 0)
		qsort(r->batches, r->n_batches, sizeof(*r->batches), compare_batches);
	for (size_t i = 0; i < r->n_batches; i++)
		if (kept == 0 || r->batches[i].number != r->batches[kept - 1].number)
			r->batches[kept++] = r->batches[i];
	r->n_batches = kept;
	for (size_t i = 0; i < kept; i++)
		if (d->plan.batches != NULL && r->batches[i].number < d->plan.n)
			r->batches[i].planned = d->plan.batches[r->batches[i].number].objects;
}

/* --- what each came to --- */

static void
take_begun(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	(void)path;
	(void)name;
	if (batch != HISTORY_LISTING)
		d->r->batches[batch].state = HISTORY_BEGUN;
}

static void
take_receipt(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	struct history_batch *b = history_batch_at(d->r, batch);
	struct receipt receipt;
	struct err e;
	int rc;

	(void)name;
	if (b == NULL)
		return;
	b->state = HISTORY_DONE; /* because it exists, whatever it says */
	if ((rc = receipt_load(&receipt, &d->work, path, &e)) != 1) {
		history_problem(d->r, "%s: batch %s counts as done, without numbers",
		    rc == -1 ? e.text : path, b->name);
		b->is_unreadable = 1;
		return;
	}
	if (receipt.lacks != NULL)
		history_problem(d->r, "%s/%s: %s is missing or of the wrong type", d->r->work, path,
		    receipt.lacks);
	b->is_unreadable = receipt.lacks != NULL;
	b->objects = receipt.objects;
	b->rows = receipt.rows;
	b->bytes = receipt.bytes;
	b->uri = receipt.uri;
	b->etag = receipt.etag;
	if (receipt.has_crc32c)
		snprintf(b->crc32c, sizeof(b->crc32c), "%08x", (unsigned)receipt.crc32c);
	receipt.uri = receipt.etag = NULL;
	receipt_free(&receipt);
}

/* The first line that a failed attempt printed. */
static char *
read_cause(struct history_reader *d, const char *path)
{
	char cause[CAUSE_LEN_MAX] = "";
	struct err e;
	ssize_t n;
	int fd = work_folder_file(&d->work, path, &e);

	if (fd == -1 || (n = io_read_full(fd, cause, sizeof(cause) - 1)) == -1) {
		if (fd != -1) {
			err_errno(&e, EXIT_FAILED, "%s/%s", d->r->work, path);
			close(fd);
		}
		history_problem(d->r, "%s", e.text);
		return xstrdup("its messages cannot be read");
	}
	close(fd);
	cause[n] = '\0';
	cause[strcspn(cause, "\n")] = '\0';
	return xstrdup(cause[0] != '\0' ? cause : "it was killed");
}

static void
take_failure(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	struct history *r = d->r;
	struct history_batch *b = history_batch_at(r, batch);
	struct history_failure *f = &r->failures[r->n_failures];

	if (strchr(name, '.') != NULL) /* N.part: the messages so far */
		return;
	if (b != NULL && b->state != HISTORY_DONE) { /* otherwise it is history */
		b->state = HISTORY_FAILED;
		b->cause = read_cause(d, path);
	} else if (b == NULL && r->n_failures < sizeof(r->failures) / sizeof(r->failures[0])) {
		snprintf(f->what, sizeof(f->what), "%s", name);
		f->cause = read_cause(d, path);
		r->n_failures++;
	}
}

/* Counts the rejects of a batch, or, once they are counted, keeps the first of all. */
static void
read_rejects(struct history_reader *d, const char *path, uint32_t batch, int keep)
{
	struct history *r = d->r;
	struct rejects_line l;
	struct err e;
	struct tsv t;
	int rc = tsv_open(&t, &d->work, path, &e);

	while (rc == 0 && (rc = rejects_next(&t, &l, &e)) == 1) {
		rc = 0;
		if (!keep)
			r->batches[batch].rejected++;
		else if (r->n_rejects < HISTORY_REJECTS_MAX)
			r->rejects[r->n_rejects++] = (struct history_reject){.batch = batch,
			    .uri = xstrndup(l.uri, URI_MAX),
			    .reason = xstrndup(l.reason, REASON_MAX)};
	}
	if (rc == -1 && !keep)
		history_problem(r, "%s", e.text);
	tsv_close(&t);
}

static void
take_rejects(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	(void)name;
	if (batch != HISTORY_LISTING)
		read_rejects(d, path, batch, 0);
}

void
history_take_batches(struct history_reader *d)
{
	struct history *r = d->r;

	for (size_t i = 0; i < r->n_spans; i++)
		if (r->spans[i].batch != HISTORY_LISTING)
			r->batches[r->spans[i].batch].state = HISTORY_BEGUN;
	history_each_file(d, "merged", ".csv", take_begun);
	history_each_file(d, "merged", ".csv.part", take_begun);
	history_each_file(d, "ledger", ".tsv.part", take_begun);
	history_each_file(d, "put", ".json", take_receipt);
	history_each_file(d, "failed", "", take_failure);
	history_each_file(d, "reject", ".tsv", take_rejects);
}

void
history_keep_rejects(struct history_reader *d)
{
	struct history *r = d->r;
	struct buf path = {0};

	r->rejects = xcalloc(HISTORY_REJECTS_MAX, sizeof(*r->rejects));
	for (uint32_t i = 0; i < r->n_batches && r->n_rejects < HISTORY_REJECTS_MAX; i++) {
		if (r->batches[i].rejected == 0)
			continue;
		buf_reset(&path);
		buf_addf(&path, "reject/%s.tsv", r->batches[i].name);
		read_rejects(d, buf_str(&path), i, 1);
	}
	buf_free(&path);
}
