/*
 * What s3_put.c (the whole, and a single PUT) and s3_put_parts.c (a multipart upload) share: one
 * upload under way.
 */
#ifndef SHEAF_S3_PUTTER_H
#define SHEAF_S3_PUTTER_H

#include "put_source.h"
#include "s3_put.h"

enum { PUTTER_STEP_MS = 20 }; /* how soon an interruption is seen */

/* One piece of the body with what its request needs. */
struct part {
	struct s3_call call;
	struct buf data;
	unsigned char md5[16];
	char md5_base64[32], sha256[65], query[192];
	unsigned number;
	int busy;
};

struct putter {
	struct s3 *s3;
	const struct s3_put_opt *opt;
	struct put_source src;
	const volatile sig_atomic_t *interrupted;
	struct part *parts; /* places: one for each connection, and one that is being filled */
	unsigned n_places, n_busy;
	char *upload_id; /* encoded for a query; NULL: none is open */
	struct {
		char etag[128];
		unsigned char md5[16];
	} * done; /* by number - 1 */
	unsigned n_parts;
	int failed;
	char bare_etag[128]; /* of if_match, where the server wants it so; "": it does not */
	struct err *e;
};

/* --- s3_put.c --- */

/* MD5 of the part, and SHA-256 where it is signed. */
void putter_hash(struct putter *p, struct part *part);
void putter_hex(char *to, const unsigned char *bytes, size_t n);

/* The ETag that S3 gives: the MD5 of the single part, or (NULL) of a multipart upload the MD5 of
 * its parts' MD5s and their number. */
void putter_etag(const struct putter *p, const struct part *single, char etag[64]);

/* An ETag that is no MD5 (encryption with KMS or a customer's key) says nothing. */
int putter_etag_is_wrong(const struct s3_answer *a, const char *want);

void putter_call(struct putter *p, struct s3_call *c, const char *method, const char *query);
void putter_object_headers(struct putter *p, struct s3_call *c);
void putter_conditions(struct putter *p, struct s3_call *c);
void putter_body(struct s3_call *c, struct part *part);

/* HEAD of the object: 1 it is there (answer filled), 0 it is not, -1 e is filled. */
int putter_head(struct putter *p, struct s3_answer *a, struct err *e);

/* Refused, but perhaps only because an earlier send, whose answer was lost, has stored it. (libcurl
 * repeats a request by itself when a kept connection dies.) 0 with res filled, or -1. */
int putter_settle(struct putter *p, const char *want_etag, struct s3_put_result *res);

/* Explains why c was refused. Returns -1. */
int putter_refused(struct putter *p, const struct s3_call *c);

/* Bytes of the next part. */
uint64_t putter_part_len(const struct putter *p);

/* 1 when the upload has failed or is interrupted; e is filled. */
int putter_stopped(struct putter *p);

/* Reads into part until it has len bytes or the source ends, while parts on the way go on. */
int putter_fill(struct putter *p, struct part *part, uint64_t len);

/* --- s3_put_parts.c --- */

/* Takes in the parts that have ended. */
void putter_collect(struct putter *p);

/* The body is longer than one part: first is full, the rest is read as it goes. 0 with res filled,
 * or -1 with e filled and the upload aborted. */
int s3_put_multipart(struct putter *p, struct part *first, struct s3_put_result *res);

#endif
