/*
 * s3put: stores a file or a stream as one S3 object and prints one JSON line about it. The object
 * appears complete or not at all; with --expect-size and --expect-crc32c only if all of the input
 * arrived.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/json.h"
#include "base/log.h"
#include "base/num.h"
#include "base/outfile.h"
#include "base/part.h"
#include "base/stats.h"
#include "s3/put/put_headers.h"
#include "s3/put/s3_put.h"
#include "s3/s3.h"
#include "s3/s3cli.h"
#include "work/summary.h"

enum { CONNECTIONS = 4 };

enum {
	OPT_SSE = S3CLI_OWN,
	OPT_SSE_KMS_KEY_ID,
	OPT_BUCKET_KEY,
	OPT_STORAGE_CLASS,
	OPT_CONTENT_TYPE,
	OPT_CACHE_CONTROL,
	OPT_IF_NONE_MATCH,
	OPT_IF_MATCH,
	OPT_ONLY_WRITER,
	OPT_METADATA,
	OPT_CHECKSUM,
	OPT_NO_MD5,
	OPT_PART_SIZE,
	OPT_EXPECT_SIZE,
	OPT_EXPECT_CRC32C,
	OPT_CONNECTIONS,
	OPT_ABOUT,
};

static struct {
	struct s3cli cli;
	struct s3_put_opt put;
	struct put_headers headers;
	struct buf if_match;
	const char *checksum; /* of --checksum-algorithm; NULL: not given */
	struct summary about;
	struct buf meta_about; /* sheaf-crc32c=... */
	const char *output;
} opt = {.cli.s3 = {.connections = CONNECTIONS, .hedge_ms = -1},
    .put = {.expect_size = -1, .expect_crc32c = -1}};

static volatile sig_atomic_t interrupted;

static const char help[] =
    "usage: s3put [options] FILE|- s3://BUCKET/KEY\n"
    "\n"
    "Stores FILE, or standard input, as an object, and prints one JSON line: uri, bytes, etag, "
    "crc32c, parts.\n"
    "\n"
    "      --content-type T     media type of the object\n"
    "      --cache-control V    Cache-Control of the object\n"
    "      --metadata K=V       user metadata; may be repeated\n"
    "      --storage-class C    STANDARD_IA, GLACIER_IR, ...\n"
    "      --sse AES256|aws:kms server-side encryption\n"
    "      --sse-kms-key-id ID  the key for aws:kms\n"
    "      --bucket-key         use the bucket's key for aws:kms\n"
    "      --if-none-match      store only if there is no object with that key\n"
    "      --if-match ETAG      replace only the object with this ETag\n"
    "      --only-writer        nobody else stores this object now: abort its unfinished uploads\n"
    "      --checksum-algorithm A  MD5, CRC32C or SHA256, sent with the data\n"
    "      --no-md5             the server's ETags look like MD5s and are none: do not compare\n"
    "      --expect-size N      store nothing unless there are N bytes\n"
    "      --expect-crc32c X    store nothing unless the CRC32C is X (8 hex digits)\n"
    "      --about FILE         output of csvcat --about: expect its size and CRC32C, store the "
    "latter as\n"
    "                           metadata sheaf-crc32c, add its other fields to the JSON line\n"
    "  -o, --output FILE        write the JSON line to FILE, which appears complete or not at all\n"
    "      --part-size N        bytes of a part (8M); larger bodies are sent in parts\n"
    "      --connections N      parts at once (4)\n";

static void
on_signal(int sig)
{
	if (interrupted) /* a second signal ends the program at once */
		part_end_by(sig);
	interrupted = 1;
}

static int
parse_crc32c(const char *arg, struct err *e)
{
	if (strlen(arg) != 8 || strspn(arg, "0123456789abcdefABCDEF") != 8)
		return err_set(e, EXIT_USAGE, "--expect-crc32c %s: not 8 hex digits", arg);
	opt.put.expect_crc32c = (int64_t)strtoul(arg, NULL, 16);
	return 0;
}

static int
parse_checksum(const char *arg, struct err *e)
{
	if (strcmp(arg, "MD5") != 0 && strcmp(arg, "CRC32C") != 0 && strcmp(arg, "SHA256") != 0)
		return err_set(
		    e, EXIT_USAGE, "--checksum-algorithm %s: not MD5, CRC32C or SHA256", arg);
	opt.checksum = arg;
	return 0;
}

static int
parse_size(
    const char *name, const char *arg, uint64_t min, uint64_t max, uint64_t *n, struct err *e)
{
	if (num_parse_bytes(arg, min, max, n) == -1)
		return err_set(e, EXIT_USAGE, "%s %s: not a number of bytes from %llu to %llu",
		    name, arg, (unsigned long long)min, (unsigned long long)max);
	return 0;
}

