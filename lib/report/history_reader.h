/*
 * What the parts of lib/report/history share while a folder is read. Not for others.
 */
#ifndef SHEAF_REPORT_HISTORY_READER_H
#define SHEAF_REPORT_HISTORY_READER_H

#include <jansson.h>

#include "report/history.h"

struct history_reader {
	struct history *r;
	size_t cap_spans, cap_batches;
	size_t n_old; /* receipts without the fields of today */
};

/* Counts a problem and keeps its text, while there are few. */
void history_problem(struct history *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The integer of that name; 0 where there is none, or it is negative. */
uint64_t history_number(const json_t *o, const char *name);

/* A copy of the string of that name, cut to max bytes; NULL where there is none. */
char *history_string(const json_t *o, const char *name, size_t max);

/* "2026-11-23T13:45:00.123Z", the fraction optional; 0 when it is not. */
int64_t history_time_ms(const char *s);

/* batches[batch], or NULL for HISTORY_LISTING. */
struct history_batch *history_batch_at(struct history *r, uint32_t batch);

/* Adds what a file of stats says, line by line. */
void history_take_stats(struct history_reader *d, const char *path, uint32_t batch);

/* Adds the last events of a log. */
void history_take_events(struct history_reader *d, const char *path, uint32_t batch);

/* From the spans: attempts, sessions, series, what ran at once, the slowest. */
void history_measure(struct history *r);

#endif
