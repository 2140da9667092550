/*
 * Multipart uploads that were begun and not ended (S3 API reference, "ListMultipartUploads",
 * "AbortMultipartUpload").
 */
#ifndef SHEAF_S3_UPLOADS_H
#define SHEAF_S3_UPLOADS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "s3.h"
#include "uri.h"

struct s3_upload {
	char *id;	   /* owned */
	int64_t initiated; /* Unix seconds, of the server's clock; 0: not said */
};

struct s3_uploads {
	struct s3_upload *uploads; /* owned */
	size_t n;
	int64_t own_initiated; /* of the upload that is left out; 0: it was not there, or none */
};

/* Those of exactly this key but own_id (NULL: all of them), 1,000 at most. 0, or -1 with e filled
 * and nothing to be freed. */
int s3_uploads_list(struct s3_uploads *u, struct s3 *s3, const struct uri *uri, const char *own_id,
    struct err *e);
void s3_uploads_free(struct s3_uploads *u);

/* 0: it is no more; 1: there was none of that id; -1 with e filled. */
int s3_upload_abort(struct s3 *s3, const struct uri *uri, const char *id, struct err *e);

#endif
