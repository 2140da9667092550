/*
 * Unfinished multipart uploads (S3 API reference, "ListMultipartUploads", "ListParts",
 * "AbortMultipartUpload").
 */
#ifndef SHEAF_S3_PUT_S3_UPLOADS_H
#define SHEAF_S3_PUT_S3_UPLOADS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/uri.h"
#include "s3/s3.h"

enum {
	S3_UPLOADS_MAX = 100000, /* uploads of a listing that are looked at */
	S3_UPLOAD_ID_MAX = 1024, /* bytes of an upload's id */
};

/* 1 if s can be the id of an upload: printable ASCII without spaces. It becomes part of queries and
 * of messages. */
int s3_upload_is_id(const char *s);

/* As listed. Owned strings, "" if absent. */
struct s3_upload {
	char *id; /* NULL: there is none */
	char *initiator;
	char *storage_class;
	char *checksum;	   /* its algorithm and, after a space, its type */
	int64_t initiated; /* Unix seconds, of the server's clock; 0: unknown */
};

struct s3_uploads {
	struct s3_upload *uploads; /* owned */
	size_t n;
	struct s3_upload own; /* the one with own_id, if listed */
	int64_t date;	      /* the server's clock, Unix seconds; 0: unknown */
};

/* Asked while a request is in flight; non-zero cancels it. NULL: wait for its end. */
struct s3_patience {
	int (*is_over)(void *arg);
	void *arg;
};

/* Lists the uploads of exactly this key but own_id (NULL: all of them), at most S3_UPLOADS_MAX. 0,
 * or -1 with e filled and nothing to be freed. */
int s3_uploads_list(struct s3_uploads *u, struct s3 *s3, const struct uri *uri, const char *own_id,
    const struct s3_patience *patience, struct err *e);
void s3_uploads_free(struct s3_uploads *u);
void s3_upload_free(struct s3_upload *u);

/* 1: it has parts; 0: none has arrived so far; 2: it is gone; -1 with e filled. */
int s3_upload_has_parts(struct s3 *s3, const struct uri *uri, const char *id,
    const struct s3_patience *patience, struct err *e);

/* 0: it is gone; 1: there was none with that id; -1 with e filled. */
int s3_upload_abort(struct s3 *s3, const struct uri *uri, const char *id,
    const struct s3_patience *patience, struct err *e);

#endif
