/*
 * csvcat: concatenates CSV files, or the CSV members of a tar stream, into one CSV with one header.
 * Input that would silently corrupt the result is refused by name and line: a different header, a
 * row with another number of fields, an open quote.
 */
#include <getopt.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/io.h"
#include "base/log.h"
#include "base/names.h"
#include "base/num.h"
#include "base/sandbox.h"
#include "base/spool.h"
#include "base/stats.h"
#include "base/version.h"
#include "csv/csv_merge.h"
#include "merge/merge_input.h"
#include "merge/merge_output.h"

enum {
	OPT_COLUMNS = 256,
	OPT_DROP_EXTRA,
	OPT_RAGGED,
	OPT_SOURCE_COLUMN,
	OPT_SOURCE_PREFIX,
	OPT_REJECTS,
	OPT_LEDGER,
	OPT_STATS,
	OPT_ABOUT,
	OPT_FILES_FROM,
	OPT_MAX_EXPAND,
	OPT_NO_SANDBOX
};

enum { MAX_EXPAND_MAX = 1000000 };

static struct {
	struct csv_merge_opt merge;
	struct merge_output_names files;
	const char *stats, *files_from;
	unsigned max_expand; /* 0: no bound */
	int tar, nul, no_sandbox;
} opt = {.merge.delim = ','};

static struct {
	struct csv_merge *merge;
	struct merge_output *output;
	struct merge_input *input;
	uint64_t rejected, failed;
} run;

static const char help[] =
    "usage: csvcat [-t] [-u] [options] [-o FILE] [FILE...]\n"
    "\n"
    "Concatenates CSV files (or standard input) into one, with one header. Files compressed by "
    "gzip "
    "are\n"
    "decompressed. All files must have the same header, unless -u or --columns is given.\n"
    "\n"
    "  -t, --tar                read the files from a tar stream on standard input\n"
    "  -u, --union              match columns by name; columns that a file lacks are left empty\n"
    "      --columns LIST       write exactly these columns, in this order\n"
    "      --drop-extra         with --columns: drop other columns instead of failing\n"
    "  -d, --delimiter C        the delimiter (,); \\t is a tab\n"
    "      --ragged error|pad   refuse rows with too few fields (the default), or fill them up\n"
    "      --source-column NAME add a last column with the name of each row's file\n"
    "      --source-prefix TEXT put TEXT before that name (s3:// turns bucket/key into a URI)\n"
    "      --max-expand RATIO   refuse gzip that expands to more than RATIO times its size\n"
    "      --rejects FILE       leave out bad files, list them in FILE and exit with 3\n"
    "      --ledger FILE        list each file: name, bytes, rows, CRC32C of its rows as written\n"
    "      --about FILE         describe the output as JSON: rows, bytes, CRC32C, header\n"
    "      --files-from FILE    read the file names from FILE, one a line; - is standard input\n"
    "  -0, --null               names in that FILE end with a NUL instead\n"
    "  -o, --output FILE        write to FILE, which appears complete or not at all\n"
    "      --stats FILE         append a line of statistics (NDJSON) to FILE\n"
    "      --no-sandbox         keep rights that are not needed (see csvcat(1))\n"
    "  -q, --quiet              print errors only\n"
    "  -v, --verbose            print more\n"
    "  -h, --help               print this help\n"
    "  -V, --version            print the version\n";

/* --- output --- */

static int
write_bytes(void *arg, const char *p, size_t n, struct err *e)
{
	(void)arg;
	return merge_output_write(run.output, p, n, e);
}

static int
write_source(void *arg, const struct csv_merge_source *s, struct err *e)
{
	(void)arg;
	return merge_output_source(run.output, s, e);
}

static const struct csv_merge_ops merge_ops = {write_bytes, write_source};

/* --- input --- */

/* A bad source is left out with --rejects; otherwise it ends the run. */
static int
source_bad(void *arg, const char *name, const char *why, struct err *e)
{
	(void)arg;
	if (opt.files.rejects == NULL) {
		run.failed++;
		return err_set(e, EXIT_FAILED, "%.2000s: %.2000s", name, why);
	}
	run.rejected++;
	log_line(LOG_WARN, name, "left out: %s", why);
	return merge_output_reject(run.output, name, why, e);
}

static const struct merge_input_ops input_ops = {source_bad};

static int
cat_args(int argc, char **argv, struct err *e)
{
	if (argc == 0)
		return merge_input_file(run.input, "-", e);
	for (int i = 0; i < argc; i++)
		if (merge_input_file(run.input, argv[i], e) == -1)
			return -1;
	return 0;
}

