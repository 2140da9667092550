/* A list of file names, read one at a time: each name ends with a line feed, or each with a NUL. */
#ifndef SHEAF_BASE_NAMES_H
#define SHEAF_BASE_NAMES_H

#include "base/err.h"

struct names;

/* Opens the list; "-" is standard input. nul: names end with a NUL. path is borrowed until
 * names_close. NULL with e filled. */
struct names *names_open(const char *path, int nul, struct err *e);

/*
 * Gets the next name; empty ones are skipped. 1: *name is valid until the next call; 0: there are
 * no more; -1 with e filled: the list cannot be read, a name contains NUL (the list was meant for
 * nul) or exceeds PATH_MAX bytes, or is "-" while standard input is the list.
 */
int names_next(struct names *n, const char **name, struct err *e);

void names_close(struct names *n);

#endif
