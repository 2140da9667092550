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
#include "base/num.h"
#include "base/printable.h"
#include "base/version.h"
#include "creds/creds_memory.h"
#include "work/batch_name.h"
#include "work/claim.h"
#include "work/counts.h"
#include "work/known_values.h"
#include "work/published.h"
#include "work/receipt.h"
#include "work/rejects.h"
#include "work/release.h"
#include "work/settings.h"
#include "work/share.h"

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
    "  values WORK FILE NAME...   values of WORK/FILE (settings, status, keys/complete), a line\n"
    "                             each; an empty line where the file has no such name\n"
    "  settings-load WORK         WORK/settings as NAME=value lines; checked\n"
    "  counts WORK [objects]      lines: batches done failed, and objects if asked for\n"
    "  left WORK [backup]         the names of the batches that are not done\n"
    "  objects WORK               the URIs of the merged objects that are done\n"
    "  name N, object PREFIX N    the name of batch N, the URI of its merged object\n"
    "  unpack DIR DEST LIST       unpack the DEST_sheaf/ledger.tar.gz on standard input into DIR,\n"
    "                             which must not exist; LIST is what s3ls --long lists at DEST\n"
    "  claim WORK NAME PREFIX     whether the run.json on standard input, of NAME=PREFIX, is that\n"
    "                             of WORK: 0; or not: 1, and told\n"
    "  backup WORK                the prefix of the second destination, by the receipt of batch 0\n"
    "  whole WORK N               check that the ledger of batch N has each planned object, "
    "except\n"
    "                             those in reject/N.tsv, and no other\n"
    "  release WORK N [rejects]   check that, and give the merged rows of batch N their final "
    "name;\n"
    "                             before, make reject/N.tsv of what s3get and csvcat left out\n"
    "\n"
    "  show                       standard input with control characters as \\xNN\n"
    "  share-credentials CMD...   run it with memory for credentials that its processes share\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0, 1 (told on standard error), 2 (usage or settings).\n";

typedef int command(int argc, char **argv, struct err *e);

static int
usage(struct err *e)
{
	return err_set(e, EXIT_USAGE, "wrong arguments; see sheaf-work --help");
}

/* --- settings --- */

static int
settings_list(int argc, char **argv, struct err *e)
{
	(void)argv;
	if (argc != 0)
		return usage(e);
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings_table[i];

		printf("%s\t%s\t%s\t%s\t%d\t", s->name, settings_type_name(s->type),
		    *s->initial != '\0' ? s->initial : "-", settings_side_name(s->side), s->shapes);
		if (s->type == SETTINGS_NUMBER)
			printf("%llu-%llu", (unsigned long long)s->min, (unsigned long long)s->max);
		else
			fputs(s->choices != NULL ? s->choices : "-", stdout);
		printf("\t%s\n", s->help);
	}
	return 0;
}

/* Tells all that is wrong. */
static int
settings_check_all(int argc, char **argv, struct err *e)
{
	struct err why;
	int bad = 0;

	for (size_t i = 0; i < settings_count; i++) {
		const char *value = settings_from_environment(NULL, &settings_table[i]);

		if (value != NULL && settings_check(&settings_table[i], value, &why) == -1) {
			log_err(&why);
			bad = 1;
		}
	}
	for (int i = 0; i < argc; i++) {
		const struct setting *s = settings_find(argv[i]);
		const char *value = s != NULL ? settings_from_environment(NULL, s) : NULL;

		if (s == NULL)
			return usage(e);
		if (value == NULL || *value == '\0') {
			log_line(LOG_ERROR, NULL, "%s: must be given%s", s->name,
			    s->type == SETTINGS_PREFIX ? ", as s3://bucket/prefix/" : "");
			bad = 1;
		}
	}
	if (!bad && settings_check_places(settings_from_environment, NULL, &why) == -1) {
		log_err(&why);
		bad = 1;
	}
	return bad ? EXIT_USAGE : 0;
}

