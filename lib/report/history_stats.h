/*
 * The stats of the programs. Part of lib/report/history.
 */
#ifndef SHEAF_REPORT_HISTORY_STATS_H
#define SHEAF_REPORT_HISTORY_STATS_H

#include "report/history_reader.h"

/* Adds what the files of stats say. The batches have been found before. */
void history_take_stats(struct history_reader *d);

#endif
