/*
 * csvcat: concatenates CSV files, or the CSV members of a tar stream, into one CSV with one header.
 * It refuses, by name and line, what would silently ruin data: another header, a row with another
 * number of fields, an open quote.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/decompress.h"
#include "archive/tar.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/log.h"
#include "base/outfile.h"
#include "base/stats.h"
#include "base/write_behind.h"
#include "csv/csv_merge.h"
#include "sums/crc32c.h"
#include "work/ledger.h"
#include "work/source_name.h"

enum { IN_LEN = 256 * 1024, LEDGER_LEN = 64 * 1024 };

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
	OPT_FILES_FROM
};

static struct {
	struct csv_merge_opt merge;
	const char *output, *rejects, *ledger, *stats, *about, *files_from;
	int tar, nul;
} opt = {.merge.delim = ','};

static struct {
	struct csv_merge *merge;
	struct decompress *decompress;
	struct outfile *out, *ledger, *about, *rejects;
	struct write_behind *behind;   /* out's bytes */
	struct buf line, ledger_lines; /* these not written yet */
	uint64_t bytes_in, rejected, failed;
} run;

/* Whole pages: the kernel copies to and from them faster. */
static _Alignas(4096) char in[IN_LEN];

static const char help[] =
    "usage: csvcat [-t] [-u] [options] [-o FILE] [FILE...]\n"
    "\n"
    "Concatenates CSV files (standard input without any) into one, the header once. Files "
    "compressed by\n"
    "gzip are opened. All headers must be the same, unless -u or --columns.\n"
    "\n"
    "  -t, --tar                the files are the members of a tar stream on standard input\n"
    "  -u, --union              match columns by name; those that a file lacks are empty\n"
    "      --columns LIST       exactly these columns, in this order\n"
    "      --drop-extra         with --columns: leave out other columns, instead of an error\n"
    "  -d, --delimiter C        the delimiter (,); \\t is a tab\n"
    "      --ragged error|pad   a row with too few fields is an error (the default), or filled up\n"
    "      --source-column NAME add a last column that holds the file's name\n"
    "      --source-prefix TEXT put this before the name there (s3:// makes a URI of bucket/key)\n"
    "      --rejects FILE       leave out bad files, list them in FILE and end with 3\n"
    "      --ledger FILE        one line a file: name, bytes, rows, CRC32C of its rows as written\n"
    "      --about FILE         one JSON object about the output: rows, bytes, CRC32C, header\n"
    "      --files-from FILE    names of the files, one a line; - is standard input\n"
    "  -0, --null               names in that FILE end with a NUL\n"
    "  -o, --output FILE        write to FILE, which appears whole or not at all\n"
    "      --stats FILE         append a line of statistics (NDJSON) to FILE\n"
    "  -q, --quiet              errors only\n"
    "  -v, --verbose            say more\n"
    "  -h, --help               this text\n"
    "  -V, --version            the version\n";

/* --- output --- */

static int
write_out(void *arg, const char *p, size_t n, struct err *e)
{
	(void)arg;
	return write_behind_write(run.behind, p, n, e);
}

static int
flush_ledger(struct err *e)
{
	int rc = run.ledger == NULL
	    ? 0
	    : outfile_write(run.ledger, run.ledger_lines.p, run.ledger_lines.len, e);

	buf_reset(&run.ledger_lines);
	return rc;
}

static int
write_ledger(void *arg, const struct csv_merge_source *s, struct err *e)
{
	const struct ledger_line line = {s->name, s->bytes, s->rows, s->crc32c};

	(void)arg;
	if (run.ledger == NULL)
		return 0;
	ledger_add(&run.ledger_lines, &line);
	return run.ledger_lines.len < LEDGER_LEN ? 0 : flush_ledger(e);
}

static const struct csv_merge_ops merge_ops = {write_out, write_ledger};

/* --- sources --- */

static int
take_unpacked(void *arg, const char *p, size_t n, struct err *e)
{
	(void)arg;
	return (int)csv_merge_data(run.merge, p, n, e);
}

static void
source_begin(const char *name)
{
	decompress_begin(run.decompress);
	csv_merge_begin(run.merge, name);
}