/* The setting of that name, its value from the environment or its default, checked. */
static const struct setting *
checked(const char *name, struct buf *value, struct err *e)
{
	const struct setting *s = settings_find(name);

	if (s == NULL) {
		err_set(e, EXIT_USAGE, "%s: there is no such setting", name);
		return NULL;
	}
	if (settings_check(s, settings_value(s, settings_from_environment, NULL, value), e) == -1)
		return NULL;
	return s;
}

static int
settings_value_of(int argc, char **argv, struct err *e)
{
	struct buf value = {0};
	int rc = 0;

	if (argc != 1)
		return usage(e);
	if (checked(argv[0], &value, e) == NULL)
		rc = -1;
	else
		puts(buf_str(&value));
	buf_free(&value);
	return rc;
}

static int
share(int argc, char **argv, struct err *e)
{
	struct share s;
	uint64_t n;

	if (argc != 2 || share_parse(&s, argv[0]) == -1 ||
	    num_parse(argv[1], 0, UINT64_MAX, &n) == -1)
		return usage(e);
	printf("%llu\n", (unsigned long long)share_of(&s, n));
	return 0;
}

static int
settings_words(int argc, char **argv, struct err *e)
{
	struct buf value = {0}, words = {0};
	int rc = -1;

	if (argc != 1)
		return usage(e);
	if (checked(argv[0], &value, e) != NULL) {
		rc = settings_split(&words, buf_str(&value), e);
		fwrite(words.p != NULL ? words.p : "", 1, words.len, stdout);
	}
	buf_free(&value);
	buf_free(&words);
	return rc;
}

static int
settings_write_file(int argc, char **argv, struct err *e)
{
	struct buf text = {0};
	int rc = argc == 0 ? settings_check_all(0, argv, e) : usage(e);

	if (rc == 0) {
		settings_write(&text, settings_from_environment, NULL);
		fputs(buf_str(&text), stdout);
	}
	buf_free(&text);
	return rc;
}

/* Prints a setting that differs. */
static void
add_difference(struct buf *told, const struct setting *s, const char *asked, const char *kept)
{
	puts(s->name);
	buf_addf(told, "%s%s=%s (it has %s)", told->len > 0 ? ", " : "", s->name, asked, kept);
}

static int
settings_compare(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	struct values v = {0};
	struct buf asked = {0}, kept = {0}, told = {0};
	int rc = -1;

	if (argc != 1)
		return usage(e);
	if (work_folder_open(&w, argv[0], e) == 0)
		rc = known_values_load(&v, &w, "settings", e);
	for (size_t i = 0; i < settings_count && rc != -1; i++) {
		const struct setting *s = &settings_table[i];

		if (!s->shapes)
			continue;
		settings_value(s, settings_from_environment, NULL, &asked);
		settings_value(s, settings_from_values, &v, &kept);
		if (strcmp(buf_str(&asked), buf_str(&kept)) != 0 || rc == 0)
			add_difference(&told, s, asked.p, rc == 0 ? "none" : kept.p);
	}
	if (rc == -1)
		e->status = EXIT_USAGE;
	else if (told.len > 0)
		rc = err_set(e, EXIT_FAILED, "%s", buf_str(&told));
	work_folder_close(&w);
	values_free(&v);
	buf_free(&asked);
	buf_free(&kept);
	buf_free(&told);
	return rc == -1 ? -1 : 0;
}

/* --- the work folder --- */

static int
print_values(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	struct values v = {0};
	int rc = -1;

	if (argc < 3)
		return usage(e);
	for (int i = 2; i < argc; i++)
		if (!known_values_has(argv[1], argv[i]))
			return usage(e);
	if (work_folder_open(&w, argv[0], e) == 0)
		rc = known_values_load(&v, &w, argv[1], e);
	if (rc == 0)
		rc = err_set(e, EXIT_FAILED, "%s/%s: missing", argv[0], argv[1]);
	for (int i = 2; i < argc && rc == 1; i++) {
		const char *value = values_get(&v, argv[i]);

		puts(value != NULL ? value : "");
	}
	work_folder_close(&w);
	values_free(&v);
	return rc == -1 ? -1 : 0;
}

