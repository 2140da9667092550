/*
 * What a program run did: one JSON object on one line, appended to the file of --stats with a
 * single write, so that many processes may share a file. Fields and units: docs/work-folder.md.
 */
#ifndef SHEAF_BASE_STATS_H
#define SHEAF_BASE_STATS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct stats {
	const char *program; /* borrowed */
	int64_t start_ms;    /* Unix time */
	int64_t start_mono_ms;
	struct buf fields; /* what was added, ",\"name\":value" each */
};

/* Notes the time. */
void stats_begin(struct stats *s, const char *program);

void stats_add_u64(struct stats *s, const char *name, uint64_t value);
/* Escaped; bytes that are no UTF-8 become U+FFFD. */
void stats_add_str(struct stats *s, const char *name, const char *value);
/* As it stands. */
void stats_add_json(struct stats *s, const char *name, const char *json);

/*
 * Adds wall, CPU and peak memory, appends the line to path (NULL: no file, nothing written) and
 * frees s. status is the exit status that the program is about to give. 0, or -1 with e filled.
 */
int stats_end(struct stats *s, const char *path, int status, struct err *e);

/*
 * A histogram of durations in fixed memory: buckets grow by a factor of about 1.09 (8 to an octave)
 * from 1 us to 65 minutes; the last one also takes what is longer. Zero-initialised is empty.
 * Histograms of many processes add up bucket by bucket.
 */
enum { HIST_BUCKETS = 256 };

struct hist {
	uint64_t n;
	uint64_t max_us;
	uint64_t sum_us;
	uint64_t count[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t us);

/* The upper bound, in us, of bucket i. */
uint64_t hist_bound_us(unsigned i);

/* The value, in us, that a share q (0 to 1) of all is not above; 0 when empty; at most max_us. */
uint64_t hist_quantile_us(const struct hist *h, double q);

/* {"n":..,"p50":..,"p90":..,"p99":..,"max":..,"sum":..,"buckets":[[index,count],...]}, times in ms
 * with three decimals, only buckets that are not empty. */
void hist_json(struct buf *out, const struct hist *h);

/* Appends a JSON string with its quotes. */
void json_quote(struct buf *out, const char *s, size_t len);

#endif