static int
cat_listed(struct err *e)
{
	struct names *names = names_open(opt.files_from, opt.nul, e);
	const char *name;
	int rc = 0;

	if (names == NULL)
		return -1;
	while (rc == 0 && (rc = names_next(names, &name, e)) == 1)
		rc = merge_input_file(run.input, name, e);
	names_close(names);
	return rc;
}

/* --- options --- */

static int
parse_delimiter(const char *arg, struct err *e)
{
	if (strcmp(arg, "\\t") == 0)
		arg = "\t";
	if (strlen(arg) != 1 || strchr("\"\r\n", *arg) != NULL)
		return err_set(
		    e, EXIT_USAGE, "--delimiter '%s': not one byte that can be a delimiter", arg);
	opt.merge.delim = *arg;
	return 0;
}

static int
parse_ragged(const char *arg, struct err *e)
{
	if (strcmp(arg, "error") != 0 && strcmp(arg, "pad") != 0)
		return err_set(e, EXIT_USAGE, "--ragged %s: not 'error' or 'pad'", arg);
	opt.merge.pad = strcmp(arg, "pad") == 0;
	return 0;
}

static int
parse_max_expand(const char *arg, struct err *e)
{
	uint64_t ratio;

	if (num_parse(arg, 1, MAX_EXPAND_MAX, &ratio) == -1)
		return err_set(e, EXIT_USAGE, "--max-expand '%s': not a whole number from 1 to %d",
		    arg, MAX_EXPAND_MAX);
	opt.max_expand = (unsigned)ratio;
	return 0;
}

/* With the libraries that are linked in, which updates of the system do not reach. */
static void
print_version(void)
{
	printf("csvcat (sheaf) " SHEAF_VERSION "\nzlib %s, glibc %s\n", zlibVersion(),
	    gnu_get_libc_version());
}

static int
option(int c, const char *arg, struct err *e)
{
	switch (c) {
	case 't': opt.tar = 1; return 0;
	case 'u': opt.merge.by_name = 1; return 0;
	case 'd': return parse_delimiter(arg, e);
	case 'o': opt.files.output = arg; return 0;
	case '0': opt.nul = 1; return 0;
	case 'q': log_set_level(LOG_ERROR); return 0;
	case 'v': log_set_level(LOG_INFO); return 0;
	case OPT_COLUMNS: opt.merge.columns = arg; return 0;
	case OPT_DROP_EXTRA: opt.merge.drop_extra = 1; return 0;
	case OPT_RAGGED: return parse_ragged(arg, e);
	case OPT_SOURCE_COLUMN: opt.merge.source_column = arg; return 0;
	case OPT_SOURCE_PREFIX: opt.merge.source_prefix = arg; return 0;
	case OPT_REJECTS:
		opt.files.rejects = arg;
		opt.merge.hold = 1;
		return 0;
	case OPT_LEDGER: opt.files.ledger = arg; return 0;
	case OPT_STATS: opt.stats = arg; return 0;
	case OPT_ABOUT: opt.files.about = arg; return 0;
	case OPT_MAX_EXPAND: return parse_max_expand(arg, e);
	case OPT_NO_SANDBOX: opt.no_sandbox = 1; return 0;
	case OPT_FILES_FROM: opt.files_from = arg; return 0;
	case 'h': fputs(help, stdout); return 1;
	case 'V': print_version(); return 1;
	default: return err_set(e, EXIT_USAGE, "see csvcat --help");
	}
}

