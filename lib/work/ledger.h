/*
 * The ledger of a batch, ledger/N.tsv (docs/work-folder.md): a line for each object that was
 * merged, with what it contributed.
 */
#ifndef SHEAF_WORK_LEDGER_H
#define SHEAF_WORK_LEDGER_H

#include <stdint.h>

#include "base/buf.h"
#include "work/tsv.h"

struct ledger_line {
	const char *name; /* bucket/key; borrowed */
	uint64_t bytes;	  /* of its rows as written */
	uint64_t rows;
	uint32_t crc32c; /* of its rows as written */
};

/* NAME <tab> BYTES <tab> ROWS <tab> CRC32C <line feed> */
void ledger_add(struct buf *out, const struct ledger_line *l);

/* The next line of a ledger; returns as tsv_next does. The name points into t. */
int ledger_next(struct tsv *t, struct ledger_line *l, struct err *e);

#endif
