/*
 * s3get: reads S3 objects, many at once, and writes them in the order requested: as a tar stream,
 * as bare bodies, or as files. The tar stream's end-of-archive is written only if every object was
 * delivered, so that no reader can take a part for the whole.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/extract.h"
#include "archive/tar.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/outfile.h"
#include "base/stats.h"
#include "s3/s3.h"
#include "s3/s3_get.h"
#include "s3/s3_uris.h"
#include "s3/s3cli.h"

enum {
	CONNECTIONS = 64,
	FLUSH_LEN = 64 * 1024,
	FLUSH_MS = 500,
	OPT_CONNECTIONS = S3CLI_OWN,
	OPT_HEDGE,
	OPT_NO_MD5,
	OPT_REJECTS,
	OPT_TRACE
};

static struct {
	struct s3cli cli;
	const char *rejects, *trace, *dir;
	int bodies, nul, no_md5;
} opt = {.cli.s3.connections = CONNECTIONS};

static struct {
	struct s3_uris *uris;
	struct extract *extract;
	struct outfile *out, *rejects, *trace;
	struct buf pending, line; /* pending: not yet written to out */
	uint64_t objects, failed, rejected, bytes_in, bytes_out, size;
	int stopped; /* cannot go on: reported already */
} run;

static const char help[] =
    "usage: s3get [-c | -C DIR] [-0] [--connections N] [--rejects FILE] [--trace FILE] [URI...]\n"
    "\n"
    "Reads objects named by s3:// URIs, from the arguments or one a line from standard input, and "
    "writes\n"
    "them in that order as a tar stream whose members are named bucket/key. Lines of `s3ls -l` "
    "are\n"
    "understood: the object must still have the size and ETag listed.\n"
    "\n"
    "  -c, --stdout             write the bodies one after another instead of tar\n"
    "  -C, --directory DIR      write files DIR/bucket/key instead of tar\n"
    "  -0, --null               records read end with a NUL instead of a line feed\n"
    "      --connections N      requests at once (64)\n"
    "      --hedge off|auto|MS  repeat a request whose answer is slow (auto)\n"
    "      --no-md5             the server's ETags look like MD5s and are none: do not compare\n"
    "      --rejects FILE       leave out objects that are gone, changed or archived, list them in "
    "FILE and\n"
    "                           exit with 3\n"
    "      --trace FILE         write a line for each object: uri, status, tries, bytes, ms\n";

static int
stop(const struct err *e)
{
	log_err(e);
	run.stopped = 1;
	return -1;
}

static int
write_out(const char *p, size_t n)
{
	struct err e;

	if (outfile_write(run.out, p, n, &e) == -1) {
		io_end_on_epipe();
		return stop(&e);
	}
	run.bytes_out += n;
	return 0;
}

static int
flush(void)
{
	size_t n = run.pending.len;

	buf_reset(&run.pending);
	return n > 0 ? write_out(run.pending.p, n) : 0;
}

static void
log_object(enum log_level level, const struct s3_get_object *o, const char *what, const char *why)
{
	buf_reset(&run.line);
	buf_addf(&run.line, "s3://%s/%s", o->uri.bucket, o->uri.key);
	log_line(level, buf_str(&run.line), why != NULL ? "%s (%s)" : "%s", what, why);
}

/* Begins a line of --trace or --rejects. A tab or a line feed, which a key may hold with -0, must
 * not end the field. */
static void
begin_line(const struct s3_get_object *o)
{
	buf_reset(&run.line);
	buf_addf(&run.line, "s3://%s/", o->uri.bucket);
	for (const char *p = o->uri.key; *p != '\0'; p++) {
		if (*p == '\t' || *p == '\n')
			buf_adds(&run.line, *p == '\t' ? "\\t" : "\\n");
		else
			buf_addc(&run.line, *p);
	}
}

static int
next(void *arg, struct s3_get_object *o)
{
	struct err e;
	int rc;

	(void)arg;
	rc = s3_uris_next(run.uris, o, &e);
	return rc == -1 ? stop(&e) : rc;
}

