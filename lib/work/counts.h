/*
 * How far a run is, from the files of its work folder.
 */
#ifndef SHEAF_WORK_COUNTS_H
#define SHEAF_WORK_COUNTS_H

#include <stdint.h>

#include "base/err.h"
#include "work/plan.h"
#include "work/work_folder.h"

struct counts {
	uint64_t batches; /* of the plan */
	uint64_t done;	  /* of them, with a receipt */
	uint64_t failed;  /* of them, whose last attempt failed */
	uint64_t objects; /* merged or left out, in done batches */
};

/* objects: count them, too, which reads all receipts. A receipt that cannot be read counts as none:
 * the first such is told in e and -1 is returned, with all counted that could be. */
int counts_make(struct counts *c, const struct work_folder *w, const struct plan *p, int objects,
    struct err *e);

/* Whether a batch is done, with backup also at the second destination. */
int counts_is_done(const struct work_folder *w, uint32_t batch, int backup);

#endif
