/*
 * Storing one object from a file or a stream: a single PUT up to the part size, a multipart upload
 * above it (S3 API reference, "PutObject", "CreateMultipartUpload", "UploadPart",
 * "CompleteMultipartUpload"; limits: S3 user guide, "Amazon S3 multipart upload limits"). Nothing
 * is stored unless the source is complete and as expected; an upload that fails is aborted.
 */
#ifndef SHEAF_S3_PUT_S3_PUT_H
#define SHEAF_S3_PUT_S3_PUT_H

#include <signal.h>
#include <stdint.h>

#include "base/err.h"
#include "base/uri.h"
#include "s3/put/part_plan.h"
#include "s3/s3.h"
#include "sums/checksum.h"

struct s3_put_opt {
	struct uri uri;			    /* borrowed */
	const struct sigv4_header *headers; /* content-type, x-amz-meta-..., encryption; borrowed */
	size_t n_headers;
	const char *meta_crc32c; /* the value of x-amz-meta-sheaf-crc32c among them; NULL: none */
	int if_none_match;	 /* only if there is no object with that key */
	const char *if_match;	 /* only over the object with this ETag; NULL: over any */
	/* Nobody else stores this key meanwhile: abort all unfinished uploads of it, including
	 * those that earlier programs left behind. */
	int only_writer;
	/* What is sent with the data: CHECKSUM_CRC32C or CHECKSUM_SHA256, which S3 stores with the
	 * object, or CHECKSUM_NONE: Content-MD5, which every server checks. */
	enum checksum_algorithm checksum;
	int no_md5;	       /* the server's ETags look like MD5s and are none: do not compare */
	uint64_t part_size;    /* 0: S3_PART_DEFAULT; grows if 10,000 parts would not suffice */
	unsigned connections;  /* parts at once */
	int64_t expect_size;   /* bytes; -1: any */
	int64_t expect_crc32c; /* -1: any */
};

struct s3_put_result {
	uint64_t bytes;
	char etag[S3_ETAG_LEN];
	uint32_t crc32c;
	unsigned parts; /* 1: a single PUT */
	int existed;	/* with if_none_match: the same object existed already */
};

/*
 * Reads fd to its end and stores it. name is for messages. The upload is aborted when *interrupted
 * becomes non-zero. A regular file that changes meanwhile is an error. 0, or -1 with e filled and
 * nothing stored, as far as is known.
 */
int s3_put(struct s3 *s3, const struct s3_put_opt *opt, int fd, const char *name,
    const volatile sig_atomic_t *interrupted, struct s3_put_result *res, struct err *e);

#endif
