/*
 * The last step of a merged file: it gets its final name only if the ledger has every planned
 * object of the batch, in the order of the plan, except those that were left out and are listed.
 */
#ifndef SHEAF_WORK_RELEASE_H
#define SHEAF_WORK_RELEASE_H

#include <stdint.h>

#include "base/err.h"
#include "work/work_folder.h"

/* Compares ledger/N.tsv with keys/N.tsv and reject/N.tsv. 0, or -1 with e filled: the first
 * difference. */
int release_check(const struct work_folder *w, uint32_t batch, struct err *e);

/* Checks, then renames merged/N.csv.held to merged/N.csv, or removes it where the check fails.
 * 0, or -1 with e filled. */
int release_merged(const struct work_folder *w, uint32_t batch, struct err *e);

#endif
