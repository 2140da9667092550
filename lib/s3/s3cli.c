#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <curl/curlver.h>
#include <expat.h>
#include <jansson.h>
#include <openssl/crypto.h>

#include "base/log.h"
#include "base/num.h"
#include "base/version.h"
#include "s3/s3cli.h"

static const char shared_help[] =
    "      --endpoint-url URL   a server other than AWS\n"
    "      --region NAME        the bucket's region\n"
    "      --profile NAME       profile of the AWS config and credentials files\n"
    "      --no-sign-request    anonymous requests\n"
    "      --request-payer      the requester pays\n"
    "      --stats FILE         append a line of statistics (NDJSON) to FILE\n"
    "      --pace FILE          share one send schedule with other processes\n"
    "  -q, --quiet              errors only\n"
    "  -v, --verbose            print more messages; twice: still more\n"
    "  -h, --help               print this text\n"
    "  -V, --version            print the version\n";

void
s3cli_guard_memory(void)
{
	struct rlimit limit;

	if (getenv("SHEAF_DUMPABLE") != NULL)
		return;
	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = 0;
		(void)setrlimit(RLIMIT_CORE, &limit);
	}
/* LeakSanitizer attaches to the process */
#ifndef __SANITIZE_ADDRESS__
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* also where cores are piped to a program */
#endif
}

/* libcurl's version is that of the build: curl_version_info calls libraries that are left out when
 * it is linked statically. */
static void
print_version(const char *program)
{
	printf("%s (sheaf) %s\n", program, SHEAF_VERSION);
	printf("libcurl %s, OpenSSL %s, expat %s, jansson %s\n", LIBCURL_VERSION,
	    OpenSSL_version(OPENSSL_VERSION_STRING),
	    XML_ExpatVersion() + strcspn(XML_ExpatVersion(), "0123456789"), jansson_version_str());
}

int
s3cli_option(
    struct s3cli *cli, int c, const char *arg, const char *program, const char *help, struct err *e)
{
	switch (c) {
	case S3CLI_ENDPOINT_URL: cli->s3.endpoint_url = arg; return 0;
	case S3CLI_REGION: cli->s3.region = arg; return 0;
	case S3CLI_PROFILE: cli->s3.profile = arg; return 0;
	case S3CLI_NO_SIGN_REQUEST: cli->s3.no_sign_request = 1; return 0;
	case S3CLI_REQUEST_PAYER:
		if (arg != NULL && strcmp(arg, "requester") != 0)
			return err_set(e, EXIT_USAGE,
			    "--request-payer=%s: the only value is 'requester'", arg);
		cli->s3.request_payer = 1;
		return 0;
	case S3CLI_STATS: cli->stats = arg; return 0;
	case S3CLI_PACE: cli->s3.pace = arg; return 0;
	case 'q':
	case S3CLI_QUIET:
		cli->quiet = 1;
		log_set_level(LOG_ERROR);
		return 0;
	case 'v':
	case S3CLI_VERBOSE:
		cli->verbose++;
		log_set_level(cli->verbose > 1 ? LOG_DEBUG : LOG_INFO);
		return 0;
	case 'h':
	case S3CLI_HELP: printf("%s%s", help, shared_help); return 1;
	case 'V':
	case S3CLI_VERSION: print_version(program); return 1;
	default: return err_set(e, EXIT_USAGE, "see %s --help", program);
	}
}

int
s3cli_hedge(struct s3cli *cli, const char *arg, struct err *e)
{
	uint64_t ms;

	if (strcmp(arg, "off") == 0)
		cli->s3.hedge_ms = -1;
	else if (strcmp(arg, "auto") == 0)
		cli->s3.hedge_ms = 0;
	else if (num_parse(arg, 1, 600000, &ms) == 0)
		cli->s3.hedge_ms = (int)ms;
	else
		return err_set(e, EXIT_USAGE,
		    "--hedge %s: not 'off', 'auto' or a number of milliseconds", arg);
	return 0;
}

int
s3cli_connections(struct s3cli *cli, const char *arg, struct err *e)
{
	uint64_t n;

	if (num_parse(arg, 1, 1024, &n) == -1)
		return err_set(e, EXIT_USAGE, "--connections %s: not a number from 1 to 1024", arg);
	cli->s3.connections = (unsigned)n;
	return 0;
}
