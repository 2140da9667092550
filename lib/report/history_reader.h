/*
 * What the parts of lib/report/history share while a folder is read. Not for others.
 */
#ifndef SHEAF_REPORT_HISTORY_READER_H
#define SHEAF_REPORT_HISTORY_READER_H

#include <jansson.h>

#include "report/history.h"

struct run_reader {
	struct run *r;
	size_t cap_spans, cap_batches;
	size_t n_old; /* receipts without the fields of today */
};

/* Counts a problem and keeps its text, while there are few. */
void run_problem(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The integer of that name; 0 where there is none, or it is negative. */
uint64_t run_number(const json_t *o, const char *name);

/* A copy of the string of that name, cut to max bytes; NULL where there is none. */
char *run_string(const json_t *o, const char *name, size_t max);

/* "2026-11-23T13:45:00.123Z", the fraction optional; 0 when it is not. */
int64_t run_time_ms(const char *s);

/* batches[batch], or NULL for RUN_LISTING. */
struct run_batch *run_batch_at(struct run *r, uint32_t batch);

/* Adds what a file of stats says, line by line. */
void run_take_stats(struct run_reader *d, const char *path, uint32_t batch);

/* Adds the last events of a log. */
void run_take_events(struct run_reader *d, const char *path, uint32_t batch);

/* From the spans: attempts, sessions, series, what ran at once, the slowest. */
void run_measure(struct run *r);

#endif
