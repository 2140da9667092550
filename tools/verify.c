/*
 * verify: is every object of a plan in exactly one merged object, with all its rows? Reads a work
 * folder (plan, ledgers, rejects, receipts) and, as --dest, what `s3ls -l` lists under DEST; with
 * --deep also the merged objects themselves, as the tar stream that s3get makes of them. Names each
 * discrepancy, or prints one line of totals. It writes nothing and asks no server.
 */
#include <getopt.h>
#include <gnu/libc-version.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/version.h"
#include "sums/crc32c.h"
#include "work/audit.h"
#include "work/audit_batch.h"
#include "work/audit_dest.h"
#include "work/audit_rows.h"
#include "work/share.h"

enum {
	OPT_DEST = 256,
	OPT_PREFIX,
	OPT_DEEP,
	OPT_PREDICT,
	OPT_REJECTS_MAX,
	OPT_NO_SANDBOX,
	OPT_HELP,
	OPT_VERSION,
};

static struct {
	const char *work, *dest_list, *prefix, *rejects_max;
	int deep, predict, no_sandbox;
} opt;

static const char help[] =
    "usage: verify [--dest FILE [--prefix URI]] [--deep] [--predict] WORK\n"
    "\n"
    "Compares the plan, the ledgers and the receipts of a work folder with each other and,\n"
    "with --dest, with what s3ls -l lists under DEST. Names each discrepancy and ends with 1,\n"
    "or prints the totals.\n"
    "\n"
    "      --dest FILE          the listing of DEST\n"
    "      --prefix URI         the listing is of URI, a second destination\n"
    "      --deep               check each row: standard input is the tar stream of the merged\n"
    "                           objects, from s3get\n"
    "      --rejects-max SHARE  more objects left out than that are a discrepancy: 5, or 0.5% of\n"
    "                           all listed\n"
    "      --predict            print, instead of totals, the size and the CRC32C of all merged\n"
    "                           objects as one file, as JSON for s3put --about\n"
    "      --no-sandbox         keep rights that are not needed (see verify(1))\n"
    "      --help, --version\n";

static void
tell(void *arg, const char *discrepancy)
{
	(void)arg;
	log_line(LOG_ERROR, NULL, "%s", discrepancy);
}

static void
check_rejects(struct audit *a)
{
	uint64_t listed = a->all.objects + a->rejected, allowed;
	struct share max;

	if (opt.rejects_max == NULL || share_parse(&max, opt.rejects_max) == -1)
		return;
	allowed = share_of(&max, listed);
	if (a->rejected > allowed)
		audit_problem(a,
		    "%llu of %llu objects were left out, and REJECTS_MAX=%s allows %llu; see "
		    "%s/rejects.tsv for the reasons",
		    (unsigned long long)a->rejected, (unsigned long long)listed, opt.rejects_max,
		    (unsigned long long)allowed, opt.work);
}

static int
check(struct audit *a, struct err *e)
{
	if (audit_begin(a, opt.work, opt.prefix, tell, NULL, e) == -1 || audit_plan(a, e) == -1)
		return -1;
	audit_batch_all(a);
	check_rejects(a);
	if (opt.dest_list != NULL && audit_dest(a, opt.dest_list, e) == -1)
		return -1;
	return opt.deep ? audit_rows(a, STDIN_FILENO, e) : 0;
}

/* The batches as one file, the first header and then all rows, in the form of csvcat --about. */
static void
print_prediction(const struct audit *a)
{
	static const struct receipt none;
	const struct receipt *first = &none;
	const struct audit_sums *all = &a->all;
	uint64_t bytes;

	for (uint32_t n = 0; n < a->n_batches && first->header_bytes == 0; n++)
		first = &a->batches[n].receipt;
	bytes = first->header_bytes + all->bytes;
	printf("{\"objects\":%llu,\"rows\":%llu,\"bytes\":%llu,\"crc32c\":\"%08x\","
	       "\"header_bytes\":%llu,\"header_crc32c\":\"%08x\"}\n",
	    (unsigned long long)all->objects, (unsigned long long)all->rows,
	    (unsigned long long)bytes,
	    (unsigned)crc32c_combine(first->header_crc32c, all->crc32c, all->bytes),
	    (unsigned long long)first->header_bytes, (unsigned)first->header_crc32c);
}

