/*
 * Compares the plan of a batch with its ledger: the same objects in the same order, except for the
 * rejects.
 */
#ifndef SHEAF_WORK_LEDGER_WALK_H
#define SHEAF_WORK_LEDGER_WALK_H

#include <stdint.h>

#include "base/err.h"
#include "work/ledger.h"
#include "work/work_folder.h"

enum ledger_walk_event {
	LEDGER_WALK_MERGED,    /* planned, and in the ledger */
	LEDGER_WALK_REJECTED,  /* planned, and among the rejects instead */
	LEDGER_WALK_MISSING,   /* planned, and in neither */
	LEDGER_WALK_UNPLANNED, /* in the ledger, and not planned there */
};

/* line: of keys/N.tsv, from 1; 0 for LEDGER_WALK_UNPLANNED. uri is then "" and l->name says which
 * object it is; l is NULL for REJECTED and MISSING. */
typedef void ledger_walk_take(void *arg, enum ledger_walk_event ev, const char *uri, uint64_t line,
    const struct ledger_line *l);

/* 0, or -1 with e filled: a file cannot be read, or the rejects name something that is merged, not
 * planned or named twice. */
int ledger_walk(
    const struct work_folder *w, uint32_t batch, ledger_walk_take *take, void *arg, struct err *e);

#endif
