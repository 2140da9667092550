/*
 * merged/N.csv: is it what csvcat wrote?
 */
#ifndef SHEAF_WORK_MERGED_FILE_H
#define SHEAF_WORK_MERGED_FILE_H

#include <stdint.h>

#include "base/err.h"
#include "work/work_folder.h"

/* Reads the merged rows of a batch: they must have that length and CRC32C. 0, or -1 with e
 * filled. */
int merged_file_check(
    const struct work_folder *w, uint32_t batch, uint64_t bytes, uint32_t crc32c, struct err *e);

/* Compares them with about/N.json and ledger/N.tsv, and that with the plan and the rejects. 0, or
 * -1 with e filled: the first difference. */
int merged_file_whole(const struct work_folder *w, uint32_t batch, struct err *e);

#endif
