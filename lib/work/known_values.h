/*
 * The NAME=value files of a work folder with their contents checked: known names only, numbers that
 * are numbers, times that are times. For scripts, which use the values as they stand.
 */
#ifndef SHEAF_WORK_KNOWN_VALUES_H
#define SHEAF_WORK_KNOWN_VALUES_H

#include "work/values.h"

/* Loads settings, status or keys/complete. 1; 0 where the file does not exist; -1 with e filled,
 * also for any other file. values_free is needed in all cases. */
int known_values_load(
    struct values *v, const struct work_folder *w, const char *file, struct err *e);

/* Whether that file may have a value of that name. */
int known_values_has(const char *file, const char *name);

#endif