static int
begin(void *arg, const struct s3_get_object *o, uint64_t size, int64_t mtime)
{
	struct err e;

	(void)arg;
	run.size = size;
	if (run.extract != NULL)
		return extract_begin(run.extract, o->uri.bucket, o->uri.key, &e) == -1 ? stop(&e)
										       : 0;
	if (opt.bodies)
		return 0;
	buf_reset(&run.line);
	buf_adds(&run.line, o->uri.bucket);
	buf_addc(&run.line, '/');
	buf_adds(&run.line, o->uri.key);
	tar_write_header(&run.pending, run.line.p, run.line.len, size, mtime);
	return 0;
}

static int
data(void *arg, const char *p, size_t n)
{
	struct err e;

	(void)arg;
	run.bytes_in += n;
	if (run.extract != NULL)
		return extract_data(run.extract, p, n, &e) == -1 ? stop(&e) : 0;
	if (n < FLUSH_LEN) {
		buf_add(&run.pending, p, n);
		return run.pending.len >= FLUSH_LEN ? flush() : 0;
	}
	return flush() == -1 ? -1 : write_out(p, n);
}

static int
trace(const struct s3_get_object *o, const struct s3_get_outcome *out)
{
	struct err e;

	if (run.trace == NULL)
		return 0;
	begin_line(o);
	buf_addf(&run.line, "\t%ld\t%u\t%llu\t%llu\n", out->status, out->tries,
	    (unsigned long long)out->bytes, (unsigned long long)(out->us / 1000));
	return outfile_write(run.trace, run.line.p, run.line.len, &e) == -1 ? stop(&e) : 0;
}

static int
end(void *arg, const struct s3_get_object *o, const struct s3_get_outcome *out)
{
	static const char zeros[TAR_BLOCK];
	struct err e;

	(void)arg;
	if (run.extract != NULL) {
		if (extract_end(run.extract, &e) == -1)
			return stop(&e);
	} else if (!opt.bodies) {
		buf_add(&run.pending, zeros, tar_padding(run.size));
	}
	run.objects++;
	return trace(o, out);
}

static int
failed(void *arg, const struct s3_get_object *o, const struct s3_get_outcome *out,
    const char *reject, int begun, int general, const char *why)
{
	struct err we;

	(void)arg;
	if (run.extract != NULL)
		extract_abort(run.extract);
	if (reject != NULL && run.rejects != NULL && !begun) {
		run.rejected++;
		begin_line(o);
		buf_addf(&run.line, "\t%s\n", reject);
		if (outfile_write(run.rejects, run.line.p, run.line.len, &we) == -1)
			return stop(&we);
		return trace(o, out);
	}
	run.failed++;
	if (reject != NULL)
		log_object(LOG_ERROR, o, reject, why);
	else
		log_object(LOG_ERROR, o, why, NULL);
	if (general) { /* all others would fail alike: one line is enough */
		run.stopped = 1;
		return -1;
	}
	if (begun && run.extract == NULL) {
		log_object(LOG_ERROR, o, "the output ends inside this object", NULL);
		run.stopped = 1;
		return -1;
	}
	return trace(o, out);
}

/* Writes even a little if it has been pending for long, so that a reader sees progress. Not sooner,
 * as each write wakes the reader. */
static int
idle(void *arg)
{
	static int64_t since_ms; /* 0: nothing is pending */
	int64_t now_ms;

	(void)arg;
	if (run.pending.len == 0) {
		since_ms = 0;
		return 0;
	}
	now_ms = clock_coarse_ms();
	if (since_ms == 0)
		since_ms = now_ms;
	if (now_ms - since_ms < FLUSH_MS)
		return 0;
	since_ms = 0;
	return flush();
}

static const struct s3_get_ops ops = {next, begin, data, end, failed, idle};

