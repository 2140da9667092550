/*
 * BACKUP, the second destination: which it was, by the receipts of what was stored there.
 */
#ifndef SHEAF_WORK_BACKUP_H
#define SHEAF_WORK_BACKUP_H

#include "base/buf.h"
#include "base/err.h"
#include "work/work_folder.h"

/* Appends the prefix, by the first of n batches that has a receipt in backup/. 1; 0 where none has
 * one; -1 with e filled: none of them can be read. */
int backup_prefix(struct buf *out, const struct work_folder *w, uint32_t n, struct err *e);

#endif
