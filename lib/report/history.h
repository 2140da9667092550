/*
 * What a work folder says about its run (docs/work-folder.md), read once into one struct from which
 * every format of the report is made. Files that are missing, broken or of another version are told
 * as problems; the rest is read all the same. Times are Unix time in ms; 0: not known.
 */
#ifndef SHEAF_REPORT_HISTORY_H
#define SHEAF_REPORT_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hist.h"

enum run_program { RUN_S3LS, RUN_S3GET, RUN_CSVCAT, RUN_S3PUT, RUN_PROGRAMS };

/* Why a request was sent again; what the table of docs/work-folder.md does not have is "other". */
enum { RUN_CAUSES = 8 };

/* Of a batch. Begun: it is under way, or was when its run ended. */
enum run_state { RUN_LEFT, RUN_BEGUN, RUN_FAILED, RUN_DONE, RUN_STATES };

/* Instead of a batch's number: of the listing, the claims, the single object, the ledgers. */
#define RUN_LISTING UINT32_MAX

enum {
	RUN_PROBLEMS_MAX = 100,
	RUN_SETTINGS_MAX = 32,
	RUN_REJECTS_MAX = 1000,
	RUN_EVENTS_MAX = 2000,
	RUN_SLOWEST_MAX = 10,
	RUN_BINS_MAX = 120,
};

extern const char *const run_program_names[RUN_PROGRAMS];
extern const char *const run_cause_names[RUN_CAUSES];
extern const char *const run_state_names[RUN_STATES];

/* Sums over all attempts. */
struct run_counts {
	uint64_t bytes_in, requests, retries, throttled, hedged;
	uint64_t causes[RUN_CAUSES];
};

/* One batch: what its stats, its receipt and its failure say. */
struct run_batch {
	char name[16];
	enum run_state state;
	uint32_t attempts;
	int64_t start_ms, end_ms; /* of the last attempt */
	int64_t get_ms, put_ms;	  /* of which s3get and s3put ran */
	uint64_t objects, rows, bytes, rejected;
	uint64_t latency_max_us; /* its slowest GET */
	struct run_counts counts;
	char *uri, *etag, *crc32c; /* of the merged object; owned; NULL where it is not done */
	char *cause;		   /* of its failure; owned; NULL where it has not failed */
};

/* One program's run. */
struct run_span {
	int64_t start_ms, end_ms;
	uint32_t batch; /* its number in batches, or RUN_LISTING */
	uint32_t maxrss_kb;
	uint64_t objects, retries;
	enum run_program program;
};

/* A batch was made, or it was tried. */
struct run_attempt {
	int64_t start_ms, end_ms;
	uint32_t batch;
	int last; /* of that batch */
};

/* A stretch of time in which programs ran; in between nothing ran for more than a minute. */
struct run_session {
	int64_t start_ms, end_ms;
};

/* How the run went over time: bins of step_ms, through the sessions put end to end. */
struct run_series {
	int64_t step_ms;
	size_t n;
	double objects[RUN_BINS_MAX]; /* delivered by s3get in this bin */
	double batches[RUN_BINS_MAX]; /* at once, on average */
	double retries[RUN_BINS_MAX];
};

struct run_setting {
	char *name, *value; /* owned */
};

/* An object that was left out. */
struct run_reject {
	uint32_t batch;
	char *uri, *reason; /* owned */
};

/* A line of a log; owned, NULL where the line has none. */
struct run_event {
	uint32_t batch;
	char *time, *level, *program, *uri, *message;
};

/* What failed besides batches: the listing, the comparison of headers. */
struct run_failure {
	char what[16];
	char *cause; /* owned */
};

struct run {
	char *work;	   /* owned */
	const char *state; /* none, running, done, failed, interrupted, killed, unknown */
	struct run_setting settings[RUN_SETTINGS_MAX];
	size_t n_settings;
	int64_t started_ms, ended_ms; /* the last run, by WORK/status */
	uint64_t jobs;
	int listing_complete;
	uint64_t objects_listed, bytes_listed, skipped;
	struct run_batch *batches; /* by name; owned */
	size_t n_batches, n_state[RUN_STATES];
	uint64_t objects, rows, bytes_out, rejected;
	struct run_counts counts;
	uint64_t requests_get, requests_put, requests_list, requests_head, requests_other;
	uint64_t connections, tls_handshakes, tls_resumed;
	struct hist latency;	     /* of s3get's requests */
	uint64_t latency_sum_us;     /* of all programs' requests */
	uint64_t runs[RUN_PROGRAMS]; /* how often each program ran */
	uint64_t cpu_ms[RUN_PROGRAMS];
	uint64_t maxrss_kb[RUN_PROGRAMS];
	struct run_span *spans;	      /* owned; by start */
	struct run_attempt *attempts; /* owned; by start */
	struct run_session *sessions; /* owned */
	size_t n_spans, n_attempts, n_sessions;
	struct run_series series;
	uint64_t busy_ms;	 /* at least one program ran */
	uint64_t rss_at_once_kb; /* the peaks of programs that ran at once, added up */
	size_t batches_at_once;
	int64_t last_run_start_ms, last_run_end_ms; /* first start and last end of its programs */
	uint32_t slowest[RUN_SLOWEST_MAX];	    /* done batches, slowest first */
	size_t n_slowest;
	struct run_failure failures[4];
	size_t n_failures;
	struct run_reject *rejects; /* owned; the first RUN_REJECTS_MAX */
	size_t n_rejects;
	struct run_event *events; /* owned; by batch, then as logged; RUN_EVENTS_MAX at most */
	size_t n_events;
	char *problems[RUN_PROBLEMS_MAX]; /* owned */
	size_t n_problems;		  /* may be more: the rest is only counted */
};

/* Reads the folder. NULL with e filled (EXIT_USAGE) when it is no work folder at all. */
struct run *run_read(const char *work, struct err *e);
void run_free(struct run *r);

/* NULL where the folder has no such setting. Points into r. */
const char *run_setting(const struct run *r, const char *name);

#endif
