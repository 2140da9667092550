/*
 * verify: is every object of a plan in exactly one merged object, with all its rows? Reads a work
 * folder (plan, ledgers, rejects, receipts) and, as --dest, what `s3ls -l` lists under DEST; with
 * --deep also the merged objects themselves, as the tar stream that s3get makes of them. Tells each
 * discrepancy by name, or one line of totals. It writes nothing and asks no server.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tar.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "sums/crc32c.h"
#include "work/merged_rows.h"
#include "work/records.h"
#include "work/twice.h"

enum {
	PATH_LEN = 4096,
	READ_LEN = 64 * 1024,
	OPT_DEST = 256,
	OPT_PREFIX,
	OPT_DEEP,
	OPT_FORETELL,
	OPT_HELP,
	OPT_VERSION
};

struct batch {
	struct receipt receipt;
	int made;    /* the receipt is there and readable */
	int at_dest; /* DEST's listing has it */
	int read;    /* the tar stream had it */
};

struct sums {
	uint64_t objects, rows, bytes;
	uint32_t crc32c;
};

static struct {
	const char *work, *dest_list, *prefix;
	char *dest; /* the prefix of the merged objects; owned */
	char *src;  /* owned */
	int is_union, deep;
	struct batch *batches;
	struct places places;
	int foretell;
	unsigned n;
	uint64_t bytes, rejected, problems;
	struct batch one; /* the single object of ONE=1 */
	struct sums all;  /* of the rows of all batches, in their order */
} run;

static const char help[] =
    "usage: verify [--dest FILE [--prefix URI]] [--deep] [--foretell] WORK\n"
    "\n"
    "Holds the plan, the ledgers and the receipts of a work folder against each other and,\n"
    "with --dest, against what s3ls -l lists under DEST. Tells each discrepancy and ends\n"
    "with 1, or tells the totals.\n"
    "\n"
    "      --dest FILE          the listing of DEST\n"
    "      --prefix URI         that listing is of URI, a second destination\n"
    "      --deep               check each row: standard input is s3get's tar stream of the\n"
    "                           merged objects\n"
    "      --foretell           instead of totals tell bytes and CRC32C of all merged objects as\n"
    "                           one file, as JSON that s3put --about takes\n"
    "      --help, --version\n";