static int
settings_load(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	struct values v = {0};
	int rc = -1;

	if (argc != 1)
		return usage(e);
	if (work_folder_open(&w, argv[0], e) == 0)
		rc = known_values_load(&v, &w, "settings", e);
	if (rc == 0)
		rc = err_set(e, EXIT_FAILED, "%s/settings: missing", argv[0]);
	for (size_t i = 0; i < v.n && rc == 1; i++)
		printf("%s=%s\n", v.at[i].name, v.at[i].value);
	work_folder_close(&w);
	values_free(&v);
	return rc == -1 ? -1 : 0;
}

static int
counts(int argc, char **argv, struct err *e)
{
	int objects = argc == 2 && strcmp(argv[1], "objects") == 0, rc;
	struct work_folder w;
	struct counts c;

	if (argc != 1 + objects)
		return usage(e);
	if ((rc = work_folder_open(&w, argv[0], e)) == 0) {
		rc = counts_make(&c, &w, objects, e);
		printf("%llu\n%llu\n%llu\n", (unsigned long long)c.batches,
		    (unsigned long long)c.done, (unsigned long long)c.failed);
		if (objects)
			printf("%llu\n", (unsigned long long)c.objects);
	}
	work_folder_close(&w);
	return rc;
}

static int
left(int argc, char **argv, struct err *e)
{
	int backup = argc == 2 && strcmp(argv[1], "backup") == 0, rc;
	char name[BATCH_NAME_SIZE];
	struct work_folder w;
	uint32_t n;

	if (argc != 1 + backup)
		return usage(e);
	if ((rc = work_folder_open(&w, argv[0], e)) == 0) {
		n = counts_batches(&w);
		for (uint32_t i = 0; i < n; i++)
			if (!counts_is_done(&w, i, backup))
				puts(batch_name(name, i));
	}
	work_folder_close(&w);
	return rc;
}

static int
objects(int argc, char **argv, struct err *e)
{
	char name[BATCH_NAME_SIZE];
	struct work_folder w;
	struct values v = {0};
	struct buf uri = {0};
	int rc = -1;

	if (argc != 1)
		return usage(e);
	if (work_folder_open(&w, argv[0], e) == 0)
		rc = known_values_load(&v, &w, "settings", e);
	if (rc != -1 && values_get(&v, "DEST") == NULL)
		rc = err_set(e, EXIT_FAILED, "%s/settings: no DEST", argv[0]);
	for (uint32_t i = 0, n = rc == 1 ? counts_batches(&w) : 0; i < n; i++) {
		if (!counts_is_done(&w, i, 0))
			continue;
		buf_reset(&uri);
		batch_name_object(&uri, values_get(&v, "DEST"), batch_name(name, i));
		puts(buf_str(&uri));
	}
	work_folder_close(&w);
	values_free(&v);
	buf_free(&uri);
	return rc == -1 ? -1 : 0;
}

static int
name(int argc, char **argv, struct err *e)
{
	char text[BATCH_NAME_SIZE];
	uint64_t n;

	if (argc != 1 || num_parse(argv[0], 0, UINT32_MAX - 1, &n) == -1)
		return usage(e);
	puts(batch_name(text, (uint32_t)n));
	return 0;
}

static int
object(int argc, char **argv, struct err *e)
{
	char text[BATCH_NAME_SIZE];
	struct buf uri = {0};
	uint64_t n;

	if (argc != 2 || num_parse(argv[1], 0, UINT32_MAX - 1, &n) == -1)
		return usage(e);
	batch_name_object(&uri, argv[0], batch_name(text, (uint32_t)n));
	puts(buf_str(&uri));
	buf_free(&uri);
	return 0;
}