static int
take_about(const char *path, struct err *e)
{
	if (opt.meta_about.len > 0)
		return err_set(e, EXIT_USAGE, "--about: given more than once");
	if (summary_read(&opt.about, path, e) == -1 || parse_crc32c(opt.about.crc32c, e) == -1)
		return -1;
	opt.put.expect_size = (int64_t)opt.about.bytes;
	buf_addf(&opt.meta_about, "sheaf-crc32c=%s", opt.about.crc32c);
	return put_headers_metadata(&opt.headers, buf_str(&opt.meta_about), e);
}

/* S3 expects the ETag in quotes. */
static int
set_if_match(const char *etag, struct err *e)
{
	char tag[S3_ETAG_LEN];

	if (s3_etag_read(tag, etag, strlen(etag)) == -1 || tag[0] == '\0')
		return err_set(e, EXIT_USAGE, "--if-match '%.200s': not an ETag", etag);
	buf_reset(&opt.if_match);
	buf_addf(&opt.if_match, "\"%s\"", tag);
	opt.put.if_match = buf_str(&opt.if_match);
	return 0;
}

static int
own_option(int c, const char *arg, struct err *e)
{
	struct put_headers *h = &opt.headers;
	uint64_t n;

	switch (c) {
	case OPT_SSE: return put_headers_sse(h, arg, e);
	case OPT_SSE_KMS_KEY_ID: return put_headers_kms_key(h, arg, e);
	case OPT_BUCKET_KEY: return put_headers_bucket_key(h, e);
	case OPT_STORAGE_CLASS: return put_headers_add(h, "x-amz-storage-class", arg, e);
	case OPT_CONTENT_TYPE: return put_headers_add(h, "Content-Type", arg, e);
	case OPT_CACHE_CONTROL: return put_headers_add(h, "Cache-Control", arg, e);
	case OPT_IF_NONE_MATCH: opt.put.if_none_match = 1; return 0;
	case OPT_IF_MATCH: return set_if_match(arg, e);
	case OPT_ONLY_WRITER: opt.put.only_writer = 1; return 0;
	case OPT_CHECKSUM: return parse_checksum(arg, e);
	case OPT_NO_MD5: opt.put.no_md5 = 1; return 0;
	case OPT_METADATA: return put_headers_metadata(h, arg, e);
	case OPT_PART_SIZE:
		return parse_size(
		    "--part-size", arg, S3_PART_MIN, S3_PART_MAX, &opt.put.part_size, e);
	case OPT_EXPECT_SIZE:
		if (parse_size("--expect-size", arg, 0, S3_OBJECT_MAX, &n, e) == -1)
			return -1;
		opt.put.expect_size = (int64_t)n;
		return 0;
	case OPT_EXPECT_CRC32C: return parse_crc32c(arg, e);
	case OPT_ABOUT: return take_about(arg, e);
	case 'o': opt.output = arg; return 0;
	case OPT_CONNECTIONS: return s3cli_connections(&opt.cli, arg, e);
	default: return s3cli_option(&opt.cli, c, arg, "s3put", help, e);
	}
}

/* -1: e is filled; 0: go on; 1: help or version was printed. */
static int
options(int argc, char **argv, struct err *e)
{
	static const struct option longs[] = {
	    {"sse", required_argument, NULL, OPT_SSE},
	    {"sse-kms-key-id", required_argument, NULL, OPT_SSE_KMS_KEY_ID},
	    {"bucket-key", no_argument, NULL, OPT_BUCKET_KEY},
	    {"storage-class", required_argument, NULL, OPT_STORAGE_CLASS},
	    {"content-type", required_argument, NULL, OPT_CONTENT_TYPE},
	    {"cache-control", required_argument, NULL, OPT_CACHE_CONTROL},
	    {"if-none-match", no_argument, NULL, OPT_IF_NONE_MATCH},
	    {"if-match", required_argument, NULL, OPT_IF_MATCH},
	    {"only-writer", no_argument, NULL, OPT_ONLY_WRITER},
	    {"checksum-algorithm", required_argument, NULL, OPT_CHECKSUM},
	    {"no-md5", no_argument, NULL, OPT_NO_MD5},
	    {"metadata", required_argument, NULL, OPT_METADATA},
	    {"part-size", required_argument, NULL, OPT_PART_SIZE},
	    {"expect-size", required_argument, NULL, OPT_EXPECT_SIZE},
	    {"expect-crc32c", required_argument, NULL, OPT_EXPECT_CRC32C},
	    {"connections", required_argument, NULL, OPT_CONNECTIONS},
	    {"about", required_argument, NULL, OPT_ABOUT},
	    {"output", required_argument, NULL, 'o'},
	    S3CLI_OPTIONS,
	    {0},
	};
	int c, rc = 0;

	while (rc == 0 && (c = getopt_long(argc, argv, "o:" S3CLI_SHORT, longs, NULL)) != -1)
		rc = own_option(c, optarg, e);
	if (rc != 0)
		return rc;
	if (argc - optind != 2)
		return err_set(
		    e, EXIT_USAGE, "a FILE (or -) and an s3:// URI are needed; see s3put --help");
	if (opt.put.if_none_match && opt.put.if_match != NULL)
		return err_set(e, EXIT_USAGE, "--if-none-match and --if-match exclude each other");
	return put_headers_check(&opt.headers, e);
}