/* The source begun is no good, for a reason that the merge cannot see. */
static enum csv_merge_status
source_unfit(const char *name, const char *why, struct err *e)
{
	if (csv_merge_drop(run.merge, e) == CSV_MERGE_FATAL)
		return CSV_MERGE_FATAL;
	err_set(e, EXIT_FAILED, "%.2000s: %.2000s", name, why);
	return CSV_MERGE_BAD;
}

static enum csv_merge_status
settle(int rc, const char *name, struct err *e)
{
	struct err why;

	if (rc != DECOMPRESS_BAD)
		return (enum csv_merge_status)rc;
	why = *e;
	return source_unfit(name, why.text, e);
}

static enum csv_merge_status
source_data(const char *name, const char *p, size_t n, struct err *e)
{
	run.bytes_in += n;
	return settle(decompress_data(run.decompress, p, n, e), name, e);
}

static enum csv_merge_status
source_end(const char *name, struct err *e)
{
	enum csv_merge_status rc = settle(decompress_end(run.decompress, e), name, e);

	return rc == CSV_MERGE_OK ? csv_merge_end(run.merge, e) : rc;
}

/* A bad source is left out with --rejects, else it is the end. 0: go on. */
static int
reject(const char *name, struct err *e)
{
	const char *why = e->text;
	size_t n = strlen(name);

	if (run.rejects == NULL) {
		log_err(e);
		run.failed++;
		return -1;
	}
	if (strncmp(why, name, n) == 0 && strncmp(why + n, ": ", 2) == 0)
		why += n + 2;
	run.rejected++;
	log_line(LOG_WARN, name, "left out: %s", why);
	buf_reset(&run.line);
	source_name_escape(&run.line, name);
	buf_addc(&run.line, '\t');
	source_name_escape(&run.line, why);
	buf_addc(&run.line, '\n');
	return outfile_write(run.rejects, run.line.p, run.line.len, e) == -1 ? (log_err(e), -1) : 0;
}

/* 0: go on, -1: stop; what was wrong is said. */
static int
judge(enum csv_merge_status rc, const char *name, struct err *e)
{
	if (rc == CSV_MERGE_OK)
		return 0;
	if (rc == CSV_MERGE_BAD)
		return reject(name, e);
	log_err(e);
	return -1;
}

/* --- files --- */

/* As cat does: what grows by being read has no end. */
static int
is_output(const struct stat *st)
{
	const struct outfile *const outs[] = {run.out, run.ledger, run.about, run.rejects};
	struct stat out;

	for (size_t i = 0; i < sizeof(outs) / sizeof(outs[0]); i++)
		if (outs[i] != NULL && fstat(outfile_fd(outs[i]), &out) == 0 &&
		    S_ISREG(out.st_mode) && out.st_dev == st->st_dev && out.st_ino == st->st_ino)
			return 1;
	return 0;
}

static int
open_input(const char *name, struct stat *st, struct err *e)
{
	int is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);

	if (is_stdin)
		name = "standard input";
	*st = (struct stat){0};
	if (fd == -1 || fstat(fd, st) == -1)
		return err_errno(e, EXIT_FAILED, "%s", name);
	if (S_ISDIR(st->st_mode) || is_output(st)) {
		if (!is_stdin)
			close(fd);
		return err_set(e, EXIT_FAILED, "%s: is %s", name,
		    S_ISDIR(st->st_mode) ? "a directory" : "the output as well");
	}
	if (st->st_size > IN_LEN)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return fd;
}

/* A file that somebody writes while it is read may give half a row. Of those that are made as they
 * are read (/proc), the size is 0. */
static int
has_changed(int fd, const struct stat *before)
{
	struct stat st;

	return S_ISREG(before->st_mode) &&
	    (fstat(fd, &st) == -1 || st.st_size != before->st_size ||
		st.st_mtim.tv_sec != before->st_mtim.tv_sec ||
		st.st_mtim.tv_nsec != before->st_mtim.tv_nsec ||
		(st.st_size > 0 && lseek(fd, 0, SEEK_CUR) != st.st_size));
}

