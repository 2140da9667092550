/*
 * The numbers of a run, each once, with its name, unit and meaning. Every format of the report and
 * every alarm takes them from here, so that they agree.
 */
#ifndef SHEAF_METRICS_H
#define SHEAF_METRICS_H

#include <stddef.h>

#include "err.h"
#include "run.h"

enum { METRICS_MAX = 64, ALARMS_MAX = 64 };

struct metric {
	char name[32];	  /* "batches_done" */
	const char *unit; /* "", "bytes", "seconds", "dollars", "kibibytes", "per_second" */
	const char *help; /* one line */
	double value;
	double base; /* what a percentage is of; 0: there is none */
};

struct metrics {
	struct metric m[METRICS_MAX];
	size_t n;
};

/* Prices are dollars for 1,000 requests. */
struct prices {
	double get, put, list;
};

/* S3 Standard, us-east-1. HEAD is priced as GET. */
#define PRICES_DEFAULT                                                                             \
	{                                                                                          \
		0.0004, 0.005, 0.005                                                               \
	}

/* now_ms: Unix time, for a run that is under way. */
void metrics_make(struct metrics *ms, const struct run *r, const struct prices *p, int64_t now_ms);

/* NULL when there is none of that name. */
const struct metric *metrics_find(const struct metrics *ms, const char *name);

/* "errors>5%": a metric, a comparison (> >= < <= = !=), a number with %, or with a unit of time (s
 * m h) or size (K M G). */
struct alarm {
	const char *text; /* borrowed */
	int fired;
	double value; /* of the metric, in the unit of the comparison */
};

/* Evaluates a->text. -1 with EXIT_USAGE: no such metric, no percentage of it, no number. */
int alarm_check(struct alarm *a, const struct metrics *ms, struct err *e);

#endif
