/*
 * One upload in progress, as s3_put.c (the whole, and a single PUT), s3_put_parts.c (a multipart
 * upload), s3_put_fill.c (reading parts) and s3_put_lost.c (uploads that a lost answer leaves
 * behind) share it.
 */
#ifndef SHEAF_S3_PUT_S3_PUTTER_H
#define SHEAF_S3_PUT_S3_PUTTER_H

#include "s3/put/put_source.h"
#include "s3/put/put_sums.h"
#include "s3/put/s3_put.h"
#include "s3/put/s3_uploads.h"

enum {
	PUTTER_STEP_MS = 20,	/* how soon an interruption is noticed */
	PUTTER_GRACE_MS = 2000, /* for requests in flight when the upload has failed */
};

/* One part of the body with what its request needs. */
struct part {
	struct s3_call call;
	struct buf data;
	struct put_sums sums; /* of data, while it is read */
	struct put_digest digest;
	char md5_base64[32], checksum[CHECKSUM_TEXT], sha256[65];
	struct buf query;
	unsigned number;
	int busy;
};

/* A part that has arrived. */
struct part_done {
	char etag[S3_ETAG_LEN];
	char checksum[CHECKSUM_TEXT]; /* base64, as it was sent; "": none */
};

struct putter {
	struct s3 *s3;
	const struct s3_put_opt *opt;
	struct put_source src;
	const volatile sig_atomic_t *interrupted;
	struct part *parts; /* one for each connection, and one that is being filled */
	unsigned n_places, n_busy;
	uint64_t base;	   /* bytes of a part, as requested */
	int64_t size;	   /* bytes of the whole; -1: not known */
	uint64_t in_parts; /* bytes of the parts begun so far */
	char *upload_id;   /* not encoded; NULL: none is open */
	/* Create requests that may have begun an upload whose id is unknown. */
	struct {
		unsigned n; /* at most this many */
		int64_t first_ms,
		    over_ms;	      /* when the first create was sent, and when the last ended */
		int64_t until_ms;     /* when to stop looking for them */
		struct s3_upload own; /* ours, as listed; without id: unknown yet */
	} lost;
	struct part_done *done;	   /* by number - 1; NULL: no upload was begun */
	unsigned char (*md5s)[16]; /* likewise */
	unsigned n_parts;
	int failed;
	int64_t stop_ms; /* when to cancel requests in flight; 0: never */
	char bare_etag
	    [S3_ETAG_LEN]; /* of if_match, if the server wants it without quotes; else "" */
	struct err *e;
};

/* --- s3_putter.c: requests, and when to stop --- */

/* An ETag that is not an MD5 (encryption with KMS or a customer's key) says nothing. */
int putter_etag_is_wrong(const struct s3_answer *a, const char *want);

/* Is the object that a describes the one we have? By size, and by our own checksum where we store
 * one, else by the ETag that ours would get. */
int putter_is_ours(const struct putter *p, const struct s3_answer *a, const char *want_etag);

void putter_call(struct putter *p, struct s3_call *c, const char *method, const char *query);
void putter_object_headers(struct putter *p, struct s3_call *c);
void putter_conditions(struct putter *p, struct s3_call *c);

/* Adds the part's bytes and their checksum to a call. */
void putter_body(struct putter *p, struct part *part, struct s3_call *c);

/* Makes a call and waits for its end, after an interruption for at most PUTTER_GRACE_MS. 0, or -1
 * with e (may be NULL) filled. */
int putter_do(struct putter *p, struct s3_call *c, struct err *e);

/* HEAD of the object: 1 it is there (answer filled), 0 it is not, -1 e is filled. */
int putter_head(struct putter *p, struct s3_answer *a, struct err *e);

/* Refused, but perhaps only because an earlier send, whose answer was lost, has stored it. (When a
 * kept connection dies, the engine sends again without counting.) 0 with res filled, or -1. */
int putter_settle(struct putter *p, const char *want_etag, struct s3_put_result *res);

/* Explains why c was refused. Returns -1. */
int putter_refused(struct putter *p, const struct s3_call *c);

/* Aborts one upload of the key. 0: it is gone; -1: logged with its id and the cause. */
int putter_abort(struct putter *p, const char *id, const struct s3_patience *patience);

/* 1 if the upload has failed or is interrupted; e is filled. */
int putter_stopped(struct putter *p);

/* 1 if requests in flight after a failure have had their time. */
int putter_is_late(struct putter *p);

/* --- s3_put_fill.c: parts that are read, and parts that have been sent --- */

/* Reads into part until it has the length of the next part, or most bytes, or the source ends;
 * parts in flight proceed meanwhile. */
int putter_fill(struct putter *p, struct part *part, uint64_t most);

/* Records the parts whose calls have ended. */
void putter_collect(struct putter *p);
void putter_part_ended(struct putter *p, struct part *part);

/* --- s3_put_lost.c --- */

/* Aborts all uploads of the key but ours. */
void putter_clear(struct putter *p);

/* While ours is open: records how the listing shows it, if an answer was lost and that is not known
 * yet. */
void putter_lost_own(struct putter *p);

/* At the end: aborts the uploads that lost creates have begun, or names those that may be
 * theirs. */
void putter_lost_end(struct putter *p);

/* --- s3_put_parts.c --- */

/* The body is longer than one part: first is full, the rest is read as it is sent. 0 with res
 * filled, or -1 with e filled and the upload aborted. */
int s3_put_multipart(struct putter *p, struct part *first, struct s3_put_result *res);

#endif