static int
cat_file(const char *file)
{
	const char *name = strcmp(file, "-") == 0 ? "standard input" : file;
	enum csv_merge_status rc = CSV_MERGE_OK;
	struct stat st;
	struct err e;
	int fd = open_input(file, &st, &e);
	ssize_t r = 0;

	if (fd == -1) {
		log_err(&e);
		return -1;
	}
	source_begin(name);
	while (rc == CSV_MERGE_OK && (r = io_read(fd, in, IN_LEN)) > 0)
		rc = source_data(name, in, (size_t)r, &e);
	if (rc == CSV_MERGE_OK && r == -1) {
		err_errno(&e, EXIT_FAILED, "%s", name);
		rc = CSV_MERGE_FATAL;
	} else if (rc == CSV_MERGE_OK && has_changed(fd, &st)) {
		rc = source_unfit(name, "changed while it was read", &e);
	} else if (rc == CSV_MERGE_OK) {
		rc = source_end(name, &e);
	}
	if (fd != STDIN_FILENO)
		close(fd);
	return judge(rc, name, &e);
}

static int
cat_args(int argc, char **argv)
{
	if (argc == 0)
		return cat_file("-");
	for (int i = 0; i < argc; i++)
		if (cat_file(argv[i]) == -1)
			return -1;
	return 0;
}

/* The next name of the list: 1; 0 at its end; -1 with e filled. */
static int
next_name(FILE *f, struct buf *name, struct err *e)
{
	int end = opt.nul ? '\0' : '\n', c;

	buf_reset(name);
	while ((c = getc_unlocked(f)) != EOF && c != end) {
		if (c == '\0')
			return err_set(
			    e, EXIT_FAILED, "%s: a name holds NUL (--null?)", opt.files_from);
		if (name->len == PATH_MAX)
			return err_set(e, EXIT_FAILED, "%s: a name of over %d bytes",
			    opt.files_from, PATH_MAX);
		buf_addc(name, (char)c);
	}
	if (ferror(f))
		return err_errno(e, EXIT_FAILED, "%s", opt.files_from);
	if (f == stdin && strcmp(buf_str(name), "-") == 0)
		return err_set(e, EXIT_FAILED, "-: standard input holds the names, it is no file");
	return c != EOF || name->len > 0;
}

static int
cat_listed(void)
{
	FILE *f = strcmp(opt.files_from, "-") == 0 ? stdin : fopen(opt.files_from, "re");
	struct buf name = {0};
	struct err e;
	int rc = 0, more;

	if (f == NULL) {
		log_line(LOG_ERROR, NULL, "%s: %s", opt.files_from, strerror(errno));
		return -1;
	}
	while (rc == 0 && (more = next_name(f, &name, &e)) != 0) {
		if (more == -1) {
			log_err(&e);
			rc = -1;
		} else if (name.len > 0) {
			rc = cat_file(buf_str(&name));
		}
	}
	if (f != stdin)
		fclose(f);
	buf_free(&name);
	return rc;
}

/* --- tar --- */

struct tar_state {
	struct tar_reader *reader;
	struct buf name;
	int skip; /* the member at hand was rejected */
};

/* 0: all input is used up; -1: stop. */
static int
tar_feed(struct tar_state *t, const char *p, size_t n)
{
	struct err e;
	const char *data;
	size_t len;

	for (;;) {
		enum csv_merge_status rc = CSV_MERGE_OK;

		switch (tar_reader_next(t->reader, &p, &n, &data, &len, &e)) {
		case TAR_NEED: return 0;
		case TAR_END: continue;
		case TAR_ERROR: log_line(LOG_ERROR, NULL, "standard input: %s", e.text); return -1;
		case TAR_ENTRY:
			buf_reset(&t->name);
			data = tar_entry_name(t->reader, &len);
			buf_add(&t->name, data, len);
			t->skip = 0;
			source_begin(buf_str(&t->name));
			if (tar_entry_unfit(t->reader) != NULL)
				rc =
				    source_unfit(buf_str(&t->name), tar_entry_unfit(t->reader), &e);
			break;
		case TAR_DATA:
			if (!t->skip)
				rc = source_data(buf_str(&t->name), data, len, &e);
			break;
		case TAR_CLOSE:
			if (!t->skip)
				rc = source_end(buf_str(&t->name), &e);
			break;
		}
		if (rc != CSV_MERGE_OK) {
			t->skip = 1;
			if (judge(rc, buf_str(&t->name), &e) == -1)
				return -1;
		}
	}
}

