/*
 * The batches of a run: what exists of each, its receipt, its failure and its rejects. Part of
 * lib/report/history.
 */
#ifndef SHEAF_REPORT_HISTORY_BATCHES_H
#define SHEAF_REPORT_HISTORY_BATCHES_H

#include "report/history_reader.h"

/* A file of a folder: its name within the work folder, the last part of that name, and the index of
 * its batch, or HISTORY_LISTING where it belongs to none. */
typedef void history_take_file(
    struct history_reader *d, const char *path, const char *name, uint32_t batch);

/* Calls take for each file of the folder whose name ends in suffix. */
void history_each_file(
    struct history_reader *d, const char *folder, const char *suffix, history_take_file *take);

/* Finds every batch that any file is about and sorts them by name. */
void history_find_batches(struct history_reader *d);

/* Sets the state of each batch and reads its receipt, its cause of failure and the number of its
 * rejects. */
void history_take_batches(struct history_reader *d);

/* Keeps the first rejects, in the order of the batches. */
void history_keep_rejects(struct history_reader *d);

#endif
