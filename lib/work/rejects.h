/*
 * The objects of a batch that were left out (REJECTS=1), reject/N.tsv (docs/work-folder.md): URI
 * and reason.
 */
#ifndef SHEAF_WORK_REJECTS_H
#define SHEAF_WORK_REJECTS_H

#include "base/err.h"
#include "work/tsv.h"

/* One line; both point into the tsv. */
struct rejects_line {
	const char *uri, *reason;
};

/* Returns as tsv_next does. */
int rejects_next(struct tsv *t, struct rejects_line *l, struct err *e);

/*
 * Makes reject/N.tsv of what s3get and csvcat left out, reject/N.s3get and reject/N.csvcat, and
 * removes those; where nothing was left out, there is no reject/N.tsv. s3get lists URIs, csvcat the
 * names of sources as fields. 0, or -1 with e filled.
 */
int rejects_collect(const struct work_folder *w, uint32_t batch, struct err *e);

/* Removes all three, for a batch that was made with nothing left out. 0, or -1 with e filled. */
int rejects_remove(const struct work_folder *w, uint32_t batch, struct err *e);

/* The URIs of a batch. Zero-initialised is none. */
struct rejects {
	char **uri; /* owned; in order once loaded */
	size_t n, cap;
};

/* Reads name in the folder; a file that does not exist has no rejects. 0, or -1 with e filled and
 * what was read before kept. */
int rejects_load(struct rejects *r, const struct work_folder *w, const char *name, struct err *e);
int rejects_have(const struct rejects *r, const char *uri);
void rejects_free(struct rejects *r);

#endif
