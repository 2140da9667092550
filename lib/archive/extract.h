/*
 * Writes objects as files below a folder, and never outside it: names are resolved part by part
 * without following symbolic links, and absolute names and those with a part that is "..", "." or
 * empty are refused. A file appears complete or not at all.
 */
#ifndef SHEAF_ARCHIVE_EXTRACT_H
#define SHEAF_ARCHIVE_EXTRACT_H

#include <stddef.h>

#include "base/err.h"

struct extract;

/* Opens dir, which is made if it does not exist. NULL with e filled. */
struct extract *extract_open(const char *dir, struct err *e);

/* Begins the file bucket/key below the folder. A key that ends in "/" is a folder marker: the
 * folder is made, and the body must be empty. 0, or -1 with e filled. */
int extract_begin(struct extract *x, const char *bucket, const char *key, struct err *e);
int extract_data(struct extract *x, const char *p, size_t n, struct err *e);
int extract_end(struct extract *x, struct err *e);

/* Drops the file that was begun, if any. */
void extract_abort(struct extract *x);

void extract_free(struct extract *x);

#endif