/* -1: e is filled; 0: go on; 1: help or version was printed. */
static int
options(int argc, char **argv, struct err *e)
{
	static const struct option longs[] = {
	    {"stdout", no_argument, NULL, 'c'},
	    {"directory", required_argument, NULL, 'C'},
	    {"null", no_argument, NULL, '0'},
	    {"connections", required_argument, NULL, OPT_CONNECTIONS},
	    {"hedge", required_argument, NULL, OPT_HEDGE},
	    {"no-md5", no_argument, NULL, OPT_NO_MD5},
	    {"rejects", required_argument, NULL, OPT_REJECTS},
	    {"trace", required_argument, NULL, OPT_TRACE},
	    S3CLI_OPTIONS,
	    {0},
	};
	int c, rc = 0;

	while (rc == 0 && (c = getopt_long(argc, argv, "cC:0" S3CLI_SHORT, longs, NULL)) != -1) {
		switch (c) {
		case 'c': opt.bodies = 1; break;
		case 'C': opt.dir = optarg; break;
		case '0': opt.nul = 1; break;
		case OPT_CONNECTIONS: rc = s3cli_connections(&opt.cli, optarg, e); break;
		case OPT_HEDGE: rc = s3cli_hedge(&opt.cli, optarg, e); break;
		case OPT_NO_MD5: opt.no_md5 = 1; break;
		case OPT_REJECTS: opt.rejects = optarg; break;
		case OPT_TRACE: opt.trace = optarg; break;
		default: rc = s3cli_option(&opt.cli, c, optarg, "s3get", help, e);
		}
	}
	if (rc != 0)
		return rc;
	if (opt.bodies && opt.dir != NULL)
		return err_set(e, EXIT_USAGE, "-c and -C exclude each other");
	if (!opt.bodies && opt.dir == NULL && isatty(STDOUT_FILENO))
		return err_set(
		    e, EXIT_USAGE, "a tar stream is not for a terminal; use -c, -C DIR or a pipe");
	return 0;
}

static int
open_files(int argc, char **argv, struct err *e)
{
	if ((run.uris = s3_uris_open(argc, argv, opt.nul, e)) == NULL)
		return -1;
	if (opt.dir != NULL && (run.extract = extract_open(opt.dir, e)) == NULL)
		return -1;
	if (opt.rejects != NULL && (run.rejects = outfile_open(opt.rejects, e)) == NULL)
		return -1;
	if (opt.trace != NULL && (run.trace = outfile_open(opt.trace, e)) == NULL)
		return -1;
	if (opt.dir == NULL && (run.out = outfile_open(NULL, e)) == NULL)
		return -1;
	return 0;
}

static void
commit(struct outfile *o)
{
	struct err e;

	if (o != NULL && outfile_commit(o, &e) == -1)
		stop(&e);
}

/* Ends the files, then the stream, whose end-of-archive says that no object is missing but those
 * that --rejects lists. Returns the exit status. */
static int
finish(void)
{
	commit(run.rejects);
	commit(run.trace);
	if (run.extract == NULL) {
		if (!opt.bodies && run.failed == 0 && !run.stopped)
			tar_write_end(&run.pending);
		(void)flush();
		commit(run.out);
	}
	if (run.stopped || run.failed > 0)
		return EXIT_FAILED;
	return run.rejected > 0 ? EXIT_REJECTED : EXIT_OK;
}

static void
add_stats(struct stats *st, const struct s3 *s3)
{
	stats_add_u64(st, "objects", run.objects);
	stats_add_u64(st, "failed", run.failed);
	stats_add_u64(st, "rejected", run.rejected);
	stats_add_u64(st, "bytes_in", run.bytes_in);
	stats_add_u64(st, "bytes_out", run.bytes_out);
	s3_add_stats(s3, st);
}

int
main(int argc, char **argv)
{
	struct s3_get_opt get = {0};
	struct err e = {0};
	struct stats st;
	struct s3 *s3;
	int status;

	io_guard_stdio();
	s3cli_guard_memory();
	log_init("s3get");
	stats_begin(&st, "s3get");
	signal(SIGPIPE, SIG_IGN); /* write() reports it */
	status = options(argc, argv, &e);
	if (status == 1)
		return log_close_stdout();
	if (status == -1 || open_files(argc - optind, argv + optind, &e) == -1 ||
	    (s3 = s3_open(&opt.cli.s3, &e)) == NULL) {
		log_err(&e);
		return e.status;
	}
	log_line(LOG_INFO, NULL, "%s", s3_describe(s3));
	get.connections = opt.cli.s3.connections;
	get.no_md5 = opt.no_md5;
	if (s3_get_all(s3, &get, &ops, NULL) == -1)
		run.stopped = 1;
	status = finish();
	add_stats(&st, s3);
	s3_close(s3);
	s3_uris_free(run.uris);
	extract_free(run.extract);
	buf_free(&run.pending);
	buf_free(&run.line);
	if (stats_end(&st, opt.cli.stats, status, &e) == -1) {
		log_err(&e);
		status = EXIT_FAILED;
	}
	return status;
}
