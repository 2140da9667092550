/*
 * sheaf-work: what the scripts of the pipeline ask about settings and the work folder. They parse
 * no file themselves: whatever this program prints has been checked before. Not for people; its
 * options may change from one version to the next.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/version.h"
#include "creds/creds_memory.h"
#include "sheaf-work.h"
#include "work/audit_batch.h"
#include "work/backup.h"
#include "work/batch_name.h"
#include "work/claim.h"
#include "work/counts.h"
#include "work/merged_file.h"
#include "work/plan.h"
#include "work/published.h"
#include "work/receipt.h"
#include "work/rejects.h"
#include "work/release.h"

static const char help[] =
    "usage: sheaf-work COMMAND [ARGUMENT...]\n"
    "\n"
    "Settings, from the environment (COLUMNS is called CSV_COLUMNS there):\n"
    "  settings-list              the table of all settings as TSV: name, type, default, side,\n"
    "                             1 if it shapes the bytes, range or choices, help; - is none\n"
    "  settings-check [NAME...]   check all settings; those named must be given\n"
    "  settings-value NAME        its value, or its default; checked\n"
    "  share SHARE N              how many SHARE (5, 0.5%) is of N\n"
    "  settings-words NAME        its value split into words, each with a NUL behind it\n"
    "  settings-write             the contents of a settings file; checked\n"
    "  settings-compare WORK      compare with WORK/settings: 0 if equal; 1 if not, with the\n"
    "                             names that differ on standard output and what differs on\n"
    "                             standard error; 2 if WORK/settings cannot be used\n"
    "\n"
    "The work folder:\n"
    "  values WORK FILE NAME...   values of WORK/FILE (settings, status, keys/complete; uri and "
    "etag\n"
    "                             of a receipt), a line each; empty where it has no such name\n"
    "  settings-load WORK         the settings in WORK/settings as NAME=value lines; checked\n"
    "  counts WORK [objects]      lines: batches done failed, and objects if asked for\n"
    "  left WORK [backup]         the names of the batches that are not done\n"
    "  plan-check WORK [FOLDER]   the names of the batches whose keys/N.tsv is not what was "
    "planned,\n"
    "                             and 1; why, on standard error. With FOLDER (refresh): of a plan\n"
    "                             that is to be taken over\n"
    "  plan-write WORK [FOLDER]   write keys/complete (FOLDER/complete)\n"
    "  unsound WORK               the names of the batches that have a receipt, but with which "
    "it,\n"
    "                             ledger, rejects and plan do not agree; why, on standard error\n"
    "  objects WORK               the URIs of the merged objects that are done\n"
    "  unpack DIR DEST LIST       unpack the DEST_sheaf/ledger.tar.gz on standard input into DIR,\n"
    "                             which must not exist; LIST is what s3ls --long lists at DEST\n"
    "  claim WORK NAME PREFIX     whether the run.json on standard input, of NAME=PREFIX, is that\n"
    "                             of WORK: 0; or not: 1, and told\n"
    "  backup WORK                the prefix of the second destination, by its receipts; nothing\n"
    "                             where there are none\n"
    "  whole WORK N               are merged/N.csv, about/N.json and ledger/N.tsv what was "
    "written,\n"
    "                             and does the ledger have what is planned, but for reject/N.tsv?\n"
    "  release WORK N [rejects]   give merged/N.csv.held its final name if the ledger has that;\n"
    "                             before, make reject/N.tsv of what s3get and csvcat left out\n"
    "\n"
    "  show                       standard input with control characters as \\xNN\n"
    "  share-credentials CMD...   run it with memory for credentials that its processes share\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0, 1 (told on standard error), 2 (usage or settings).\n";

enum { TOLD_MAX = 20 };

static int
usage(struct err *e)
{
	return sheaf_work_usage(e);
}

/* plan_free and work_folder_close are needed in all cases. */
static int
open_plan(struct work_folder *w, struct plan *p, const char *work, struct err *e)
{
	return work_folder_open(w, work, e) == -1 ? -1 : plan_load(p, w, NULL, e);
}

static int
counts(int argc, char **argv, struct err *e)
{
	int objects = argc == 2 && strcmp(argv[1], "objects") == 0, rc;
	struct work_folder w;
	struct plan p = {0};
	struct counts c;

	if (argc != 1 + objects)
		return usage(e);
	if ((rc = open_plan(&w, &p, argv[0], e)) == 0) {
		rc = counts_make(&c, &w, &p, objects, e);
		printf("%llu\n%llu\n%llu\n", (unsigned long long)c.batches,
		    (unsigned long long)c.done, (unsigned long long)c.failed);
		if (objects)
			printf("%llu\n", (unsigned long long)c.objects);
	}
	plan_free(&p);
	work_folder_close(&w);
	return rc;
}

