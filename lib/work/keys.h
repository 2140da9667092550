/*
 * A list of objects as `s3ls --long` prints it (docs/work-folder.md): the plan of a batch,
 * keys/N.tsv, and the listing of a destination.
 */
#ifndef SHEAF_WORK_KEYS_H
#define SHEAF_WORK_KEYS_H

#include <stdint.h>

#include "base/err.h"
#include "work/tsv.h"

/* One object; the strings point into the tsv. */
struct keys_line {
	const char *uri, *etag, *mtime;
	uint64_t size;
};

/* Returns as tsv_next does. */
int keys_next(struct tsv *t, struct keys_line *l, struct err *e);

#endif
