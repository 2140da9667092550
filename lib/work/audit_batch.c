#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sums/crc32c.h"
#include "work/audit_batch.h"
#include "work/batch_name.h"
#include "work/keys.h"
#include "work/ledger_walk.h"
#include "work/merged_file.h"

enum { PAIRS_MAX = 1000 /* of objects planned twice; each is looked up in two files */ };

/* --- every listed object exactly once --- */

struct pairs {
	struct audit *audit;
	unsigned seen;
};

/* The URI at a place; owned by the caller, NULL when it cannot be read. */
static char *
uri_at(const struct audit *a, const struct twice_place *p)
{
	struct keys_line l;
	char path[BATCH_NAME_PATH], *uri = NULL;
	struct err e;
	struct tsv t;

	if (tsv_open(&t, &a->work, batch_name_path(path, "keys", p->batch, ".tsv"), &e) == 0)
		while (uri == NULL && keys_next(&t, &l, &e) == 1)
			if (t.lines.number == p->line)
				uri = xstrdup(l.uri);
	tsv_close(&t);
	return uri;
}

static void
check_pair(void *arg, const struct twice_place *p, const struct twice_place *q)
{
	struct pairs *pairs = arg;
	struct audit *a = pairs->audit;
	char first[BATCH_NAME_SIZE], second[BATCH_NAME_SIZE];
	char *uri, *other;

	if (pairs->seen++ >= PAIRS_MAX)
		return;
	uri = uri_at(a, p);
	other = uri_at(a, q);
	if (uri != NULL && other != NULL && strcmp(uri, other) == 0)
		audit_problem(a, "%s: is planned twice, in batches %s and %s", uri,
		    batch_name(first, p->batch), batch_name(second, q->batch));
	free(uri);
	free(other);
}

static void
check_twice(struct audit *a)
{
	struct pairs pairs = {.audit = a};

	twice_pairs(&a->twice, check_pair, &pairs);
	if (pairs.seen > PAIRS_MAX)
		audit_problem(a, "%u more objects are planned twice", pairs.seen - PAIRS_MAX);
}

/* --- one batch --- */

struct walk {
	struct audit *audit;
	char name[BATCH_NAME_SIZE];
	uint32_t batch;
	struct audit_sums sums;
};

static void
take(void *arg, enum ledger_walk_event ev, const char *uri, uint64_t line,
    const struct ledger_line *l)
{
	struct walk *w = arg;
	struct audit_sums *s = &w->sums;

	if (ev != LEDGER_WALK_UNPLANNED)
		twice_add(&w->audit->twice, uri, w->batch, (uint32_t)line);
	switch (ev) {
	case LEDGER_WALK_MERGED:
		s->objects++;
		s->rows += l->rows;
		s->bytes += l->bytes;
		s->crc32c = crc32c_combine(s->crc32c, l->crc32c, l->bytes);
		break;
	case LEDGER_WALK_REJECTED: w->audit->rejected++; break;
	case LEDGER_WALK_MISSING:
		audit_problem(w->audit, "%s: is planned in batch %s but missing from its ledger",
		    uri, w->name);
		break;
	case LEDGER_WALK_UNPLANNED:
		audit_problem(w->audit,
		    "s3://%s: is in the ledger of batch %s but not planned there", l->name,
		    w->name);
		break;
	}
}

static void
compare(struct walk *w, const char *what, uint64_t ledger, uint64_t receipt)
{
	if (ledger != receipt)
		audit_problem(w->audit, "batch %s: the ledger has %llu %s, the receipt %llu",
		    w->name, (unsigned long long)ledger, what, (unsigned long long)receipt);
}

static void
check_sums(struct walk *w, const struct receipt *r)
{
	uint32_t crc = crc32c_combine(r->header_crc32c, w->sums.crc32c, w->sums.bytes);
	uint64_t bytes = r->header_bytes + w->sums.bytes;

	compare(w, "objects", w->sums.objects, r->objects);
	compare(w, "rows", w->sums.rows, r->rows);
	compare(w, "bytes", bytes, r->bytes);
	if (bytes == r->bytes && crc != r->crc32c)
		audit_problem(w->audit,
		    "batch %s: the CRC32C is %08x by the ledger, %08x by the receipt", w->name,
		    (unsigned)crc, (unsigned)r->crc32c);
}

