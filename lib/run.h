/*
 * What a work folder says about its run (docs/work-folder.md), read once into one struct from which
 * every format of the report is made. Files that are missing, broken or of another version are told
 * as problems; the rest is read all the same.
 */
#ifndef SHEAF_RUN_H
#define SHEAF_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "stats.h"

enum run_program { RUN_S3LS, RUN_S3GET, RUN_CSVCAT, RUN_S3PUT, RUN_PROGRAMS };

enum { RUN_CAUSES_MAX = 16, RUN_PROBLEMS_MAX = 100, RUN_CAUSE_LEN = 300 };

struct run_cause {
	char name[32];
	uint64_t count;
};

/* One batch: what its stats, its receipt and its failure say. */
struct run_batch {
	char name[16];
	int done, failed;
	int64_t start_ms; /* Unix time of its first program; 0: none ran */
	int64_t end_ms;	  /* of the end of its last */
	uint64_t objects, rows, bytes;
	uint64_t retries, throttled;
	char *uri, *etag, *crc32c; /* of the merged object; owned; NULL where it is not done */
	char *cause;		   /* of its failure; owned; NULL where it has not failed */
};

struct run {
	char *work; /* owned, as all strings here */
	char *state, *src, *dest, *started, *ended;
	uint64_t jobs;
	int listing_complete;
	uint64_t objects_listed, bytes_listed, skipped;
	struct run_batch *batches; /* by name; owned */
	size_t n_batches, n_done, n_failed;
	uint64_t objects, rows, bytes_in, bytes_out, rejected;
	uint64_t requests, requests_get, requests_put, requests_list, requests_head, requests_other;
	uint64_t retries, throttled, hedged, connections, tls_handshakes, tls_resumed;
	struct run_cause causes[RUN_CAUSES_MAX];
	size_t n_causes;
	struct hist latency;	       /* of s3get's requests */
	uint64_t runs[RUN_PROGRAMS];   /* how often each program ran */
	uint64_t cpu_ms[RUN_PROGRAMS]; /* user and system */
	uint64_t maxrss_kb[RUN_PROGRAMS];
	int64_t first_ms,
	    last_ms; /* Unix time: of the first start and the last end of a program; 0: none ran */
	uint64_t busy_ms; /* time in which at least one program ran */
	char *problems[RUN_PROBLEMS_MAX];
	size_t n_problems; /* may be more than RUN_PROBLEMS_MAX: the rest is only counted */
};

extern const char *const run_program_names[RUN_PROGRAMS];

/* Reads the folder. NULL with e filled (EXIT_USAGE) when it is no work folder at all. */
struct run *run_read(const char *work, struct err *e);
void run_free(struct run *r);

#endif