static int
left(int argc, char **argv, struct err *e)
{
	int backup = argc == 2 && strcmp(argv[1], "backup") == 0, rc;
	char name[BATCH_NAME_SIZE];
	struct work_folder w;
	struct plan p = {0};

	if (argc != 1 + backup)
		return usage(e);
	rc = open_plan(&w, &p, argv[0], e);
	for (uint32_t i = 0; i < p.n && rc == 0; i++)
		if (!counts_is_done(&w, i, backup))
			puts(batch_name(name, i));
	plan_free(&p);
	work_folder_close(&w);
	return rc;
}

struct telling {
	const char *remedy;
	unsigned told;
	int hopeless;
};

/* plan_tell */
static void
tell_plan(void *arg, uint32_t batch, const char *why)
{
	char name[BATCH_NAME_SIZE];
	struct telling *t = arg;

	if (batch == UINT32_MAX)
		t->hopeless = 1;
	else
		puts(batch_name(name, batch));
	if (++t->told <= TOLD_MAX)
		log_line(LOG_ERROR, NULL, "%s%s", why, batch != UINT32_MAX ? t->remedy : "");
}

static int
plan_check_all(int argc, char **argv, struct err *e)
{
	const char *overlay = argc == 2 ? argv[1] : NULL;
	struct telling t = {.remedy = overlay == NULL ? PLAN_REMEDY : ""};
	struct work_folder w;
	struct plan p = {0};
	int rc;

	if (argc != 1 && argc != 2)
		return usage(e);
	if ((rc = work_folder_open(&w, argv[0], e)) == 0 &&
	    (rc = plan_load(&p, &w, overlay, e)) == 0)
		rc = plan_check(&p, &w, overlay, tell_plan, &t, e);
	plan_free(&p);
	work_folder_close(&w);
	if (t.told > TOLD_MAX)
		log_line(LOG_ERROR, NULL, "and %u more", t.told - TOLD_MAX);
	if (rc == -1)
		e->status = EXIT_USAGE;
	return rc <= 0 ? rc : t.hopeless ? EXIT_USAGE : EXIT_FAILED;
}

static int
plan_write_all(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	int rc;

	if (argc != 1 && argc != 2)
		return usage(e);
	if ((rc = work_folder_open(&w, argv[0], e)) == 0)
		rc = plan_write(&w, argc == 2 ? argv[1] : NULL, e);
	work_folder_close(&w);
	return rc;
}

/* audit_tell */
static void
tell_discrepancy(void *arg, const char *discrepancy)
{
	(void)arg;
	log_line(LOG_ERROR, NULL, "%s", discrepancy);
}

/* The batches that have a receipt, but no keys yet while the listing goes on: theirs were lost, and
 * what is listed now may be something else. */
static void
print_unplanned(const struct work_folder *w, const struct plan *p)
{
	static const char *const folders[] = {"put", "backup"};
	char name[BATCH_NAME_SIZE];
	struct dirent *entry;
	uint32_t n;

	for (size_t i = 0; i < 2 && !p->complete; i++) {
		DIR *dir = work_folder_list(w, folders[i]);

		while (dir != NULL && (entry = readdir(dir)) != NULL) {
			size_t digits = strspn(entry->d_name, "0123456789");

			if (strcmp(entry->d_name + digits, ".json") == 0 &&
			    batch_name_parse(entry->d_name, digits, &n) == 0 && n >= p->n)
				puts(batch_name(name, n));
		}
		if (dir != NULL)
			closedir(dir);
	}
}

/* The batches whose evidence does not agree. */
static int
unsound(int argc, char **argv, struct err *e)
{
	int merged = argc == 2 && strcmp(argv[1], "merged") == 0, rc;
	char name[BATCH_NAME_SIZE];
	struct audit a = {0};

	if (argc != 1 + merged)
		return usage(e);
	rc = audit_begin(&a, argv[0], NULL, tell_discrepancy, NULL, e);
	for (uint32_t n = 0; n < a.n_batches && rc == 0; n++)
		if (!audit_batch_sound(&a, n, merged))
			puts(batch_name(name, n));
	if (rc == 0)
		print_unplanned(&a.work, &a.plan);
	audit_end(&a);
	return rc;
}

static int
objects(int argc, char **argv, struct err *e)
{
	char name[BATCH_NAME_SIZE];
	struct audit a = {0};
	struct buf uri = {0};
	int rc;

	if (argc != 1)
		return usage(e);
	rc = audit_begin(&a, argv[0], NULL, tell_discrepancy, NULL, e);
	for (uint32_t n = 0; n < a.n_batches && rc == 0; n++) {
		if (!counts_is_done(&a.work, n, 0))
			continue;
		buf_reset(&uri);
		batch_name_object(&uri, a.dest, batch_name(name, n));
		puts(buf_str(&uri));
	}
	audit_end(&a);
	buf_free(&uri);
	return rc;
}