/* Whether the receipt of that file, "put/00003.json", is there, whole, and of batch n; where it is
 * damaged, that is told. */
static int
load_receipt(struct audit *a, struct receipt *r, const char *path, uint32_t n)
{
	uint32_t of;
	struct err e;
	int rc = receipt_load(r, &a->work, path, &e);

	if (rc == -1)
		audit_problem(a, "%s", e.text);
	else if (rc == 1 && r->lacks != NULL)
		audit_problem(a, "%s/%s: not a receipt: %s is missing or of the wrong type",
		    a->work.path, path, r->lacks);
	else if (rc == 1 && (batch_name_object_of(r->uri, &of) == -1 || of != n))
		audit_problem(a, "%s/%s: is the receipt of %s", a->work.path, path, r->uri);
	else
		return rc;
	return 0;
}

/* The second destination has the same bytes. */
static void
check_backup(struct audit *a, uint32_t n)
{
	const struct audit_object *b = &a->batches[n];
	char path[BATCH_NAME_PATH];
	struct receipt r;

	batch_name_path(path, "backup", n, ".json");
	if (load_receipt(a, &r, path, n) && b->made &&
	    (r.bytes != b->receipt.bytes || r.crc32c != b->receipt.crc32c))
		audit_problem(
		    a, "%s/%s: what is at BACKUP is not what is at DEST", a->work.path, path);
	receipt_free(&r);
}

static void
check_batch(struct audit *a, uint32_t n)
{
	struct audit_object *b = &a->batches[n];
	struct walk w = {.audit = a, .batch = n};
	struct audit_sums *all = &a->all;
	char path[BATCH_NAME_PATH];
	struct err e;

	batch_name(w.name, n);
	b->made = load_receipt(a, &b->receipt, batch_name_path(path, "put", n, ".json"), n);
	check_backup(a, n);
	if (b->made) {
		if (ledger_walk(&a->work, n, take, &w, &e) == -1)
			audit_problem(a, "%s", e.text);
		else
			check_sums(&w, &b->receipt);
	}
	a->bytes += b->receipt.bytes;
	all->objects += w.sums.objects;
	all->rows += w.sums.rows;
	all->bytes += w.sums.bytes;
	all->crc32c = crc32c_combine(all->crc32c, w.sums.crc32c, w.sums.bytes);
}

int
audit_batch_sound(struct audit *a, uint32_t n, int merged)
{
	const struct audit_object *b = &a->batches[n];
	uint64_t before = a->problems;
	struct err e;

	check_batch(a, n);
	if (merged && b->made &&
	    merged_file_check(&a->work, n, b->receipt.bytes, b->receipt.crc32c, &e) == -1)
		audit_problem(a, "%s", e.text);
	return a->problems == before;
}

/* A batch of empty files has no header. */
static void
check_headers(struct audit *a)
{
	const struct receipt *first = NULL;

	for (uint32_t n = 0; n < a->n_batches && !a->is_union; n++) {
		const struct receipt *r = &a->batches[n].receipt;

		if (!a->batches[n].made || r->header_bytes == 0)
			continue;
		if (first == NULL)
			first = r;
		else if (r->header_crc32c != first->header_crc32c ||
		    r->header_bytes != first->header_bytes)
			audit_problem(
			    a, "%s: its header differs from that of %s", r->uri, first->uri);
	}
}

void
audit_batch_all(struct audit *a)
{
	for (uint32_t n = 0; n < a->n_batches; n++) {
		char name[BATCH_NAME_SIZE];
		uint64_t before = a->problems;

		check_batch(a, n);
		if (!a->batches[n].made && a->problems == before)
			audit_problem(
			    a, "batch %s: is not done: it has no receipt", batch_name(name, n));
	}
	check_twice(a);
	check_headers(a);
}
