/*
 * The plan: which batches there are, and what is in each (docs/work-folder.md). Once the listing is
 * complete keys/complete has it: of each batch its name, its objects and the CRC32C of keys/N.tsv.
 * Before that, and in work folders of version 1, the files in keys/ are all that is known.
 *
 * overlay is NULL or a folder in the work folder, "refresh": a plan that is to be taken over. Its
 * OVERLAY/complete stands for keys/complete, and OVERLAY/N.tsv, where there is one, for keys/N.tsv.
 */
#ifndef SHEAF_WORK_PLAN_H
#define SHEAF_WORK_PLAN_H

#include <stdint.h>

#include "base/err.h"
#include "work/work_folder.h"

enum { PLAN_LINE_MAX = 64 /* bytes of a line of keys/complete */ };

struct plan_batch {
	uint64_t objects;
	uint32_t crc32c; /* of keys/N.tsv */
};

enum plan_total { PLAN_OBJECTS, PLAN_BYTES, PLAN_BATCHES, PLAN_SKIPPED, PLAN_TOTALS };

extern const char *const plan_total_names[PLAN_TOTALS]; /* "objects", ... */

struct plan {
	int complete;		     /* keys/complete is there */
	uint32_t n;		     /* the batches are 0 to n-1 */
	uint32_t lost;		     /* so many more are planned, without a file in keys/ */
	struct plan_batch *batches;  /* n of them, owned; NULL where they are not known */
	uint64_t total[PLAN_TOTALS]; /* 0 until it is complete */
};

/* 0, or -1 with e filled: keys/complete cannot be read or is damaged. plan_free is needed in both
 * cases. Memory is bounded by what is in the folder, whatever numbers it holds. */
int plan_load(struct plan *p, const struct work_folder *w, const char *overlay, struct err *e);
void plan_free(struct plan *p);

/* What to say behind it. */
#define PLAN_REMEDY "; make refresh lists SRC again and plans this batch anew"

/* Told of a batch whose keys are not those that were planned; why is the file and what is wrong
 * with it: "work/keys/00005.tsv: is missing". UINT32_MAX: no batch that can be planned anew; why
 * says what to do. */
typedef void plan_tell(void *arg, uint32_t batch, const char *why);

/*
 * Compares the files with the plan and tells each difference. Where the plan does not say what is
 * in each batch: their sums with its totals; before it is complete: whether each batch but the last
 * one is full, and in the order of the listing. The number of differences, or -1 with e filled.
 */
int plan_check(const struct plan *p, const struct work_folder *w, const char *overlay,
    plan_tell *tell, void *arg, struct err *e);

/* Writes keys/complete, or OVERLAY/complete, for the files as they are. 0, or -1 with e filled: a
 * batch is missing, or its file is not a list of objects. */
int plan_write(const struct work_folder *w, const char *overlay, struct err *e);

#endif
