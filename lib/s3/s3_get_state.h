/*
 * What the parts of s3_get share: s3_get.c, the window of objects, and s3_get_body.c, the request
 * for one of them and its answer.
 */
#ifndef SHEAF_S3_S3_GET_STATE_H
#define SHEAF_S3_S3_GET_STATE_H

#include "base/buf.h"
#include "s3/s3_get.h"
#include "sums/checksum.h"
#include "sums/hash.h"

/* What a server may not know, or not understand. */
enum {
	GET_CHECKSUM_MODE = 1, /* x-amz-checksum-mode */
	GET_IF_MATCH = 2,
};

struct s3_get_item {
	struct s3_get_item *next_free;
	struct s3_get_object o;
	struct s3_call call;
	struct s3_getter *g;
	struct buf body;   /* of an object that is held */
	uint64_t have;	   /* bytes of the object received so far */
	uint64_t from;	   /* where this try's request begins */
	uint64_t skip;	   /* bytes of this answer to skip, as we have them already */
	size_t ignored;	   /* bytes of a wrong answer */
	uint64_t size;	   /* of the whole object, once an answer has told it */
	uint64_t reserved; /* of the budget */
	enum checksum_algorithm sum_kind;
	char sum_text[CHECKSUM_TEXT]; /* the expected one, from an answer with the whole body */
	char range[40], if_match[S3_ETAG_LEN + 2], etag[S3_ETAG_LEN];
	char *other;	   /* owned: the ETag of answers that are not the object's; NULL: none */
	unsigned n_others; /* answers with it, one after another */
	unsigned n_wrong_sizes;
	int headed;	/* this try's head has been checked */
	int wrong;	/* this try's answer is not the object's: ignore its body */
	int open;	/* this try's answer does not tell the size, and nothing else does */
	int by_md5;	/* this try's answer has no ETag: the body's MD5 must be the listed one */
	int without;	/* what requests go without, as the server refused it: GET_... */
	int mismatched; /* S3 itself said 412 PreconditionFailed */
	int changed;	/* the object is not the one listed */
	int local;	/* our own side failed */
	int later;	/* given up for now, and requested again when it becomes the head */
	int has_md5;	/* once it streams: the ETag is an MD5 */
	int started, begun, paused, done;
};

struct s3_getter {
	struct s3 *s3;
	const struct s3_get_ops *ops;
	void *arg;
	struct s3_get_item **window; /* a ring, in the order of the objects */
	size_t size, first, n;	     /* number of slots, the head's index, slots in use */
	struct s3_get_item *free;    /* a stack, so that the few in use stay in the cache */
	const struct s3_get_opt *opt;
	int without; /* what all requests go without: GET_... */
	size_t n_paused, paused_max;
	uint64_t budget_used;
	/* of the head's body, while it streams */
	struct hash md5;
	struct checksum sum;
	int no_more, stop;
};

/* Of the calls of items. */
extern const struct s3_call_ops s3_get_body_ops;

#endif
