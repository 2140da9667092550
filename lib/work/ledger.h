/*
 * A line of a batch's ledger (docs/work-folder.md): what one object gave. batch.h reads it.
 */
#ifndef SHEAF_WORK_LEDGER_H
#define SHEAF_WORK_LEDGER_H

#include <stdint.h>

#include "base/buf.h"

struct ledger_line {
	const char *name; /* bucket/key; borrowed */
	uint64_t bytes;	  /* of its rows as written */
	uint64_t rows;
	uint32_t crc32c; /* of its rows as written */
};

/* NAME <tab> BYTES <tab> ROWS <tab> CRC32C <line feed> */
void ledger_add(struct buf *out, const struct ledger_line *l);

/* A name as a field: a tab, a line feed and a backslash as \t, \n and \\. */
void ledger_add_name(struct buf *out, const char *name);

#endif
