/*
 * What the times of the programs show. Part of lib/report/history.
 */
#ifndef SHEAF_REPORT_HISTORY_TIME_H
#define SHEAF_REPORT_HISTORY_TIME_H

#include "report/history.h"

/* From the spans: attempts, sessions, series, what ran at once, the slowest. */
void history_measure(struct history *r);

#endif
