/*
 * Reading many objects at once and delivering them in the order requested, in bounded memory.
 *
 * A window of objects is in flight at any time. An object of up to S3_GET_HOLD_MAX bytes is held
 * until it is complete and checked (length, MD5 if the ETag is one, the checksum of the whole that
 * is stored with it); a larger one is streamed once all before it are done, and an interrupted body
 * continues from where it broke (Range with If-Match). Bodies held take at most S3_GET_BUDGET bytes
 * in all.
 *
 * If-Match spares the transfer of an object that has changed; what decides is the ETag of the
 * answer. So a 412 is not the last word: the object is requested once more without the condition,
 * as proxies that make ETags weak, and servers that compare with what they show, break it.
 */
#ifndef SHEAF_S3_S3_GET_H
#define SHEAF_S3_S3_GET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/uri.h"
#include "s3/s3.h"

enum {
	S3_GET_HOLD_MAX = 1 << 20, /* bytes */
	S3_GET_BUDGET = 8 << 20,   /* bytes */
};

/* One object requested. */
struct s3_get_object {
	struct uri uri;		/* owned; freed by s3_get_all */
	int has_listing;	/* size and etag come from a listing and must still be true */
	uint64_t size;		/* bytes */
	char etag[S3_ETAG_LEN]; /* without quotes; "": unknown */
};

/* How one object ended, for --trace. */
struct s3_get_outcome {
	long status; /* HTTP status of the last answer; 0: none came */
	unsigned tries;
	uint64_t bytes; /* of the body */
	uint64_t us;	/* of the last try, from request to last byte */
};

struct s3_get_opt {
	unsigned connections;
	int no_md5; /* the server's ETags look like MD5s and are none: do not compare */
};

/* Where objects come from and go to. All but next are called in the order of the objects, and
 * return 0, or -1 to stop everything. */
struct s3_get_ops {
	/* 1 with o filled; 0: there are no more; -1: stop. */
	int (*next)(void *arg, struct s3_get_object *o);
	/* An object begins; size in bytes, mtime in Unix seconds. */
	int (*begin)(void *arg, const struct s3_get_object *o, uint64_t size, int64_t mtime);
	int (*data)(void *arg, const char *p, size_t n);
	/* The object is complete and checked. */
	int (*end)(void *arg, const struct s3_get_object *o, const struct s3_get_outcome *out);
	/*
	 * The object could not be read. reject is a short reason if S3 itself says that the cause
	 * is the object ("not found", "changed since it was listed", "archived (GLACIER)"), NULL if
	 * it is the transfer, or may be; why says it in full, without the URI. begun: part of it
	 * was delivered already.
	 * general: the cause concerns all requests, so it is better to stop.
	 */
	int (*failed)(void *arg, const struct s3_get_object *o, const struct s3_get_outcome *out,
	    const char *reject, int begun, int general, const char *why);
	/* Nothing can be delivered right now: a moment to flush. May be NULL. */
	int (*idle)(void *arg);
};

/* Reads all objects. 0 at the end, even if objects have failed; -1 if ops stopped it: s3 may then
 * only be closed. */
int s3_get_all(
    struct s3 *s3, const struct s3_get_opt *opt, const struct s3_get_ops *ops, void *arg);

#endif
