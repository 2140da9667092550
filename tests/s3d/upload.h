/*
 * Multipart uploads (S3 API reference, CreateMultipartUpload and the others). Parts are kept as
 * they came and become the object's extents, so that completing copies nothing.
 */
#ifndef S3D_UPLOAD_H
#define S3D_UPLOAD_H

#include "store.h"

enum { PARTS_MAX = 10000, UPLOAD_ID_MAX = 40, USER_MAX = 128 };

struct part {
	unsigned number;
	struct extent body;
	unsigned char md5[16];
	char sum[SUM_TEXT]; /* by the upload's algorithm; "" when it has none */
	int64_t mtime_ms;
};

struct upload {
	char id[UPLOAD_ID_MAX];
	char initiator[USER_MAX]; /* access key id; "": anonymous */
	struct bucket *bucket;
	struct object *object; /* key, headers, storage class, checksum algorithm of what will be */
	int full_sum;	       /* x-amz-checksum-type: FULL_OBJECT */
	int64_t started_ms;
	struct part *parts; /* owned, ascending by number */
	size_t n_parts, cap_parts;
	struct upload *next;
};

/* One <Part> of a CompleteMultipartUpload. */
struct claim {
	unsigned number;
	char etag[ETAG_MAX]; /* without quotes; "" is not compared (replay) */
	char sum[SUM_TEXT];  /* "" when none was given */
};

struct complete {
	struct str bucket, key, id;
	const struct claim *claims;
	size_t n_claims;
	struct cond cond;
	int64_t mtime_ms;
	const char *sum; /* the object's checksum when it is known already (replay), else NULL */
};

/* Takes template. The new upload's id goes to id, unless that is not empty already (replay). */
const char *upload_create(struct store *s, struct str bucket, struct object *template, int full_sum,
    const char *initiator, char id[UPLOAD_ID_MAX]);
/* Takes p's body. */
const char *upload_part(
    struct store *s, struct str bucket, struct str key, struct str id, struct part *p);
/* On success *out is the new object, with a reference for the caller. */
const char *upload_complete(struct store *s, const struct complete *c, struct object **out);
const char *upload_abort(struct store *s, struct str bucket, struct str key, struct str id);

/* With the lock held (store_list_begin): NULL when there is no such upload. */
struct upload *upload_find(const struct store *s, struct str bucket, struct str key, struct str id);
void upload_free(struct upload *u);

#endif