/* 0: go on; 1: help or version was printed; -1 with e filled. */
static int
options(int argc, char **argv, struct err *e)
{
	static const struct option longs[] = {
	    {"tar", no_argument, NULL, 't'},
	    {"union", no_argument, NULL, 'u'},
	    {"columns", required_argument, NULL, OPT_COLUMNS},
	    {"drop-extra", no_argument, NULL, OPT_DROP_EXTRA},
	    {"delimiter", required_argument, NULL, 'd'},
	    {"ragged", required_argument, NULL, OPT_RAGGED},
	    {"source-column", required_argument, NULL, OPT_SOURCE_COLUMN},
	    {"source-prefix", required_argument, NULL, OPT_SOURCE_PREFIX},
	    {"rejects", required_argument, NULL, OPT_REJECTS},
	    {"ledger", required_argument, NULL, OPT_LEDGER},
	    {"about", required_argument, NULL, OPT_ABOUT},
	    {"max-expand", required_argument, NULL, OPT_MAX_EXPAND},
	    {"no-sandbox", no_argument, NULL, OPT_NO_SANDBOX},
	    {"files-from", required_argument, NULL, OPT_FILES_FROM},
	    {"null", no_argument, NULL, '0'},
	    {"output", required_argument, NULL, 'o'},
	    {"stats", required_argument, NULL, OPT_STATS},
	    {"quiet", no_argument, NULL, 'q'},
	    {"verbose", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {0},
	};
	int c, rc = 0;

	while (rc == 0 && (c = getopt_long(argc, argv, "tud:o:0qvhV", longs, NULL)) != -1)
		rc = option(c, optarg, e);
	if (rc != 0)
		return rc;
	if (opt.tar && (optind < argc || opt.files_from != NULL))
		return err_set(
		    e, EXIT_USAGE, "-t reads standard input: it excludes FILE and --files-from");
	if (opt.files_from != NULL && optind < argc)
		return err_set(e, EXIT_USAGE, "--files-from and FILE exclude each other");
	if (opt.nul && opt.files_from == NULL)
		return err_set(e, EXIT_USAGE, "--null needs --files-from");
	if (opt.merge.drop_extra && opt.merge.columns == NULL)
		return err_set(e, EXIT_USAGE, "--drop-extra needs --columns");
	if (opt.merge.source_prefix != NULL && opt.merge.source_column == NULL)
		return err_set(e, EXIT_USAGE, "--source-prefix needs --source-column");
	return merge_output_check(&opt.files, opt.stats, e);
}

/* --- the whole --- */

/* Errors of usage come first: nothing is touched then. */
static int
open_files(struct err *e)
{
	opt.merge.no_sums =
	    opt.files.ledger == NULL && opt.stats == NULL && opt.files.about == NULL;
	if ((run.merge = csv_merge_new(&opt.merge, &merge_ops, NULL, e)) == NULL ||
	    (run.output = merge_output_open(&opt.files, e)) == NULL)
		return -1;
	run.input = merge_input_new(run.merge, run.output, opt.max_expand, &input_ops, NULL);
	return 0;
}

/* Once the outputs are open, and before any input is read. */
static void
enter_sandbox(void)
{
	struct sandbox *s = sandbox_new();

	sandbox_replace(s, opt.files.output);
	sandbox_replace(s, opt.files.ledger);
	sandbox_replace(s, opt.files.about);
	sandbox_replace(s, opt.files.rejects);
	sandbox_append(s, opt.stats);
	sandbox_append(s, getenv("SHEAF_LOG"));
	sandbox_folder(s, spool_folder());
	(void)sandbox_enter(s);
	sandbox_free(s);
}

static int
cat_all(int argc, char **argv, struct csv_merge_totals *t, struct err *e)
{
	int rc = opt.tar	     ? merge_input_tar(run.input, e)
	    : opt.files_from != NULL ? cat_listed(e)
				     : cat_args(argc, argv, e);

	if (rc == -1 || csv_merge_finish(run.merge, t, e) == CSV_MERGE_FATAL)
		return -1;
	return merge_output_commit(run.output, t, e);
}

static void
close_files(void)
{
	struct err e;

	/* when something else failed, standard output keeps the rows before it */
	if (merge_output_close(run.output, &e) == -1)
		log_err(&e);
	merge_input_free(run.input);
	csv_merge_free(run.merge);
}

static int
end_stats(struct stats *st, const struct csv_merge_totals *t, uint64_t bytes_in, int status,
    struct err *e)
{
	char crc[9];

	stats_add_u64(st, "sources", t->sources);
	stats_add_u64(st, "rows", t->rows);
	stats_add_u64(st, "bytes_in", bytes_in);
	stats_add_u64(st, "bytes_out", t->bytes);
	stats_add_u64(st, "rejected", run.rejected);
	stats_add_u64(st, "failed", run.failed);
	stats_add_u64(st, "header_bytes", t->header_bytes);
	snprintf(crc, sizeof(crc), "%08x", (unsigned)t->crc32c);
	stats_add_str(st, "crc32c", crc);
	return stats_end(st, opt.stats, status, e);
}

int
main(int argc, char **argv)
{
	struct csv_merge_totals t = {0};
	struct err e = {0};
	struct stats st;
	uint64_t bytes_in;
	int status = EXIT_OK, rc;

	io_guard_stdio();
	log_init("csvcat");
	stats_begin(&st, "csvcat");
	rc = options(argc, argv, &e);
	if (rc == 1)
		return log_close_stdout();
	if (rc == -1 || open_files(&e) == -1) {
		log_err(&e);
		close_files();
		return e.status;
	}
	if (!opt.no_sandbox)
		enter_sandbox();
	if (cat_all(argc - optind, argv + optind, &t, &e) == -1) {
		log_err(&e);
		status = EXIT_FAILED;
	} else if (run.rejected > 0) {
		status = EXIT_REJECTED;
	}
	bytes_in = merge_input_bytes(run.input);
	close_files();
	if (end_stats(&st, &t, bytes_in, status, &e) == -1) {
		log_err(&e);
		status = EXIT_FAILED;
	}
	return status;
}
