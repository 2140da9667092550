/*
 * Alarms: "errors>5%", "duration > 90m", "latency_p99>=500ms". A metric's name, a comparison
 * (> >= < <= = !=) and a number; behind it %, a time (ms s m h d), or a size (K M G T, powers of
 * 1024). A number without a unit is in the unit of the metric.
 */
#ifndef SHEAF_REPORT_ALARM_H
#define SHEAF_REPORT_ALARM_H

#include "base/err.h"
#include "report/metrics.h"

struct alarm {
	const char *text; /* borrowed */
	int fired;
	double value; /* of the metric, in the unit of the alarm */
	char is[32];  /* the same as text: "7.1%", "95.2m" */
};

/* Evaluates a->text. -1 with EXIT_USAGE where it makes no sense: an unknown metric, a percentage of
 * one that has none, a wrong unit, no number. A share of nothing is 0 %. */
int alarm_check(struct alarm *a, const struct metrics *ms, struct err *e);

#endif