static int
cat_tar(void)
{
	struct tar_state t = {.reader = tar_reader_new()};
	struct stat st;
	struct err e;
	ssize_t r = 0;
	int rc = 0;

	if (open_input("-", &st, &e) == -1) {
		log_err(&e);
		rc = -1;
	}
	while (rc == 0 && (r = io_read(STDIN_FILENO, in, IN_LEN)) > 0)
		rc = tar_feed(&t, in, (size_t)r);
	if (rc == 0 && r == -1) {
		log_line(LOG_ERROR, NULL, "standard input: %s", strerror(errno));
		rc = -1;
	}
	if (rc == 0 && tar_reader_eof(t.reader, &e) == -1) {
		log_line(LOG_ERROR, NULL, "standard input: %s", e.text);
		rc = -1;
	}
	tar_reader_free(t.reader);
	buf_free(&t.name);
	return rc;
}

/* --- the whole --- */

static int
write_about(const struct csv_merge_totals *t, struct err *e)
{
	if (run.about == NULL)
		return 0;
	buf_reset(&run.line);
	buf_addf(&run.line,
	    "{\"objects\":%llu,\"rows\":%llu,\"bytes\":%llu,\"crc32c\":\"%08x\",\"header\":",
	    (unsigned long long)t->sources, (unsigned long long)t->rows,
	    (unsigned long long)t->bytes, (unsigned)t->crc32c);
	json_quote(&run.line, t->header_bytes > 0 ? t->header : "",
	    t->header_bytes > 0 ? t->header_bytes - 1 : 0);
	buf_addf(&run.line, ",\"header_bytes\":%zu,\"header_crc32c\":\"%08x\"}\n", t->header_bytes,
	    (unsigned)t->header_crc32c);
	return outfile_write(run.about, run.line.p, run.line.len, e);
}

/* All that was given out is in the file, or e is filled. */
static int
end_output(struct err *e)
{
	struct write_behind *w = run.behind;

	run.behind = NULL;
	return write_behind_end(w, e);
}

static int
commit(struct outfile **o, struct err *e)
{
	int rc = *o != NULL ? outfile_commit(*o, e) : 0;

	*o = NULL;
	return rc;
}

/* All sources were taken: the rest of the output, and the files in the order in which they mean
 * something. */
static int
finish(struct csv_merge_totals *t)
{
	struct err e;

	if (csv_merge_finish(run.merge, t, &e) == CSV_MERGE_FATAL || end_output(&e) == -1 ||
	    commit(&run.rejects, &e) == -1 || flush_ledger(&e) == -1 ||
	    commit(&run.ledger, &e) == -1 || write_about(t, &e) == -1 ||
	    commit(&run.about, &e) == -1 || commit(&run.out, &e) == -1) {
		log_err(&e);
		return -1;
	}
	return 0;
}

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
option(int c, const char *arg, struct err *e)
{
	switch (c) {
	case 't': opt.tar = 1; return 0;
	case 'u': opt.merge.by_name = 1; return 0;
	case 'd': return parse_delimiter(arg, e);
	case 'o': opt.output = arg; return 0;
	case '0': opt.nul = 1; return 0;
	case 'q': log_set_level(LOG_ERROR); return 0;
	case 'v': log_set_level(LOG_INFO); return 0;
	case OPT_COLUMNS: opt.merge.columns = arg; return 0;
	case OPT_DROP_EXTRA: opt.merge.drop_extra = 1; return 0;
	case OPT_RAGGED: return parse_ragged(arg, e);
	case OPT_SOURCE_COLUMN: opt.merge.source_column = arg; return 0;
	case OPT_SOURCE_PREFIX: opt.merge.source_prefix = arg; return 0;
	case OPT_REJECTS:
		opt.rejects = arg;
		opt.merge.hold = 1;
		return 0;
	case OPT_LEDGER: opt.ledger = arg; return 0;
	case OPT_STATS: opt.stats = arg; return 0;
	case OPT_ABOUT: opt.about = arg; return 0;
	case OPT_FILES_FROM: opt.files_from = arg; return 0;
	case 'h': fputs(help, stdout); return 1;
	case 'V': puts("csvcat (sheaf) " SHEAF_VERSION); return 1;
	default: return err_set(e, EXIT_USAGE, "see csvcat --help");
	}
}

