/*
 * s3ls: lists the objects under S3 prefixes, one a line, in UTF-8 byte order. It exits with 0 only
 * if the listing is complete. An empty listing is doubted and requested again; if it stays empty,
 * that is an error unless --allow-empty is given.
 */
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "base/outfile.h"
#include "base/printable.h"
#include "base/stats.h"
#include "base/uri.h"
#include "s3/list/s3_list.h"
#include "s3/s3.h"
#include "s3/s3cli.h"

enum {
	PATTERNS_MAX = 64,
	RETRY_EMPTY = 2,
	REQUESTS = 64,	   /* at once */
	FEW = 10000,	   /* objects for which one request at a time is enough */
	OUT_MAX = 1 << 16, /* bytes written at once */
	KEPT = 1 << 21,	   /* bytes not written yet, in case the listing must begin again */
	BUFFER = 1 << 16,  /* bytes read at once: a page has 300 kB */
	OPT_SUFFIX = S3CLI_OWN,
	OPT_EXCLUDE,
	OPT_START_AFTER,
	OPT_CONNECTIONS,
	OPT_RETRY_EMPTY,
	OPT_ALLOW_EMPTY,
	OPT_LIMIT,
	OPT_SHOW_SKIPPED,
	OPT_ORDER
};

enum order {
	ORDER_AUTO,   /* hold back what fits into KEPT, sort if need be */
	ORDER_LISTED, /* write at once; another order is an error */
	ORDER_SORT    /* sort */
};

struct patterns {
	const char *p[PATTERNS_MAX];
	size_t n;
};

static struct {
	struct s3cli cli;
	struct patterns suffixes, excludes;
	const char *start_after;
	unsigned retry_empty;
	uint64_t limit; /* 0: none */
	enum order order;
	int long_lines, nul, allow_empty, show_skipped;
} opt = {.retry_empty = RETRY_EMPTY};

static struct {
	const char *bucket;
	size_t bucket_len;
	struct counts {
		uint64_t listed, skipped, bytes;
	} n, before;	  /* now, and before this listing */
	struct buf lines; /* not yet written */
	int written;	  /* lines of this listing have been */
	struct outfile *out;
	int to_terminal; /* keys are escaped, so that none of them is obeyed */
	struct err error;
	int failed; /* cannot go on: error is filled */
} run;

static const char help[] =
    "usage: s3ls [-l] [-0] [--suffix S]... [--exclude GLOB]... [--start-after KEY] "
    "s3://BUCKET/PREFIX...\n"
    "\n"
    "Lists the objects under each prefix, one s3:// URI a line, in UTF-8 byte order.\n"
    "\n"
    "  -l, --long               uri, size, etag and time, separated by tabs\n"
    "  -0, --null               end each record with a NUL instead of a line feed\n"
    "      --suffix S           only keys that end in S; may be repeated\n"
    "      --exclude GLOB       leave out keys that match; may be repeated\n"
    "      --start-after KEY    only keys after KEY\n"
    "      --order ORDER        if the server has another order: auto (sort), listed (fail), sort\n"
    "      --limit N            stop after N objects\n"
    "      --show-skipped       also print what --suffix and --exclude leave out, after \"-\" and "
    "a "
    "tab\n"
    "      --connections N      requests at once (64); 1 lists one page at a time\n"
    "      --retry-empty N      ask N more times if nothing is listed (2)\n"
    "      --allow-empty        an empty listing is not an error\n";

static int
matches(const char *key, size_t len)
{
	int good = opt.suffixes.n == 0;

	for (size_t i = 0; i < opt.suffixes.n && !good; i++) {
		size_t n = strlen(opt.suffixes.p[i]);

		good = n <= len && memcmp(key + len - n, opt.suffixes.p[i], n) == 0;
	}
	for (size_t i = 0; i < opt.excludes.n && good; i++)
		good = fnmatch(opt.excludes.p[i], key, 0) != 0;
	return good;
}

static int
fail(int status, const char *what, const char *key)
{
	run.failed = 1;
	err_set(&run.error, status, "s3://%s/%s: %s", run.bucket, key, what);
	return 1;
}

