/* A file that is read once, from where it stands to its end, and must not change meanwhile. */
#ifndef SHEAF_BASE_INFILE_H
#define SHEAF_BASE_INFILE_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

struct infile {
	int fd;
	const char *name; /* for messages: the path (borrowed), or "standard input" */
	struct stat st;	  /* when it was opened */
};

/* Opens a file; "-" is standard input. Directories are refused. 0, or -1 with e filled. */
int infile_open(struct infile *f, const char *path, struct err *e);

/* One read(2) of at most n bytes: their number, 0 at the end, or -1 with e filled. */
ssize_t infile_read(struct infile *f, void *p, size_t n, struct err *e);

/* Called at the end of the file: has it changed since it was opened, so that rows read from it may
 * be torn? 0 for what is not a regular file. */
int infile_changed(const struct infile *f);

/* Closes it; standard input stays open. */
void infile_close(struct infile *f);

#endif