static void problem(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
problem(const char *fmt, ...)
{
	va_list ap;

	fputs("verify: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	run.problems++;
}

static void
problem_err(const struct err *e)
{
	problem("%s", e->text);
}

/* WORK/folder/N.ending, in a buffer that the next call uses again. */
static const char *
path_of(const char *folder, unsigned n, const char *ending)
{
	static char path[PATH_LEN];

	snprintf(path, sizeof(path), "%s/%s/%05u%s", run.work, folder, n, ending);
	return path;
}

static int
exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* --- settings and plan --- */

/* NAME=value of a file of such lines; "" when there is none. Owned by the caller. NULL: e is
 * filled. */
static char *
value_of(const char *file, const char *name, struct err *e)
{
	char path[PATH_LEN], *line = NULL, *value = NULL;
	size_t cap = 0, len = strlen(name);
	ssize_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", run.work, file);
	if ((f = fopen(path, "re")) == NULL) {
		err_errno(e, EXIT_FAILED, "%s", path);
		return NULL;
	}
	while (value == NULL && (n = getline(&line, &cap, f)) > 0) {
		line[n - 1] = '\0';
		if (strncmp(line, name, len) == 0 && line[len] == '=')
			value = xstrdup(line + len + 1);
	}
	free(line);
	fclose(f);
	return value != NULL ? value : xstrdup("");
}

static int
load_settings(struct err *e)
{
	char *text, path[PATH_LEN];
	uint64_t n;
	int ok;

	if ((run.src = value_of("settings", "SRC", e)) == NULL ||
	    (text = value_of("settings", "UNION", e)) == NULL)
		return -1;
	run.is_union = strcmp(text, "1") == 0;
	free(text);
	run.dest = run.prefix != NULL ? xstrdup(run.prefix) : value_of("settings", "DEST", e);
	if ((text = value_of("keys/complete", "batches", e)) == NULL)
		return err_set(e, EXIT_FAILED, "%s: the listing is not complete", run.work);
	ok = num_parse(text, 0, UINT32_MAX - 1, &n) == 0;
	free(text);
	if (!ok)
		return err_set(e, EXIT_FAILED, "%s/keys/complete: no number of batches", run.work);
	run.n = (unsigned)n;
	run.batches = xcalloc((size_t)n + 1, sizeof(*run.batches));
	snprintf(path, sizeof(path), "%s/%s", run.work,
	    run.prefix != NULL ? "backup/one.json" : "one.json");
	if (exists(path) && receipt_load(&run.one.receipt, path, e) == -1)
		return -1;
	run.one.made = run.one.receipt.uri != NULL;
	return 0;
}

/* --- every listed object exactly once --- */

/* The URI at a place; owned by the caller, NULL when it cannot be read. */
static char *
uri_at(const struct place *p)
{
	char *uri = NULL;
	struct err e;
	struct tsv t;

	if (tsv_open(&t, path_of("keys", p->batch, ".tsv"), &e) == 0)
		while (uri == NULL && tsv_next(&t, 4, &e) == 1)
			if (t.number == p->line)
				uri = xstrdup(t.field[0]);
	tsv_close(&t);
	return uri;
}

static void
check_pair(void *arg, const struct place *p, const struct place *q)
{
	char *a = uri_at(p), *b = uri_at(q);

	(void)arg;
	if (a != NULL && b != NULL && strcmp(a, b) == 0)
		problem("%s: is planned twice, in batches %05u and %05u", a, p->batch, q->batch);
	free(a);
	free(b);
}

/* --- one batch: plan, ledger and receipt --- */

/* Walks plan and ledger side by side: the same objects in the same order, but for the rejects. */
static int
walk(unsigned n, struct tsv *keys, struct tsv *ledger, const struct rejects *rejects,
    struct sums *s, struct err *e)
{
	struct ledger_line l = {0};
	int have = ledger_next(ledger, &l, e), rc;

	while (have != -1 && (rc = tsv_next(keys, 4, e)) == 1) {
		const char *uri = keys->field[0];

		places_add(&run.places, uri, n, (uint32_t)keys->number);
		if (have == 1 && strncmp(uri, "s3://", 5) == 0 && strcmp(uri + 5, l.name) == 0) {
			s->objects++;
			s->rows += l.rows;
			s->bytes += l.bytes;
			s->crc32c = crc32c_combine(s->crc32c, l.crc32c, l.bytes);
			have = ledger_next(ledger, &l, e);
		} else if (rejects_have(rejects, uri)) {
			run.rejected++;
		} else {
			problem("%s: is planned in batch %05u, and not in its ledger", uri, n);
		}
	}
	if (have == -1 || rc == -1)
		return -1;
	for (; have == 1; have = ledger_next(ledger, &l, e))
		problem(
		    "s3://%s: is in the ledger of batch %05u, and not planned there", l.name, n);
	return have;
}

static void
compare(unsigned n, const char *what, uint64_t ledger, uint64_t receipt)
{
	if (ledger != receipt)
		problem("batch %05u: %llu %s by its ledger, %llu by its receipt", n,
		    (unsigned long long)ledger, what, (unsigned long long)receipt);
}

static void
check_sums(unsigned n, const struct sums *s, const struct receipt *r)
{
	uint32_t crc = crc32c_combine(r->header_crc32c, s->crc32c, s->bytes);
	uint64_t bytes = r->header_bytes + s->bytes;

	compare(n, "objects", s->objects, r->objects);
	compare(n, "rows", s->rows, r->rows);
	compare(n, "bytes", bytes, r->bytes);
	if (bytes == r->bytes && crc != r->crc32c)
		problem("batch %05u: the CRC32C of its ledger's rows is %08x, of its receipt %08x",
		    n, (unsigned)crc, (unsigned)r->crc32c);
}

static void
check_batch(unsigned n)
{
	struct batch *b = &run.batches[n];
	struct rejects rejects = {0};
	struct tsv keys, ledger = {0};
	struct sums s = {0};
	struct err e;

	if (!exists(path_of("put", n, ".json")))
		problem("batch %05u: was not made", n);
	else if (receipt_load(&b->receipt, path_of("put", n, ".json"), &e) == -1)
		problem_err(&e);
	else
		b->made = 1;
	if (rejects_load(&rejects, path_of("reject", n, ".tsv"), &e) == -1)
		problem_err(&e);
	if (tsv_open(&keys, path_of("keys", n, ".tsv"), &e) == -1 ||
	    (b->made && tsv_open(&ledger, path_of("ledger", n, ".tsv"), &e) == -1)) {
		problem_err(&e);
	} else if (b->made) {
		if (walk(n, &keys, &ledger, &rejects, &s, &e) == -1)
			problem_err(&e);
		check_sums(n, &s, &b->receipt);
	}
	tsv_close(&keys);
	tsv_close(&ledger);
	rejects_free(&rejects);
	run.bytes += b->receipt.bytes;
	run.all.objects += s.objects;
	run.all.rows += s.rows;
	run.all.bytes += s.bytes;
	run.all.crc32c = crc32c_combine(run.all.crc32c, s.crc32c, s.bytes);
}

/* One header for the job, unless columns are matched by name. A batch of empty files has none. */
static void
check_headers(void)
{
	const struct receipt *first = NULL;

	for (unsigned n = 0; n < run.n && !run.is_union; n++) {
		const struct receipt *r = &run.batches[n].receipt;

		if (!run.batches[n].made || r->header_bytes == 0)
			continue;
		if (first == NULL)
			first = r;
		else if (r->header_crc32c != first->header_crc32c ||
		    r->header_bytes != first->header_bytes)
			problem("%s: has another header than %s", r->uri, first->uri);
	}
}

/* --- DEST --- */

/* The batch whose merged object this is, or run.n when it is none. */
static unsigned
batch_of(const char *uri)
{
	size_t len = strlen(run.dest), digits;
	uint64_t n;

	if (strncmp(uri, run.dest, len) != 0 || strncmp(uri + len, "merged-", 7) != 0)
		return run.n;
	uri += len + 7;
	digits = strspn(uri, "0123456789");
	if (digits < 5 || strcmp(uri + digits, ".csv") != 0 || (digits > 5 && *uri == '0') ||
	    num_parse_n(uri, digits, 0, UINT32_MAX, &n) == -1 || n >= run.n)
		return run.n;
	return (unsigned)n;
}

/* What DEST may hold besides the merged objects. */
static int
is_known(const char *uri)
{
	const char *name = uri + strlen(run.dest);

	return strcmp(name, "_sheaf/run.json") == 0 || strcmp(name, "_sheaf/ledger.tar.gz") == 0 ||
	    strncmp(uri, run.src, strlen(run.src)) == 0;
}

static void
check_object(const char *uri, const char *size, const char *etag)
{
	unsigned n = batch_of(uri);
	uint64_t bytes;
	struct batch *b = n < run.n ? &run.batches[n] : &run.one;
	const struct receipt *r = &b->receipt;

	if (n == run.n && (!run.one.made || strcmp(uri, run.one.receipt.uri) != 0)) {
		if (!is_known(uri))
			problem("%s: is unknown", uri);
		return;
	}
	b->at_dest = 1;
	if (!b->made)
		return; /* said already */
	if (num_parse(size, 0, UINT64_MAX, &bytes) == -1 || bytes != r->bytes)
		problem("%s: has %s bytes, and had %llu when it was stored", uri, size,
		    (unsigned long long)r->bytes);
	else if (run.prefix == NULL && strcmp(etag, r->etag) != 0)
		problem("%s: has the ETag %s, and had %s when it was stored", uri, etag, r->etag);
}

static int
check_dest(struct err *e)
{
	struct tsv t;
	int rc = tsv_open(&t, run.dest_list, e);

	while (rc == 0 && (rc = tsv_next(&t, 4, e)) == 1) {
		check_object(t.field[0], t.field[1], t.field[2]);
		rc = 0;
	}
	tsv_close(&t);
	for (unsigned n = 0; n < run.n && rc == 0; n++)
		if (run.batches[n].made && !run.batches[n].at_dest)
			problem("%smerged-%05u.csv: is not there", run.dest, n);
	if (rc == 0 && run.one.made && !run.one.at_dest)
		problem("%s: is not there", run.one.receipt.uri);
	return rc;
}

/* --- the rows themselves --- */

/* The merged object that goes by. rows is NULL where there is nothing to check, or it was found
 * wrong. */
struct reading {
	unsigned n;
	struct rows *rows;
};

static void
reading_wrong(struct reading *r, const struct err *e)
{
	problem("%smerged-%05u.csv: %s", run.dest, r->n, e->text);
	rows_free(r->rows);
	r->rows = NULL;
}

static void
reading_begin(struct reading *r, const char *name, size_t len)
{
	const struct receipt *receipt;
	struct buf uri = {0};
	struct err e;

	buf_adds(&uri, "s3://");
	buf_add(&uri, name, len);
	*r = (struct reading){.n = batch_of(buf_str(&uri))};
	buf_free(&uri);
	if (r->n == run.n || !run.batches[r->n].made)
		return;
	run.batches[r->n].read = 1;
	receipt = &run.batches[r->n].receipt;
	r->rows = rows_open(
	    path_of("ledger", r->n, ".tsv"), receipt->header_bytes, receipt->header_crc32c, &e);
	if (r->rows == NULL)
		problem_err(&e);
}

/* One event of the tar stream. 1 at its end, -1 when it is damaged. */
static int
reading_event(struct reading *r, enum tar_event ev, const struct tar_reader *tar, const char *data,
    size_t len)
{
	const char *name;
	size_t name_len;
	struct err e;

	switch (ev) {
	case TAR_ENTRY:
		name = tar_entry_name(tar, &name_len);
		reading_begin(r, name, name_len);
		return 0;
	case TAR_DATA:
		if (r->rows != NULL && rows_feed(r->rows, data, len, &e) == -1)
			reading_wrong(r, &e);
		return 0;
	case TAR_CLOSE:
		if (r->rows != NULL && rows_finish(r->rows, &e) == -1)
			reading_wrong(r, &e);
		rows_free(r->rows);
		r->rows = NULL;
		return 0;
	case TAR_END: return 1;
	default: return -1;
	}
}

static int
check_rows(struct err *e)
{
	struct tar_reader *tar = tar_reader_new();
	struct reading r = {0};
	char in[READ_LEN];
	int rc = 0;

	while (rc == 0) {
		ssize_t got = io_read(STDIN_FILENO, in, sizeof(in));
		const char *p = in, *data;
		size_t len = (size_t)got, data_len;
		enum tar_event ev;

		if (got == -1)
			rc = err_errno(e, EXIT_FAILED, "standard input");
		else if (got == 0)
			rc = tar_reader_eof(tar, e) == -1 ? -1 : 1;
		while (rc == 0 &&
		    (ev = tar_reader_next(tar, &p, &len, &data, &data_len, e)) != TAR_NEED)
			rc = reading_event(&r, ev, tar, data, data_len);
	}
	rows_free(r.rows);
	tar_reader_free(tar);
	for (unsigned n = 0; n < run.n && rc == 1; n++)
		if (run.batches[n].made && !run.batches[n].read)
			problem("%smerged-%05u.csv: was not read", run.dest, n);
	return rc == -1 ? -1 : 0;
}

/* --- */

static int
check_all(struct err *e)
{
	if (load_settings(e) == -1)
		return -1;
	for (unsigned n = 0; n < run.n; n++)
		check_batch(n);
	places_pairs(&run.places, check_pair, NULL);
	check_headers();
	if (run.dest_list != NULL && check_dest(e) == -1)
		return -1;
	return run.deep ? check_rows(e) : 0;
}

/* What the batches give as one file: the first header, then all rows. As csvcat --about says it of
 * a file. */
static void
foretell(void)
{
	const struct receipt *first = NULL;
	uint64_t header_bytes = 0, bytes;
	uint32_t header_crc = 0;

	for (unsigned n = 0; n < run.n && first == NULL; n++)
		if (run.batches[n].receipt.header_bytes > 0)
			first = &run.batches[n].receipt;
	if (first != NULL) {
		header_bytes = first->header_bytes;
		header_crc = first->header_crc32c;
	}
	bytes = header_bytes + run.all.bytes;
	printf("{\"objects\":%llu,\"rows\":%llu,\"bytes\":%llu,\"crc32c\":\"%08x\","
	       "\"header_bytes\":%llu,"
	       "\"header_crc32c\":\"%08x\"}\n",
	    (unsigned long long)run.all.objects, (unsigned long long)run.all.rows,
	    (unsigned long long)bytes,
	    (unsigned)crc32c_combine(header_crc, run.all.crc32c, run.all.bytes),
	    (unsigned long long)header_bytes, (unsigned)header_crc);
}

static void
tell_totals(void)
{
	printf("%llu objects, %llu left out, %llu rows and %llu bytes in %u merged objects: "
	       "nothing is missing\n",
	    (unsigned long long)run.all.objects, (unsigned long long)run.rejected,
	    (unsigned long long)run.all.rows, (unsigned long long)run.bytes, run.n);
}

static int
options(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"dest", required_argument, NULL, OPT_DEST},
	    {"prefix", required_argument, NULL, OPT_PREFIX},
	    {"deep", no_argument, NULL, OPT_DEEP},
	    {"foretell", no_argument, NULL, OPT_FORETELL},
	    {"help", no_argument, NULL, OPT_HELP},
	    {"version", no_argument, NULL, OPT_VERSION},
	    {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case OPT_DEST: run.dest_list = optarg; break;
		case OPT_PREFIX: run.prefix = optarg; break;
		case OPT_DEEP: run.deep = 1; break;
		case OPT_FORETELL: run.foretell = 1; break;
		case OPT_HELP: fputs(help, stdout); return 1;
		case OPT_VERSION: puts("verify (sheaf) " SHEAF_VERSION); return 1;
		default: return -1;
		}
	}
	return argc - optind == 1 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct err e = {0};
	int status = options(argc, argv);

	io_guard_stdio();
	log_init("verify");
	if (status == 1)
		return log_close_stdout();
	if (status == -1) {
		fputs("verify: a work folder is needed; see verify --help\n", stderr);
		return EXIT_USAGE;
	}
	run.work = argv[optind];
	if (check_all(&e) == -1)
		problem_err(&e);
	if (run.problems == 0 && run.foretell)
		foretell();
	else if (run.problems == 0)
		tell_totals();
	else
		fprintf(stderr, "verify: %llu discrepancies\n", (unsigned long long)run.problems);
	for (unsigned n = 0; n < run.n && run.batches != NULL; n++)
		receipt_free(&run.batches[n].receipt);
	receipt_free(&run.one.receipt);
	places_free(&run.places);
	free(run.batches);
	free(run.dest);
	free(run.src);
	return log_close_stdout() == EXIT_OK && run.problems == 0 ? EXIT_OK : EXIT_FAILED;
}