static int
write_lines(void)
{
	size_t len = run.lines.len;

	if (len == 0 || run.failed)
		return run.failed ? -1 : 0;
	run.written = 1;
	run.lines.len = 0;
	if (outfile_write(run.out, run.lines.p, len, &run.error) == 0)
		return 0;
	io_end_on_epipe();
	run.failed = 1;
	return -1;
}

/* What is written first waits until there is so much of it that it cannot be taken back. */
static int
write_out(void)
{
	if (!run.written && run.lines.len < KEPT && opt.order == ORDER_AUTO)
		return run.failed ? -1 : 0;
	return write_lines();
}

static int
take_back(void *arg)
{
	(void)arg;
	if (run.written || run.failed)
		return -1;
	run.n = run.before;
	run.lines.len = 0;
	return 0;
}

static void
pause_writing(void *arg)
{
	(void)arg;
	write_out();
}

static char *
put(char *at, const char *s, size_t len)
{
	memcpy(at, s, len);
	return at + len;
}

static char *
put_number(char *at, uint64_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	return put(at, digits + i, sizeof(digits) - i);
}

static char *
put_uri(char *at, const struct s3xml_object *o)
{
	at = put(at, "s3://", 5);
	at = put(at, run.bucket, run.bucket_len);
	*at++ = '/';
	return put(at, o->key, o->key_len);
}

/* o with its key as it is to be written. The key is valid until the next call. */
static struct s3xml_object
shown(const struct s3xml_object *o)
{
	static struct buf key;
	struct s3xml_object s = *o;

	/* some servers list folder markers without one */
	if (o->size == S3XML_NO_SIZE && o->key_len > 0 && o->key[o->key_len - 1] == '/')
		s.size = 0;
	if (run.to_terminal) {
		buf_reset(&key);
		printable_add(&key, o->key, o->key_len);
		s.key = buf_str(&key);
		s.key_len = key.len;
	}
	return s;
}

/* Makes room for the line of o and returns its place; line_end takes its end. */
static char *
line_begin(const struct s3xml_object *o, size_t etag_len, size_t mtime_len)
{
	return buf_room(&run.lines, run.bucket_len + o->key_len + etag_len + mtime_len + 64);
}

static int
line_end(char *at)
{
	*at++ = opt.nul ? '\0' : '\n';
	run.lines.len = (size_t)(at - run.lines.p);
	return run.lines.len < OUT_MAX && !run.failed ? 0 : write_out();
}

/* Only for people and for counting, so a key that would break the line is altered, not refused. */
static int
skip(const struct s3xml_object *object)
{
	const struct s3xml_object s = shown(object), *o = &s;
	char *at, *end;

	run.n.skipped++;
	if (!opt.show_skipped)
		return 0;
	at = put(line_begin(o, 0, 0), "-\t", 2);
	end = put_uri(at, o);
	for (; at < end; at++)
		if (*at == '\t' || *at == '\n')
			*at = '?';
	return line_end(end) == -1;
}

static int
take(void *arg, const struct s3xml_object *o)
{
	struct s3xml_object s;
	size_t etag_len, mtime_len;
	char *at;

	(void)arg;
	if (!matches(o->key, o->key_len))
		return skip(o);
	if (!opt.nul &&
	    (memchr(o->key, '\t', o->key_len) != NULL || memchr(o->key, '\n', o->key_len) != NULL))
		return fail(EXIT_FAILED, "the key holds a tab or a line feed; use -0", o->key);
	etag_len = strlen(o->etag);
	mtime_len = strlen(o->mtime);
	s = shown(o);
	if (opt.long_lines && s.size == S3XML_NO_SIZE)
		return fail(EXIT_FAILED, "listed without a Size", o->key);
	o = &s;
	at = put_uri(line_begin(o, etag_len, mtime_len), o);
	if (opt.long_lines) {
		*at++ = '\t';
		at = put_number(at, o->size);
		*at++ = '\t';
		at = put(at, o->etag, etag_len);
		*at++ = '\t';
		at = put(at, o->mtime, mtime_len);
	}
	if (line_end(at) == -1)
		return 1;
	if (o->size != S3XML_NO_SIZE)
		run.n.bytes +=
		    o->size < UINT64_MAX - run.n.bytes ? o->size : UINT64_MAX - run.n.bytes;
	return ++run.n.listed == opt.limit;
}

