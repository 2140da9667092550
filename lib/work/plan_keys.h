/*
 * keys/N.tsv as a whole: how many objects it has, and whether it is what it was.
 */
#ifndef SHEAF_WORK_PLAN_KEYS_H
#define SHEAF_WORK_PLAN_KEYS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "work/work_folder.h"

/* Zero-initialised before the first file. */
struct plan_keys {
	uint64_t objects, bytes; /* bytes: of the objects, as listed */
	uint32_t crc32c;	 /* of the file */
	int ascends;		 /* its URIs do, and come behind those of the file before */
	struct buf path;	 /* of the file, for messages */
	struct buf last;	 /* the last URI so far */
};

/* Counts objects and computes the checksum, whatever the lines are. overlay as in plan.h. 1; 0
 * where the file does not exist; -1 with e filled. */
int plan_keys_sum(struct plan_keys *k, const struct work_folder *w, const char *overlay,
    uint32_t batch, struct err *e);

/* Reads every line as well, for bytes and ascends; -1, too, where one is no line of a listing. */
int plan_keys_scan(struct plan_keys *k, const struct work_folder *w, const char *overlay,
    uint32_t batch, struct err *e);
void plan_keys_free(struct plan_keys *k);

/* Adds the number of lines of keys/N.skipped to *lines; nothing where there is no such file. 0, or
 * -1 with e filled. */
int plan_keys_skipped(const struct work_folder *w, uint32_t batch, uint64_t *lines, struct err *e);

/* How many files of batches are in that folder, keys or an overlay; *end is 1 more than the highest
 * number among them, or 0. The name of a .tsv that is none of them is appended to stray, if that
 * is not NULL. */
uint32_t plan_keys_files(
    const struct work_folder *w, const char *folder, uint32_t *end, struct buf *stray);

#endif