/* Two outputs that go to one file would write over each other. Devices may be shared. */
static int
check_outputs(struct err *e)
{
	const struct {
		const char *option, *name;
	} outs[] = {
	    {"--output", opt.output != NULL ? opt.output : "-"},
	    {"--ledger", opt.ledger},
	    {"--about", opt.about},
	    {"--rejects", opt.rejects},
	    {"--stats", opt.stats},
	};
	struct stat st;

	for (size_t i = 0; i < sizeof(outs) / sizeof(outs[0]); i++)
		for (size_t k = 0; k < i; k++)
			if (outs[i].name != NULL && outs[k].name != NULL &&
			    strcmp(outs[i].name, outs[k].name) == 0 &&
			    (stat(outs[i].name, &st) == -1 || S_ISREG(st.st_mode)))
				return err_set(e, EXIT_USAGE, "%s and %s are the same: %s",
				    outs[k].option, outs[i].option, outs[i].name);
	return 0;
}

/* -1: e is filled; 0: go on; 1: help or version was printed. */
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
		return err_set(e, EXIT_USAGE,
		    "-t reads standard input; FILE and --files-from do not go with it");
	if (opt.files_from != NULL && optind < argc)
		return err_set(e, EXIT_USAGE, "--files-from and FILE exclude each other");
	if (opt.nul && opt.files_from == NULL)
		return err_set(e, EXIT_USAGE, "--null needs --files-from");
	if (opt.merge.drop_extra && opt.merge.columns == NULL)
		return err_set(e, EXIT_USAGE, "--drop-extra needs --columns");
	if (opt.merge.source_prefix != NULL && opt.merge.source_column == NULL)
		return err_set(e, EXIT_USAGE, "--source-prefix needs --source-column");
	return check_outputs(e);
}

static int
open_files(struct err *e)
{
	opt.merge.no_sums = opt.ledger == NULL && opt.stats == NULL && opt.about == NULL;
	if ((run.merge = csv_merge_new(&opt.merge, &merge_ops, NULL, e)) == NULL ||
	    (run.out = outfile_open(opt.output, e)) == NULL ||
	    (opt.ledger != NULL && (run.ledger = outfile_open(opt.ledger, e)) == NULL) ||
	    (opt.about != NULL && (run.about = outfile_open(opt.about, e)) == NULL) ||
	    (opt.rejects != NULL && (run.rejects = outfile_open(opt.rejects, e)) == NULL))
		return -1;
	run.behind = write_behind_new(run.out);
	run.decompress = decompress_new(take_unpacked, NULL);
	return 0;
}

static void
close_files(void)
{
	struct err e;

	/* what came before the failure of something else stays on standard output */
	if ((end_output(&e) | flush_ledger(&e)) == -1)
		log_err(&e);
	outfile_abort(run.out);
	outfile_abort(run.ledger);
	outfile_abort(run.about);
	outfile_abort(run.rejects);
	decompress_free(run.decompress);
	buf_free(&run.line);
	buf_free(&run.ledger_lines);
}

int
main(int argc, char **argv)
{
	struct csv_merge_totals t = {0};
	struct err e = {0};
	struct stats st;
	char crc[9];
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
		csv_merge_free(run.merge);
		return e.status;
	}
	rc = opt.tar		     ? cat_tar()
	    : opt.files_from != NULL ? cat_listed()
				     : cat_args(argc - optind, argv + optind);
	if (rc == 0)
		rc = finish(&t);
	status = rc == -1 ? EXIT_FAILED : run.rejected > 0 ? EXIT_REJECTED : EXIT_OK;
	close_files();
	stats_add_u64(&st, "sources", t.sources);
	stats_add_u64(&st, "rows", t.rows);
	stats_add_u64(&st, "bytes_in", run.bytes_in);
	stats_add_u64(&st, "bytes_out", t.bytes);
	stats_add_u64(&st, "rejected", run.rejected);
	stats_add_u64(&st, "failed", run.failed);
	stats_add_u64(&st, "header_bytes", t.header_bytes);
	snprintf(crc, sizeof(crc), "%08x", (unsigned)t.crc32c);
	stats_add_str(&st, "crc32c", crc);
	csv_merge_free(run.merge);
	if (stats_end(&st, opt.stats, status, &e) == -1) {
		log_err(&e);
		status = EXIT_FAILED;
	}
	return status;
}
