/*
 * An output file that appears complete or not at all: bytes go to a temporary file "NAME.part"
 * beside it, which is synced and renamed at the end (part.h). On failure there is no NAME and the
 * .part is removed. Only one process at a time can write a NAME. A NAME that exists keeps its
 * permissions; if it is a symbolic link, its target is replaced, where path.h follows it.
 *
 * A NAME of NULL or "-" is standard output: written directly, checked at the end, never renamed; so
 * is a link to it (/dev/stdout). A NAME that exists and is not a regular file (/dev/null, a FIFO)
 * is written directly as well.
 */
#ifndef SHEAF_BASE_OUTFILE_H
#define SHEAF_BASE_OUTFILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

struct outfile;

/* Opens; NULL on failure. name is copied. */
struct outfile *outfile_open(const char *name, struct err *e);

int outfile_fd(const struct outfile *o);

/* Is st that of the regular file which the commit replaces? */
int outfile_replaces(const struct outfile *o, const struct stat *st);

/* The name for messages: NAME, or "standard output". Points into o. */
const char *outfile_name(const struct outfile *o);

/* Unbuffered. 0, or -1 with e filled. */
int outfile_write(struct outfile *o, const void *p, size_t n, struct err *e);

/*
 * Syncs, renames, syncs the folder, and frees o in every case. 0, or -1 with e filled and NAME not
 * created; but it exists, and is complete, if only the sync of the folder failed. Standard output
 * stays open.
 */
int outfile_commit(struct outfile *o, struct err *e);

/* Removes the temporary file and frees o. outfile_abort(NULL) is fine. */
void outfile_abort(struct outfile *o);

/* Replaces path by a file of n bytes that only its owner may read, from its first byte on. For
 * caches, so failures are not reported; the old file stays then. */
void outfile_put_private(const char *path, const void *p, size_t n);

#endif