static int
claim(int argc, char **argv, struct err *e)
{
	struct buf text = {0}, where = {0};
	struct claim ours = {.src = NULL}, theirs = {.src = NULL};
	struct work_folder w;
	ssize_t n;
	int rc = -1;

	if (argc != 3)
		return usage(e);
	buf_addf(&where, "%s=%s", argv[1], argv[2]);
	n = io_read_full(STDIN_FILENO, buf_room(&text, CLAIM_MAX + 1), CLAIM_MAX + 1);
	if (work_folder_open(&w, argv[0], e) == -1 || claim_load(&ours, &w, e) == -1)
		;
	else if (n == -1)
		err_errno(e, EXIT_FAILED, "standard input");
	else if (claim_parse(&theirs, text.p, (size_t)n, "its _sheaf/run.json", e) == -1)
		err_set(e, EXIT_FAILED,
		    "%s: belongs to another run, and its _sheaf/run.json is not of sheaf; use "
		    "another %s",
		    buf_str(&where), argv[1]);
	else if (claim_same(&ours, &theirs))
		rc = 0;
	else
		err_set(e, EXIT_FAILED,
		    "%s: belongs to another run, begun %s with SRC=%s DEST=%s; use another %s, or "
		    "the work folder of that run",
		    buf_str(&where), theirs.created, theirs.src, theirs.dest, argv[1]);
	work_folder_close(&w);
	claim_free(&ours);
	claim_free(&theirs);
	buf_free(&text);
	buf_free(&where);
	return rc;
}

static int
backup(int argc, char **argv, struct err *e)
{
	struct work_folder w;
	struct receipt r = {0};
	struct buf object = {0};
	char text[BATCH_NAME_SIZE];
	int rc = -1;

	if (argc != 1)
		return usage(e);
	if (work_folder_open(&w, argv[0], e) == 0 &&
	    receipt_load(&r, &w, "backup/00000.json", e) == 1) {
		batch_name_object(&object, "", batch_name(text, 0));
		if (r.uri != NULL && strncmp(r.uri, "s3://", 5) == 0 &&
		    strlen(r.uri) > object.len &&
		    strcmp(r.uri + strlen(r.uri) - object.len, buf_str(&object)) == 0) {
			printf("%.*s\n", (int)(strlen(r.uri) - object.len), r.uri);
			rc = 0;
		} else {
			err_set(e, EXIT_FAILED,
			    "%s/backup/00000.json: its uri is not that of batch 00000", argv[0]);
		}
	}
	receipt_free(&r);
	buf_free(&object);
	work_folder_close(&w);
	return rc;
}

static int
release(int argc, char **argv, struct err *e)
{
	int rejects = argc == 3 && strcmp(argv[2], "rejects") == 0, rc;
	struct work_folder w;
	uint32_t n;

	if (argc != 2 + rejects || batch_name_parse(argv[1], strlen(argv[1]), &n) == -1)
		return usage(e);
	if ((rc = work_folder_open(&w, argv[0], e)) == 0 && rejects)
		rc = rejects_collect(&w, n, e);
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
		rc = release_check(&w, n, e);
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

static const struct {
	const char *name;
	command *run;
} commands[] = {
    {"settings-list", settings_list},
    {"settings-check", settings_check_all},
    {"settings-value", settings_value_of},
    {"settings-words", settings_words},
    {"share", share},
    {"settings-write", settings_write_file},
    {"settings-compare", settings_compare},
    {"settings-load", settings_load},
    {"values", print_values},
    {"counts", counts},
    {"left", left},
    {"objects", objects},
    {"name", name},
    {"object", object},
    {"unpack", unpack},
    {"claim", claim},
    {"backup", backup},
    {"release", release},
    {"whole", whole},
    {"show", show},
    {"share-credentials", share_credentials},
};

int
main(int argc, char **argv)
{
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
	rc = usage(&e);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			rc = commands[i].run(argc - 2, argv + 2, &e);
	if (rc == -1) {
		log_err(&e);
		rc = e.status;
	}
	return log_close_stdout() == EXIT_OK ? rc : EXIT_FAILED;
}
