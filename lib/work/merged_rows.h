/*
 * Checks the bytes of a merged object against its ledger: the header, then the rows of each source
 * by their CRC32C. Fed piece by piece; stops at the first thing that is wrong.
 */
#ifndef SHEAF_WORK_MERGED_ROWS_H
#define SHEAF_WORK_MERGED_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "work/work_folder.h"

struct merged_rows;

/* NULL with e filled: the ledger cannot be read. */
struct merged_rows *merged_rows_open(const struct work_folder *w, const char *ledger,
    uint64_t header_bytes, uint32_t header_crc32c, struct err *e);

/* The next bytes. 0, or -1 with e filled ("the rows of s3://b/k are not what was written"); feed no
 * more after that. */
int merged_rows_feed(struct merged_rows *r, const char *p, size_t len, struct err *e);

/* The object has ended: was that all? 0, or -1 with e filled. Not after a feed that failed. */
int merged_rows_finish(struct merged_rows *r, struct err *e);

/* merged_rows_free(NULL) is fine. */
void merged_rows_free(struct merged_rows *r);

#endif
