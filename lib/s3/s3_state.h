/*
 * What the files behind s3.h share: s3.c (calls), s3_settings.c, s3_sign.c, s3_judge.c,
 * s3_region.c, s3_stats.c.
 */
#ifndef SHEAF_S3_S3_STATE_H
#define SHEAF_S3_S3_STATE_H

#include "aws/aws_settings.h"
#include "creds/creds_held.h"
#include "s3/s3.h"
#include "s3/s3_addr.h"
#include "s3/s3_region.h"

/* Requests by kind, as S3 prices them. */
enum s3_kind { S3_KIND_GET, S3_KIND_PUT, S3_KIND_LIST, S3_KIND_HEAD, S3_KIND_OTHER, S3_KINDS };

struct s3 {
	struct s3_opt opt;
	struct aws_settings settings;
	struct s3_addr addr;
	struct creds_held held;
	struct sigv4_key key;
	unsigned key_generation; /* of the credentials that the key is derived from */
	struct fetch *fetch;
	struct pace *pace;
	struct s3_regions regions;
	time_t clock_ahead; /* how far the server's clock is ahead of ours */
	time_t signed_at;   /* the time that date shows */
	char date[17];
	struct buf host, path, auth, text;
	uint64_t kinds[S3_KINDS];
	uint64_t throttled;
};

/* --- s3_settings.c --- */

/* Reads settings and credentials. -1 with e filled. */
int s3_settings_load(struct s3 *s3, struct err *e);

/* --- s3_sign.c --- */

/* Fills m with the request of c, signed unless requests are anonymous. */
void s3_sign(struct s3 *s3, struct s3_call *c, struct fetch_msg *m);

/* --- s3_judge.c --- */

/* What to do with an answer to c, and counts whether the request may have been carried out
 * unnoticed. */
enum fetch_verdict s3_judge(
    struct s3_call *c, const struct fetch_answer *a, struct fetch_again *again);

/* Words the error of a call that has failed, unless it is filled already. */
void s3_judge_explain(struct s3_call *c, const struct fetch_answer *a);

/* --- s3_stats.c --- */

/* Counts a request that is sent. */
void s3_stats_count(struct s3 *s3, const struct s3_call *c);

#endif
