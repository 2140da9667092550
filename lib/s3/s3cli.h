/*
 * The options that the S3 programs share, with their help text. A program puts S3CLI_OPTIONS into
 * its long options and passes the options it does not know to s3cli_option.
 */
#ifndef SHEAF_S3_S3CLI_H
#define SHEAF_S3_S3CLI_H

#include <getopt.h>

#include "base/err.h"
#include "s3/s3.h"

struct s3cli {
	struct s3_opt s3;
	const char *stats; /* file of --stats; NULL: none */
	int verbose;
	int quiet;
};

enum {
	S3CLI_FIRST = 256,
	S3CLI_ENDPOINT_URL = S3CLI_FIRST,
	S3CLI_REGION,
	S3CLI_PROFILE,
	S3CLI_NO_SIGN_REQUEST,
	S3CLI_REQUEST_PAYER,
	S3CLI_STATS,
	S3CLI_PACE,
	S3CLI_QUIET,
	S3CLI_VERBOSE,
	S3CLI_HELP,
	S3CLI_VERSION,
	S3CLI_OWN, /* a program's own long-only options begin here */
};

/* The short options; a program's short option string ends with them. */
#define S3CLI_SHORT "qvhV"

#define S3CLI_OPTIONS                                                                              \
	{"endpoint-url", required_argument, NULL, S3CLI_ENDPOINT_URL},                             \
	    {"region", required_argument, NULL, S3CLI_REGION},                                     \
	    {"profile", required_argument, NULL, S3CLI_PROFILE},                                   \
	    {"no-sign-request", no_argument, NULL, S3CLI_NO_SIGN_REQUEST},                         \
	    {"request-payer", optional_argument, NULL, S3CLI_REQUEST_PAYER},                       \
	    {"stats", required_argument, NULL, S3CLI_STATS},                                       \
	    {"pace", required_argument, NULL, S3CLI_PACE},                                         \
	    {"quiet", no_argument, NULL, S3CLI_QUIET},                                             \
	    {"verbose", no_argument, NULL, S3CLI_VERBOSE},                                         \
	    {"help", no_argument, NULL, S3CLI_HELP},                                               \
	{                                                                                          \
		"version", no_argument, NULL, S3CLI_VERSION                                        \
	}

/*
 * Takes a shared option, c and arg as from getopt_long. 0: taken; 1: help (the program's own text,
 * then that of the shared options) or version was printed, and the program ends with 0; -1: misuse,
 * e is filled.
 */
int s3cli_option(struct s3cli *cli, int c, const char *arg, const char *program, const char *help,
    struct err *e);

/*
 * Keeps secrets out of core dumps, and other processes of the user from reading memory. Called at
 * the start of a program. The environment variable SHEAF_DUMPABLE, set to anything, prevents this,
 * for debugging.
 */
void s3cli_guard_memory(void);

/* "off", "auto" or a number of ms into s3_opt's hedge_ms. */
int s3cli_hedge(struct s3cli *cli, const char *arg, struct err *e);

/* "--connections N": 1 to 1,024. */
int s3cli_connections(struct s3cli *cli, const char *arg, struct err *e);

#endif
