/*
 * Holds the bytes of a merged object against its ledger: the header, then the rows of each source
 * by its CRC32C. Fed piece by piece; the first thing that is wrong is the one told.
 */
#ifndef SHEAF_WORK_MERGED_ROWS_H
#define SHEAF_WORK_MERGED_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct rows;

/* NULL with e filled: the ledger cannot be read. */
struct rows *rows_open(
    const char *ledger, uint64_t header_bytes, uint32_t header_crc32c, struct err *e);

/* The next bytes. 0, or -1 with e filled ("the rows of s3://b/k are not what was written"); then
 * feed no more. */
int rows_feed(struct rows *r, const char *p, size_t len, struct err *e);

/* The object has ended: was that all? 0, or -1 with e filled. Only where no feed failed. */
int rows_finish(struct rows *r, struct err *e);

/* rows_free(NULL) is fine. */
void rows_free(struct rows *r);

#endif
