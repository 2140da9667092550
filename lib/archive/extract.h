/*
 * Objects as files below a folder, and never outside it: a name is walked part by part without
 * following symbolic links, and names that are absolute, or hold "..", "." or empty parts, are
 * refused. A file appears whole or not at all.
 */
#ifndef SHEAF_ARCHIVE_EXTRACT_H
#define SHEAF_ARCHIVE_EXTRACT_H

#include <stddef.h>

#include "base/err.h"

struct extract;

/* Opens dir, making it when it is not there. NULL with e filled. */
struct extract *extract_open(const char *dir, struct err *e);

/* Begins the file bucket/key below the folder. A key that ends in "/" is a folder marker: the
 * folder is made, its body must be empty. 0, or -1 with e filled. */
int extract_begin(struct extract *x, const char *bucket, const char *key, struct err *e);
int extract_data(struct extract *x, const char *p, size_t n, struct err *e);
int extract_end(struct extract *x, struct err *e);

/* Drops the file begun, if any. */
void extract_abort(struct extract *x);

void extract_free(struct extract *x);

#endif
