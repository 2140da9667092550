/*
 * What a work folder says about its run (docs/work-folder.md), read once into one struct from which
 * every format of the report is made. Files that are missing, broken or of another version are
 * problems; the rest is read all the same. Times are Unix time in ms; 0 is unknown.
 */
#ifndef SHEAF_REPORT_HISTORY_H
#define SHEAF_REPORT_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hist.h"
#include "http/fetch_cause.h"
#include "work/batch_name.h"
#include "work/values.h"

enum history_program {
	HISTORY_S3LS,
	HISTORY_S3GET,
	HISTORY_CSVCAT,
	HISTORY_S3PUT,
	HISTORY_PROGRAMS
};

/* Of a batch. Begun: in progress, or was when its run ended. */
enum history_state { HISTORY_LEFT, HISTORY_BEGUN, HISTORY_FAILED, HISTORY_DONE, HISTORY_STATES };

/* In place of a batch's index: the listing, the claims, the single object, the ledgers. */
#define HISTORY_LISTING UINT32_MAX

enum {
	HISTORY_PROBLEMS_MAX = 100,
	HISTORY_REJECTS_MAX = 1000,
	HISTORY_EVENTS_MAX = 2000,
	HISTORY_SLOWEST_MAX = 10,
	HISTORY_BINS_MAX = 120,
	HISTORY_SPANS_MAX = 2000000,
};

/* Larger numbers in files count as this one, so that sums and times stay in range. */
#define HISTORY_NUMBER_MAX INT64_C(1000000000000000)

extern const char *const history_program_names[HISTORY_PROGRAMS];
extern const char *const history_state_names[HISTORY_STATES];

/* Sums over all attempts. */
struct history_counts {
	uint64_t bytes_in, requests, retries, throttled, hedged;
	uint64_t causes[FETCH_CAUSES];
};

/* One batch: what its stats, its receipt and its failure say. */
struct history_batch {
	char name[BATCH_NAME_SIZE];
	uint32_t number;
	enum history_state state;
	uint32_t attempts;
	int64_t start_ms, end_ms; /* of the last attempt */
	int64_t get_ms, put_ms;	  /* time that s3get and s3put took of it */
	uint64_t objects, rows, bytes, rejected;
	uint64_t planned;	 /* objects; 0 where keys/complete does not say it */
	int is_unreadable;	 /* done, but its receipt does not say with how many objects */
	uint64_t latency_max_us; /* its slowest GET */
	struct history_counts counts;
	char *uri, *etag; /* of the merged object; owned; NULL where it is not done */
	char crc32c[9];	  /* the same; "" where it is not done */
	char *cause;	  /* of its failure; owned; NULL where it has not failed */
};

/* One program's run. */
struct history_span {
	int64_t start_ms, end_ms;
	uint32_t batch; /* its index in batches, or HISTORY_LISTING */
	uint32_t maxrss_kb;
	uint64_t objects, retries;
	enum history_program program;
};

/* An attempt to make a batch. */
struct history_attempt {
	int64_t start_ms, end_ms;
	uint32_t batch;
	int last; /* of that batch */
};

/* A period in which programs ran. Between two of them nothing ran for more than a minute. */
struct history_session {
	int64_t start_ms, end_ms;
};

/* The run over time: bins of step_ms, with the sessions end to end. */
struct history_series {
	int64_t step_ms;
	size_t n;
	double objects[HISTORY_BINS_MAX]; /* delivered by s3get in this bin */
	double batches[HISTORY_BINS_MAX]; /* at once, on average */
	double retries[HISTORY_BINS_MAX];
};

/* An object that was left out. */
struct history_reject {
	uint32_t batch;
	char *uri, *reason; /* owned */
};

/* A line of a log; owned, NULL where the line has none. */
struct history_event {
	uint32_t batch;
	char *time, *level, *program, *uri, *message;
};

/* What failed besides batches: the listing, the header check. */
struct history_failure {
	char what[16];
	char *cause; /* owned */
};

struct history {
	char *work;	   /* owned */
	const char *state; /* none, running, done, failed, interrupted, killed, unknown */
	struct values settings;
	int64_t started_ms, ended_ms; /* the last run, by WORK/status */
	uint64_t jobs;
	int listing_complete;
	uint64_t objects_listed, bytes_listed, skipped;
	struct history_batch *batches; /* by name; owned */
	size_t n_batches, n_state[HISTORY_STATES];
	uint64_t objects, rows, bytes_out, rejected;
	char *rejects_max; /* what the last run was told; owned, NULL where it is not known */
	uint64_t
	    missing; /* objects that should have been merged or left out by now, and were not */
	struct history_counts counts;
	uint64_t requests_get, requests_put, requests_list, requests_head, requests_other;
	uint64_t connections, tls_handshakes, tls_resumed;
	struct hist latency;		 /* of s3get's requests */
	uint64_t latency_sum_us;	 /* of all programs' requests */
	uint64_t runs[HISTORY_PROGRAMS]; /* how often each program ran */
	uint64_t cpu_ms[HISTORY_PROGRAMS];
	uint64_t maxrss_kb[HISTORY_PROGRAMS];
	struct history_span *spans;	  /* owned; by start */
	struct history_attempt *attempts; /* owned; by start */
	struct history_session *sessions; /* owned */
	size_t n_spans, n_attempts, n_sessions;
	struct history_series series;
	uint64_t busy_ms;	 /* at least one program ran */
	uint64_t rss_at_once_kb; /* the peaks of programs that ran at once, added up */
	size_t batches_at_once;
	int64_t last_run_start_ms, last_run_end_ms; /* first start and last end of its programs */
	uint32_t slowest[HISTORY_SLOWEST_MAX];	    /* done batches, slowest first */
	size_t n_slowest;
	struct history_failure failures[4];
	size_t n_failures;
	struct history_reject *rejects; /* owned; the first HISTORY_REJECTS_MAX */
	size_t n_rejects;
	struct history_event
	    *events; /* owned; by batch, then as logged; HISTORY_EVENTS_MAX at most */
	size_t n_events;
	char *problems[HISTORY_PROBLEMS_MAX]; /* owned */
	size_t n_problems;		      /* may be more: the rest is only counted */
};

/* Reads the folder. NULL with e filled (EXIT_USAGE) where it is not a work folder. */
struct history *history_read(const char *work, struct err *e);
void history_free(struct history *r);

/* NULL where the folder has no such setting. Points into r. */
const char *history_setting(const struct history *r, const char *name);

#endif
