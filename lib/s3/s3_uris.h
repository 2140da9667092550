/*
 * The objects that s3get is asked for: s3:// URIs from arguments, or from standard input, one a
 * record, perhaps followed by the fields that `s3ls -l` prints (size, etag, mtime).
 */
#ifndef SHEAF_S3_S3_URIS_H
#define SHEAF_S3_S3_URIS_H

#include "base/err.h"
#include "s3/s3_get.h"

struct s3_uris;

enum { S3_URIS_RECORD_MAX = 8192 }; /* bytes of one record */

/* With argc 0 records are read from standard input, ended by a line feed or, with nul, by NUL.
 * Arguments are checked here: NULL with e filled. argv is borrowed. */
struct s3_uris *s3_uris_open(int argc, char **argv, int nul, struct err *e);

/* 1 with o filled; 0 at the end; -1 with e filled: a record that is not the URI of an object, or
 * input that cannot be read. */
int s3_uris_next(struct s3_uris *u, struct s3_get_object *o, struct err *e);

void s3_uris_free(struct s3_uris *u);

#endif
