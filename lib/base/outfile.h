/*
 * A result file that appears whole or not at all: bytes go to a temporary file "NAME.part" beside
 * it, which is synced and renamed when all is well. When something fails, no NAME comes to be and
 * the .part is removed; when the program is killed, the .part stays and the next run truncates it.
 * A NAME that exists keeps its permissions; one that is a symbolic link keeps being one, and what
 * it leads to is replaced.
 * A NAME of NULL or "-" is standard output: written straight, checked at the end, never renamed; so
 * is a link to it (/dev/stdout). A NAME that exists and is no regular file (/dev/null, a FIFO) is
 * written straight as well.
 */
#ifndef SHEAF_BASE_OUTFILE_H
#define SHEAF_BASE_OUTFILE_H

#include <stddef.h>

#include "base/err.h"

struct outfile;

/* Opens; NULL on failure. name is copied. */
struct outfile *outfile_open(const char *name, struct err *e);

int outfile_fd(const struct outfile *o);

/* What messages call it: the name, or "standard output". Points into o. */
const char *outfile_name(const struct outfile *o);

/* Unbuffered. 0, or -1 with e filled. */
int outfile_write(struct outfile *o, const void *p, size_t n, struct err *e);

/*
 * Sync, rename, sync of the folder; frees o in every case. 0, or -1 with e filled and no NAME made;
 * but NAME is there, and whole, when only the sync of the folder failed. Standard output stays
 * open.
 */
int outfile_commit(struct outfile *o, struct err *e);

/* Removes the temporary file and frees o. outfile_abort(NULL) is fine. */
void outfile_abort(struct outfile *o);

/* Writes a whole file of n bytes that only its owner may read, in place of what was there. A
 * convenience, so nothing is told where it cannot be done; what was there stays then. */
void outfile_put_private(const char *path, const void *p, size_t n);

#endif