static void
print_totals(const struct audit *a)
{
	char max[40] = "";

	if (a->rejected > 0 && opt.rejects_max != NULL)
		snprintf(max, sizeof(max), " (REJECTS_MAX=%s)", opt.rejects_max);
	printf("%llu objects, %llu left out%s, %llu rows and %llu bytes in %lu merged objects: "
	       "nothing is missing",
	    (unsigned long long)a->all.objects, (unsigned long long)a->rejected, max,
	    (unsigned long long)a->all.rows, (unsigned long long)a->bytes,
	    (unsigned long)a->n_batches);
	if (a->rejected > 0)
		printf(" except the %llu left out", (unsigned long long)a->rejected);
	putchar('\n');
}

/* Before the work folder is read. It writes nothing but its messages. */
static void
enter_sandbox(void)
{
	struct sandbox *s = sandbox_new();

	sandbox_append(s, getenv("SHEAF_LOG"));
	(void)sandbox_enter(s);
	sandbox_free(s);
}

/* With the libraries that are linked in, which updates of the system do not reach. */
static void
print_version(void)
{
	printf("verify (sheaf) " SHEAF_VERSION "\njansson %s, glibc %s\n", jansson_version_str(),
	    gnu_get_libc_version());
}

static int
usage(void)
{
	log_line(LOG_ERROR, NULL, "name one work folder, and options as in verify --help");
	return -1;
}

static int
options(int argc, char **argv)
{
	static const struct option longs[] = {
	    {"dest", required_argument, NULL, OPT_DEST},
	    {"prefix", required_argument, NULL, OPT_PREFIX},
	    {"deep", no_argument, NULL, OPT_DEEP},
	    {"predict", no_argument, NULL, OPT_PREDICT},
	    {"rejects-max", required_argument, NULL, OPT_REJECTS_MAX},
	    {"no-sandbox", no_argument, NULL, OPT_NO_SANDBOX},
	    {"help", no_argument, NULL, OPT_HELP},
	    {"version", no_argument, NULL, OPT_VERSION},
	    {0},
	};
	struct share share;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case OPT_DEST: opt.dest_list = optarg; break;
		case OPT_PREFIX: opt.prefix = optarg; break;
		case OPT_DEEP: opt.deep = 1; break;
		case OPT_PREDICT: opt.predict = 1; break;
		case OPT_REJECTS_MAX:
			if (share_parse(&share, opt.rejects_max = optarg) == 0)
				break;
			log_line(LOG_ERROR, NULL,
			    "--rejects-max %s: neither a number of objects nor a percentage such "
			    "as "
			    "0.5%%",
			    optarg);
			return -1;
		case OPT_NO_SANDBOX: opt.no_sandbox = 1; break;
		case OPT_HELP: fputs(help, stdout); return 1;
		case OPT_VERSION: print_version(); return 1;
		default: return usage();
		}
	}
	if (argc - optind != 1)
		return usage();
	opt.work = argv[optind];
	return 0;
}

int
main(int argc, char **argv)
{
	struct audit a = {0};
	struct err e = {0};
	int status;

	io_guard_stdio();
	log_init("verify");
	status = options(argc, argv);
	if (status == 1)
		return log_close_stdout();
	if (status == -1)
		return EXIT_USAGE;
	if (!opt.no_sandbox)
		enter_sandbox();
	if (check(&a, &e) == -1)
		audit_problem(&a, "%s", e.text);
	if (a.problems == 0 && opt.predict)
		print_prediction(&a);
	else if (a.problems == 0)
		print_totals(&a);
	else
		fprintf(stderr, "verify: %llu discrepancies\n", (unsigned long long)a.problems);
	status = a.problems == 0 ? EXIT_OK : EXIT_FAILED;
	audit_end(&a);
	return log_close_stdout() == EXIT_OK ? status : EXIT_FAILED;
}
