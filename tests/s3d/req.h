/*
 * One request on its way through the server, and the answer it gets. http.c fills in the request,
 * one op_* function makes the answer, http.c sends it; none of the op_* functions knows the
 * transport.
 */
#ifndef S3D_REQ_H
#define S3D_REQ_H

#include "auth.h"
#include "chunked.h"
#include "faults.h"
#include "store.h"
#include "target.h"

struct server;

enum op {
	OP_UNKNOWN,
	OP_ADMIN,
	OP_LIST_BUCKETS,
	OP_BUCKET_CREATE,
	OP_BUCKET_DELETE,
	OP_BUCKET_HEAD,
	OP_LOCATION,
	OP_LIST_V1,
	OP_LIST_V2,
	OP_LIST_UPLOADS,
	OP_DELETE_MANY,
	OP_GET,
	OP_HEAD,
	OP_PUT,
	OP_DELETE,
	OP_CREATE,
	OP_PART,
	OP_COMPLETE,
	OP_ABORT,
	OP_LIST_PARTS,
	OP_N
};

enum { HEADERS_MAX = 96 };

struct answer {
	unsigned status;    /* 0: none yet */
	const char *code;   /* S3's error code, for the log */
	struct buf headers; /* name NUL value NUL ... */
	struct buf body;
	struct object *object; /* one reference: the body is its bytes instead */
	uint64_t off, len;
};

struct req {
	struct server *srv;
	const char *method; /* borrowed */
	struct target target;
	struct header headers[HEADERS_MAX];
	size_t n_headers;
	enum op op;
	struct str bucket, key; /* of target */
	struct auth_result auth;
	unsigned char md5[16]; /* of the body, where has_md5 */
	int has_md5;
	struct buf body;
	struct trailer trailer;
	struct fault fault; /* what the script does to it; .action is usually FAULT_NONE */
	char id[17];	    /* x-amz-request-id */
	struct answer ans;
};

/* A header's or a parameter's value, or NULL. */
const char *req_header(const struct req *r, const char *name);
const struct str *req_param(const struct req *r, const char *name);

enum op req_classify(const struct req *r);
/* "get", "list", "part", ...: in statistics and fault scripts. */
const char *op_name(enum op op);

void answer_header(struct answer *a, const char *name, const char *value);
void answer_headerf(struct answer *a, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* An <Error> document with the status that S3 gives with the code. extra is XML, or NULL. */
void answer_error(struct req *r, const char *code, const char *extra);
/* The same under another status. */
void answer_error_status(struct req *r, unsigned status, const char *code, const char *extra);
/* Begins the body with the XML declaration, with status 200. */
struct buf *answer_xml(struct req *r);
void answer_reset(struct answer *a);
void xml_element(struct buf *out, const char *name, struct str text);
/* "2026-11-23T13:45:00.000Z" and "Mon, 23 Nov 2026 13:45:00 GMT". */
void time_iso(char out[32], int64_t ms);
void time_http(char out[32], int64_t ms);

/* Carries out r->op. */
void op_run(struct req *r);

/* body.c: decodes aws-chunked, checks x-amz-content-sha256, Content-MD5 and the lengths.
 * NULL, or S3's error code. */
const char *body_check(struct req *r);
/* The body's MD5, computed once a request. */
const unsigned char *body_md5(struct req *r);
/* The body, which is no longer the request's; NULL with --discard. Its length must be known. */
char *body_take(struct req *r);
/* The checksum that the request names (header or trailer), verified over the body. *algo is
 * SUM_NONE when there is none; want (or SUM_NONE) is computed then. NULL, or S3's error code. */
const char *body_sum(
    const struct req *r, enum sum_algo want, enum sum_algo *algo, char sum[SUM_TEXT]);

/* object.c */
void op_get(struct req *r);
void op_put(struct req *r);
void op_delete(struct req *r);
void op_delete_many(struct req *r);
/* A new object with the headers of the request that are kept, or NULL and an error answer. */
struct object *object_of_request(struct req *r);
/* Adds the kept headers whose names begin with prefix to the answer. */
void answer_kept(struct req *r, const struct object *o, const char *prefix);

/* bucket.c */
void op_list_buckets(struct req *r);
void op_bucket(struct req *r);
/* list.c */
void op_list(struct req *r);
/* multipart.c */
void op_create(struct req *r);
void op_part(struct req *r);
void op_complete(struct req *r);
void op_abort(struct req *r);
void op_list_parts(struct req *r);
void op_list_uploads(struct req *r);
/* admin.c */
void op_admin(struct req *r);

#endif
