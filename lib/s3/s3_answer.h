/*
 * The head of an S3 answer (S3 API reference, "Common response headers"). Pure.
 */
#ifndef SHEAF_S3_S3_ANSWER_H
#define SHEAF_S3_S3_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "http/http_field.h"
#include "s3/s3_etag.h"
#include "sums/checksum.h"

/* The fields of an answer's head. */
struct s3_answer {
	long status;		  /* 0: none came */
	int64_t content_length;	  /* -1: absent */
	int64_t range_start;	  /* of Content-Range; -1: none */
	int64_t range_total;	  /* of Content-Range; -1: none */
	int64_t last_modified;	  /* Unix seconds; 0: absent */
	uint32_t retry_after_ms;  /* Retry-After or x-amz-retry-after */
	char etag[S3_ETAG_LEN];	  /* without quotes; "" if absent or not valid */
	int etag_is_wrong;	  /* an ETag was sent that is not one */
	int etag_is_weak;	  /* it was sent as W/"..." */
	int is_chunked;		  /* Transfer-Encoding: the body shows where it ends */
	int has_request_id;	  /* x-amz-request-id: S3 answered, not a proxy */
	char sse[16];		  /* x-amz-server-side-encryption, or "customer"; "": none */
	char region[80];	  /* x-amz-bucket-region, as sent: perhaps not a region's name */
	char checksum_crc32c[16]; /* x-amz-checksum-*: base64, as sent; "" if absent */
	char checksum_crc64nvme[24];
	char checksum_crc32[16];
	char checksum_sha256[64];
	char checksum_sha1[40];
	char checksum_type[16]; /* "FULL_OBJECT" or "COMPOSITE" */
	char date[32];		/* as sent: seldom needed, and costly to parse */
	char storage_class[32];
	char sheaf_crc32c[16]; /* x-amz-meta-sheaf-crc32c */
};

/* Resets a for a new answer, of this status. */
void s3_answer_begin(struct s3_answer *a, int status);

/* Takes one header. Values that are too long are cut. */
void s3_answer_header(struct s3_answer *a, const struct http_field *f);

/* The Date, in Unix seconds; 0 if absent or invalid. */
int64_t s3_answer_date(const struct s3_answer *a);

/* 1 if the ETag is the MD5 of the body (S3 API reference, "Object": not for SSE-KMS, SSE-C and
 * multipart). */
int s3_etag_is_md5(const struct s3_answer *a);

/* The checksum of the whole body that the head has, the fastest if there are several, and its text.
 * CHECKSUM_NONE: none; a checksum of parts ("...-N") does not count. */
enum checksum_algorithm s3_answer_checksum(const struct s3_answer *a, const char **text);

#endif