static int
open_source(const char *file, struct err *e)
{
	int fd;

	if (strcmp(file, "-") == 0)
		return STDIN_FILENO;
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) == -1)
		return err_errno(e, EXIT_FAILED, "%s", file);
	return fd;
}

/* Set by the option, else by the settings. */
static enum checksum_algorithm
checksum_of(const struct s3 *s3)
{
	if (opt.checksum == NULL)
		return s3_sends_checksums(s3) ? CHECKSUM_CRC32C : CHECKSUM_NONE;
	return strcmp(opt.checksum, "CRC32C") == 0 ? CHECKSUM_CRC32C
	    : strcmp(opt.checksum, "SHA256") == 0  ? CHECKSUM_SHA256
						   : CHECKSUM_NONE;
}

static int
print_result(const char *uri, const struct s3_put_result *r, struct outfile *out, struct err *e)
{
	struct buf line = {0};
	int rc;

	buf_adds(&line, "{\"uri\":");
	json_quote(&line, uri, strlen(uri));
	buf_addf(&line, ",\"bytes\":%llu,\"etag\":", (unsigned long long)r->bytes);
	json_quote(&line, r->etag, strlen(r->etag));
	buf_addf(&line, ",\"crc32c\":\"%08x\",\"parts\":%u%s", (unsigned)r->crc32c, r->parts,
	    r->existed ? ",\"existed\":true" : "");
	if (opt.about.rest.len > 0) {
		buf_addc(&line, ',');
		buf_add(&line, opt.about.rest.p, opt.about.rest.len);
	}
	buf_adds(&line, "}\n");
	rc = outfile_write(out, line.p, line.len, e);
	buf_free(&line);
	return rc;
}

static void
catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN); /* write() reports it */
}

/* Everything between the options and the statistics. Returns the exit status. */
static int
run(const char *file, const char *uri, struct stats *st)
{
	struct s3_put_result res = {0};
	struct err e = {0};
	struct s3 *s3 = NULL;
	struct outfile *out = NULL;
	int fd = -1, ok = 0;

	if (uri_parse(uri, strlen(uri), &opt.put.uri, &e) == -1)
		goto out;
	if (opt.put.uri.key[0] == '\0') {
		err_set(&e, EXIT_USAGE, "%s: names a bucket, not an object", uri);
		goto out;
	}
	if ((fd = open_source(file, &e)) == -1 || (out = outfile_open(opt.output, &e)) == NULL ||
	    (s3 = s3_open(&opt.cli.s3, &e)) == NULL)
		goto out;
	log_line(LOG_INFO, NULL, "%s", s3_describe(s3));
	opt.put.headers = opt.headers.list;
	opt.put.n_headers = opt.headers.n;
	opt.put.meta_crc32c = opt.headers.meta_crc32c;
	opt.put.checksum = checksum_of(s3);
	opt.put.connections = opt.cli.s3.connections;
	if (s3_put(s3, &opt.put, fd, fd == STDIN_FILENO ? "standard input" : file, &interrupted,
		&res, &e) == 0)
		ok = print_result(uri, &res, out, &e) == 0;
	stats_add_u64(st, "objects", (uint64_t)ok);
	stats_add_u64(st, "failed", (uint64_t)!ok);
	stats_add_u64(st, "bytes_out", res.bytes);
	s3_add_stats(s3, st);
out:
	if (ok) { /* stored, so only reporting it can fail now */
		ok = outfile_commit(out, &e) == 0;
		out = NULL;
	}
	outfile_abort(out);
	if (!ok)
		log_err(&e);
	s3_close(s3);
	if (fd > STDERR_FILENO)
		close(fd);
	uri_free(&opt.put.uri);
	return ok ? EXIT_OK : e.status;
}

int
main(int argc, char **argv)
{
	struct err e = {0};
	struct stats st;
	int status;

	io_guard_stdio();
	s3cli_guard_memory();
	log_init("s3put");
	stats_begin(&st, "s3put");
	catch_signals();
	status = options(argc, argv, &e);
	if (status == 1)
		return log_close_stdout();
	if (status == -1) {
		log_err(&e);
		return e.status;
	}
	status = run(argv[optind], argv[optind + 1], &st);
	if (stats_end(&st, opt.cli.stats, status, &e) == -1) {
		log_err(&e);
		status = EXIT_FAILED;
	}
	put_headers_free(&opt.headers);
	buf_free(&opt.if_match);
	buf_free(&opt.meta_about);
	summary_free(&opt.about);
	return status;
}