static int
list(struct s3 *s3, const struct uri *u, struct err *e)
{
	struct s3_list_opt lo = {.bucket = u->bucket,
	    .prefix = u->key,
	    .start_after = opt.start_after,
	    .retry_empty = opt.start_after != NULL || opt.allow_empty ? 0 : opt.retry_empty,
	    .requests = opt.limit != 0 && opt.limit <= FEW ? 1 : opt.cli.s3.connections,
	    .sorted = opt.order == ORDER_SORT,
	    .take = take,
	    .restart = opt.order == ORDER_AUTO ? take_back : NULL,
	    .pause = pause_writing};
	uint64_t n;
	int rc;

	run.bucket = u->bucket;
	run.bucket_len = strlen(u->bucket);
	run.before = run.n;
	run.written = 0;
	rc = s3_list(s3, &lo, &n, e);
	write_lines();
	if (rc == -1 && e->status == LIST_UNORDERED_STATUS && opt.order == ORDER_AUTO) {
		struct err why = *e;

		return err_set(e, why.status, "%s; list it with --order sort", why.text);
	}
	if (rc == -1)
		return -1;
	if (run.failed) {
		*e = run.error;
		return -1;
	}
	if (run.n.listed == run.before.listed && !opt.allow_empty && opt.start_after == NULL) {
		if (n == 0)
			return err_set(
			    e, EXIT_FAILED, "s3://%s/%s: there are no objects", u->bucket, u->key);
		return err_set(e, EXIT_FAILED, "s3://%s/%s: none of %llu objects matches",
		    u->bucket, u->key, (unsigned long long)n);
	}
	return 0;
}

static int
set_order(const char *s, struct err *e)
{
	static const char *const names[] = {"auto", "listed", "sort"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(s, names[i]) == 0) {
			opt.order = (enum order)i;
			return 0;
		}
	}
	return err_set(e, EXIT_USAGE, "--order %s: not auto, listed or sort", s);
}

static int
usage(const char *why)
{
	log_line(LOG_ERROR, NULL, "%s; see s3ls --help", why);
	return EXIT_USAGE;
}

static int
add_pattern(struct patterns *p, const char *s, struct err *e)
{
	if (p->n == PATTERNS_MAX)
		return err_set(e, EXIT_USAGE, "more than %d patterns", PATTERNS_MAX);
	p->p[p->n++] = s;
	return 0;
}

/* -1: e is filled; 0: go on; 1: help or version was printed. */
static int
options(int argc, char **argv, struct err *e)
{
	static const struct option longs[] = {
	    {"long", no_argument, NULL, 'l'},
	    {"null", no_argument, NULL, '0'},
	    {"suffix", required_argument, NULL, OPT_SUFFIX},
	    {"exclude", required_argument, NULL, OPT_EXCLUDE},
	    {"start-after", required_argument, NULL, OPT_START_AFTER},
	    {"limit", required_argument, NULL, OPT_LIMIT},
	    {"show-skipped", no_argument, NULL, OPT_SHOW_SKIPPED},
	    {"order", required_argument, NULL, OPT_ORDER},
	    {"connections", required_argument, NULL, OPT_CONNECTIONS},
	    {"retry-empty", required_argument, NULL, OPT_RETRY_EMPTY},
	    {"allow-empty", no_argument, NULL, OPT_ALLOW_EMPTY},
	    S3CLI_OPTIONS,
	    {0},
	};
	uint64_t n;
	int c, rc = 0;

	while (rc == 0 && (c = getopt_long(argc, argv, "l0" S3CLI_SHORT, longs, NULL)) != -1) {
		switch (c) {
		case 'l': opt.long_lines = 1; break;
		case '0': opt.nul = 1; break;
		case OPT_SUFFIX: rc = add_pattern(&opt.suffixes, optarg, e); break;
		case OPT_EXCLUDE: rc = add_pattern(&opt.excludes, optarg, e); break;
		case OPT_START_AFTER: opt.start_after = optarg; break;
		case OPT_LIMIT:
			if (num_parse(optarg, 1, UINT64_MAX, &opt.limit) == -1)
				rc = err_set(
				    e, EXIT_USAGE, "--limit %s: not a number from 1 on", optarg);
			break;
		case OPT_CONNECTIONS: rc = s3cli_connections(&opt.cli, optarg, e); break;
		case OPT_RETRY_EMPTY:
			if (num_parse(optarg, 0, 100, &n) == -1)
				rc = err_set(e, EXIT_USAGE,
				    "--retry-empty %s: not a number from 0 to 100", optarg);
			else
				opt.retry_empty = (unsigned)n;
			break;
		case OPT_ALLOW_EMPTY: opt.allow_empty = 1; break;
		case OPT_SHOW_SKIPPED: opt.show_skipped = 1; break;
		case OPT_ORDER: rc = set_order(optarg, e); break;
		default: rc = s3cli_option(&opt.cli, c, optarg, "s3ls", help, e);
		}
	}
	return rc;
}

