/*
 * Alarms: "errors>5%", "duration > 90m", "latency_p99>=500ms". A metric's name, a comparison
 * (> >= < <= = !=) and a number; behind it %, a time (ms s m h d), or a size (K M G T, powers of
 * 1024). Without a unit the number is in the metric's own.
 */
#ifndef SHEAF_REPORT_ALARM_H
#define SHEAF_REPORT_ALARM_H

#include "base/err.h"
#include "report/metrics.h"

struct alarm {
	const char *text; /* borrowed */
	int fired;
	double value; /* of the metric, in the unit of the comparison */
	char is[32];  /* the same to be read: "7.1%", "95.2m" */
};

/* Evaluates a->text. -1 with EXIT_USAGE: no such metric, no percentage of it, no such unit, no
 * number. A share of nothing is 0 %. */
int alarm_check(struct alarm *a, const struct metrics *ms, struct err *e);

#endif
