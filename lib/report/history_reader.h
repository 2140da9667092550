/*
 * What the parts of lib/report/history share while a folder is read. Not for others.
 */
#ifndef SHEAF_REPORT_HISTORY_READER_H
#define SHEAF_REPORT_HISTORY_READER_H

#include <jansson.h>

#include "report/history.h"
#include "work/plan.h"
#include "work/work_folder.h"

struct history_reader {
	struct history *r;
	struct work_folder work;
	struct plan plan;
	size_t cap_spans, cap_batches;
};

/* Counts a problem and keeps its text while there are few. */
void history_problem(struct history *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* batches[batch], or NULL for HISTORY_LISTING. */
struct history_batch *history_batch_at(struct history *r, uint32_t batch);

/* The integer of that name, at most HISTORY_NUMBER_MAX; 0 where there is none or it is negative. */
uint64_t history_number(const json_t *o, const char *name);

/* A copy of the string of that name, cut to max bytes; NULL where there is none. */
char *history_string(const json_t *o, const char *name, size_t max);

/* RFC 3339 with or without a fraction of the second; 0 when it is not. NULL is fine. */
int64_t history_time_ms(const char *s);

#endif