static int
list_all(struct s3 *s3, int argc, char **argv)
{
	int status = EXIT_OK;

	for (int i = 0; i < argc; i++) {
		struct uri u;
		struct err e = {0};

		if (uri_parse(argv[i], strlen(argv[i]), &u, &e) == -1 || list(s3, &u, &e) == -1) {
			log_err(&e);
			if (status != LIST_UNORDERED_STATUS)
				status = e.status == LIST_UNORDERED_STATUS ? e.status : EXIT_FAILED;
		}
		uri_free(&u);
		if (run.failed)
			break;
		if (opt.limit != 0 && run.n.listed == opt.limit)
			break;
	}
	return status;
}

/* One wrong URI, and nothing is attempted. */
static int
check_uris(int argc, char **argv, struct err *e)
{
	for (int i = 0; i < argc; i++) {
		struct uri u;

		if (uri_parse(argv[i], strlen(argv[i]), &u, e) == -1)
			return -1;
		uri_free(&u);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct err e = {0};
	struct stats st;
	struct s3 *s3;
	int status;

	io_guard_stdio();
	s3cli_guard_memory();
	log_init("s3ls");
	stats_begin(&st, "s3ls");
	signal(SIGPIPE, SIG_IGN); /* write() reports it */
	opt.cli.s3.hedge_ms = -1;
	opt.cli.s3.connections = REQUESTS;
	opt.cli.s3.buffer_len = BUFFER;
	status = options(argc, argv, &e);
	if (status != 0) {
		if (status == 1)
			return log_close_stdout();
		log_err(&e);
		return e.status;
	}
	if (optind == argc)
		return usage("no s3:// URI given");
	if (check_uris(argc - optind, argv + optind, &e) == -1) {
		log_err(&e);
		return e.status;
	}
	run.to_terminal = isatty(STDOUT_FILENO);
	if ((run.out = outfile_open(NULL, &e)) == NULL || (s3 = s3_open(&opt.cli.s3, &e)) == NULL) {
		log_err(&e);
		return e.status;
	}
	log_line(LOG_INFO, NULL, "%s", s3_describe(s3));
	status = list_all(s3, argc - optind, argv + optind);
	if (outfile_commit(run.out, &e) == -1) {
		io_end_on_epipe();
		if (!run.failed)
			log_err(&e);
		status = EXIT_FAILED;
	}
	if (run.n.skipped > 0)
		log_line(LOG_INFO, NULL, "%llu objects skipped", (unsigned long long)run.n.skipped);
	stats_add_u64(&st, "objects", run.n.listed);
	stats_add_u64(&st, "skipped", run.n.skipped);
	stats_add_u64(&st, "bytes_listed", run.n.bytes);
	s3_add_stats(s3, &st);
	s3_close(s3);
	buf_free(&run.lines);
	if (stats_end(&st, opt.cli.stats, status, &e) == -1) {
		log_err(&e);
		status = EXIT_FAILED;
	}
	return status;
}
