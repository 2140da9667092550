/*
 * One upload in progress, as s3_put.c (the whole, and a single PUT), s3_put_parts.c (a multipart
 * upload), s3_put_fill.c (reading parts), s3_put_look.c (what is stored) and s3_put_lost.c (uploads
 * that a lost answer leaves behind) share it.
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

struct putter;

/* One part of the body with what its request needs. */
struct part {
	struct putter *putter;
	struct s3_call call;
	struct buf data;
	struct put_sums sums; /* of data, while it is read */
	struct put_digest digest;
	char md5_base64[32], checksum[CHECKSUM_TEXT], sha256[65];
	struct buf query;
	unsigned number;
	unsigned bare;		      /* answers without an ETag */
	char wrong_etag[S3_ETAG_LEN]; /* of an answer; "": none was wrong */
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
	int odd_etags;	   /* parts have ETags that are not their MD5s */
	int unconditional; /* the server does not know conditions: HEAD has looked instead */
	int shown_weak;	   /* HEAD shows weak ETags, which If-Match never matches */
	int64_t stop_ms;   /* when to cancel requests in flight; 0: never */
	char bare_etag
	    [S3_ETAG_LEN]; /* of if_match, if the server wants it without quotes; else "" */
	struct err *e;
};

/* --- s3_putter.c: requests, and when to stop --- */

void putter_call(struct putter *p, struct s3_call *c, const char *method, const char *query);
void putter_object_headers(struct putter *p, struct s3_call *c);
void putter_conditions(struct putter *p, struct s3_call *c);

int putter_has_conditions(const struct putter *p);

/* 1 if c was refused for its condition, and HEAD can look in its place: the server does not know
 * conditions, or shows weak ETags, which If-Match never matches. */
int putter_may_go_without(const struct putter *p, const struct s3_call *c);

/* Adds the part's bytes and their checksum to a call. */
void putter_body(struct putter *p, struct part *part, struct s3_call *c);

/* Makes a call and waits for its end, after an interruption for at most PUTTER_GRACE_MS. 0, or -1
 * with e (may be NULL) filled. */
int putter_do(struct putter *p, struct s3_call *c, struct err *e);

/* Explains why c was refused. Returns -1. */
int putter_refused(struct putter *p, const struct s3_call *c);

/* Aborts one upload of the key. 0: it is gone; -1: logged with its id and the cause. */
int putter_abort(struct putter *p, const char *id, const struct s3_patience *patience);

/* 1 if the upload has failed or is interrupted; e is filled. */
int putter_stopped(struct putter *p);

/* 1 if requests in flight after a failure have had their time. */
int putter_is_late(struct putter *p);

/* --- s3_put_look.c: what is stored --- */

/* An ETag that is not an MD5 (encryption with KMS or a customer's key) says nothing. */
int putter_etag_is_wrong(const struct putter *p, const struct s3_answer *a, const char *want);

/* The ETag says that other bytes are stored, or is no MD5 on this server: reads the object back. 0
 * if it has the bytes sent, else -1 with e filled. */
int putter_read_back(struct putter *p, const struct s3_answer *a, const char *want);

/* Looks with HEAD, where the server itself may not: if conditions hold, and whether the object is
 * ours already. want: the ETag that ours will get; NULL: not known yet. 0: store it; 1: it is there
 * and ours, res is filled; -1: e is filled. */
int putter_look(struct putter *p, const char *want, struct s3_put_result *res);

/* Is what HEAD shows what we have? Perhaps an earlier send, whose answer was lost, has stored it.
 * (When a kept connection dies, the engine sends again without counting.) By size, and by our own
 * checksum where we store one, else by the ETag that ours would get. 0 with the ETag and existed of
 * res filled, or -1. */
int putter_settle(struct putter *p, const char *want, struct s3_put_result *res);

/* Fills the ETag of res after an answer that the object is stored. It is the one that HEAD shows
 * from now on: on AWS that of the answer, elsewhere too if it is the one wanted (NULL: none is),
 * else HEAD is asked, and a becomes its answer. 0, or -1 with e filled. */
int putter_stored(
    struct putter *p, struct s3_answer *a, const char *want, struct s3_put_result *res);

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
