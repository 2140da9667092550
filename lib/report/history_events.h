/*
 * The last events of the logs. Part of lib/report/history.
 */
#ifndef SHEAF_REPORT_HISTORY_EVENTS_H
#define SHEAF_REPORT_HISTORY_EVENTS_H

#include "report/history_reader.h"

/* Of the failed batches first, then of the others, then of the listing. */
void history_take_events(struct history_reader *d);

#endif