static int
claim(int argc, char **argv, struct err *e)
{
	struct buf text = {0};
	struct work_folder w = {.fd = -1};
	ssize_t n;
	int rc;

	if (argc != 3)
		return usage(e);
	n = io_read_full(STDIN_FILENO, buf_room(&text, CLAIM_MAX + 1), CLAIM_MAX + 1);
	if (n == -1)
		rc = err_errno(e, EXIT_FAILED, "standard input");
	else if ((rc = work_folder_open(&w, argv[0], e)) == 0)
		rc = claim_check(&w, text.p, (size_t)n, argv[1], argv[2], e);
	work_folder_close(&w);
	buf_free(&text);
	return rc;
}

static int
backup(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	struct plan p = {0};
	struct buf prefix = {0};
	int rc;

	if (argc != 1)
		return usage(e);
	if ((rc = open_plan(&w, &p, argv[0], e)) == 0 &&
	    (rc = backup_prefix(&prefix, &w, p.n, e)) == 1)
		puts(buf_str(&prefix));
	plan_free(&p);
	buf_free(&prefix);
	work_folder_close(&w);
	return rc == -1 ? -1 : 0;
}

static int
release(int argc, char **argv, struct err *e)
{
	int rejects = argc == 3 && strcmp(argv[2], "rejects") == 0, rc;
	struct work_folder w;
	uint32_t n;

	if (argc != 2 + rejects || batch_name_parse(argv[1], strlen(argv[1]), &n) == -1)
		return usage(e);
	if ((rc = work_folder_open(&w, argv[0], e)) == 0)
		rc = rejects ? rejects_collect(&w, n, e) : rejects_remove(&w, n, e);
	if (rc == 0)
		rc = release_merged(&w, n, e);
	work_folder_close(&w);
	return rc;
}

static int
whole(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	uint32_t n;
	int rc;

	if (argc != 2 || batch_name_parse(argv[1], strlen(argv[1]), &n) == -1)
		return usage(e);
	if ((rc = work_folder_open(&w, argv[0], e)) == 0)
		rc = merged_file_whole(&w, n, e);
	work_folder_close(&w);
	return rc;
}

/* A line that is longer than the buffer is shown in pieces. */
static int
show(int argc, char **argv, struct err *e)
{
	static char text[65536];
	struct buf shown = {0};

	(void)argv;
	if (argc != 0)
		return usage(e);
	while (fgets(text, sizeof(text), stdin) != NULL) {
		size_t n = strlen(text);
		int ends = n > 0 && text[n - 1] == '\n';

		buf_reset(&shown);
		printable_add(&shown, text, n - (size_t)ends);
		if (ends)
			buf_addc(&shown, '\n');
		fwrite(shown.p, 1, shown.len, stdout);
	}
	buf_free(&shown);
	return ferror(stdin) ? err_errno(e, EXIT_FAILED, "standard input") : 0;
}

static int
unpack(int argc, char **argv, struct err *e)
{
	struct err why;
	uint64_t n;

	if (argc != 3)
		return usage(e);
	if (published_objects(argv[2], argv[1], &n, e) == -1)
		return -1;
	if (published_unpack(STDIN_FILENO, argv[0], argv[1], n, &why) == -1)
		return err_set(e, EXIT_FAILED,
		    "%s_sheaf/ledger.tar.gz: %s; it is not what a merge stores there: verify in "
		    "the work folder of the merge",
		    argv[1], why.text);
	return 0;
}

/* Whoever started us may have SIGCHLD ignored, which bash cannot mend. */
static int
share_credentials(int argc, char **argv, struct err *e)
{
	if (argc == 0)
		return usage(e);
	signal(SIGCHLD, SIG_DFL);
	creds_memory_share();
	execvp(argv[0], argv);
	return err_errno(e, EXIT_FAILED, "%s", argv[0]);
}

static const struct sheaf_work_command commands[] = {
    {"counts", counts},
    {"left", left},
    {"plan-check", plan_check_all},
    {"plan-write", plan_write_all},
    {"unsound", unsound},
    {"objects", objects},
    {"unpack", unpack},
    {"claim", claim},
    {"backup", backup},
    {"release", release},
    {"whole", whole},
    {"show", show},
    {"share-credentials", share_credentials},
    {NULL, NULL},
};

static const struct sheaf_work_command *
find(const struct sheaf_work_command *c, const char *name)
{
	while (c->name != NULL && strcmp(c->name, name) != 0)
		c++;
	return c->name != NULL ? c : NULL;
}

int
main(int argc, char **argv)
{
	const struct sheaf_work_command *c;
	struct err e = {0};
	int rc;

	io_guard_stdio();
	log_init("sheaf");
	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		fputs(help, argc < 2 ? stderr : stdout);
		return argc < 2 ? EXIT_USAGE : log_close_stdout();
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("sheaf-work (sheaf) " SHEAF_VERSION);
		return log_close_stdout();
	}
	if ((c = find(commands, argv[1])) == NULL)
		c = find(sheaf_work_values, argv[1]);
	rc = c != NULL ? c->run(argc - 2, argv + 2, &e) : usage(&e);
	if (rc == -1) {
		log_err(&e);
		rc = e.status;
	}
	return log_close_stdout() == EXIT_OK ? rc : EXIT_FAILED;
}
