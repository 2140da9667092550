/*
 * The numbers of a run, each with its name, unit and meaning. All formats of the report and all
 * alarms take them from here, so that they agree.
 */
#ifndef SHEAF_REPORT_METRICS_H
#define SHEAF_REPORT_METRICS_H

#include <stddef.h>

#include "report/history.h"

enum { NO_BASE = -1, METRICS_MAX = 80 /* EMF allows 100 in a line */ };

struct metric {
	char name[32];	  /* "batches_done" */
	const char *unit; /* "", "bytes", "seconds", "timestamp" (Unix), "dollars", "per_second" */
	const char *help; /* one line */
	double value;
	double base; /* what a percentage is of; NO_BASE: it is not a share of anything */
};

struct metrics {
	struct metric m[METRICS_MAX];
	size_t n;
};

/* Dollars for 1,000 requests. */
struct prices {
	double get, put, list;
};

/* S3 Standard, us-east-1. HEAD costs what GET does, POST what PUT does, DELETE nothing. */
/* versions of clang-format differ about a brace in a macro */
/* clang-format off */
#define PRICES_DEFAULT {0.0004, 0.005, 0.005}
/* clang-format on */

/* now_ms is Unix time. */
void metrics_make(
    struct metrics *ms, const struct history *r, const struct prices *p, int64_t now_ms);

/* NULL when there is none of that name. */
const struct metric *metrics_find(const struct metrics *ms, const char *name);

/* Its share of its base in percent; 0 where there is nothing to be a share of. */
double metric_percent(const struct metric *m);

#endif
