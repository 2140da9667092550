/*
 * The XML that S3 answers with (S3 API reference: ListObjectsV2, ListObjects, Error,
 * InitiateMultipartUpload, CompleteMultipartUpload, ListMultipartUploads), read with expat.
 * Unknown elements are passed over. A document type declaration is refused: S3 never sends one, and
 * entities are how XML grows.
 */
#ifndef SHEAF_S3_S3XML_H
#define SHEAF_S3_S3XML_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct s3xml_object {
	const char *key; /* borrowed from the page; decoded where the page says encoding-type=url */
	size_t key_len;	 /* a key may hold any byte, NUL included */
	uint64_t size;	 /* bytes */
	const char *etag;	   /* borrowed; without the quotes; "" when absent */
	const char *mtime;	   /* borrowed; RFC 3339 as sent, "2026-11-23T13:45:00.000Z" */
	const char *storage_class; /* borrowed; "" when absent */
};

/* One page of a listing. Zero-initialised is empty; reused pages keep their memory. */
struct s3xml_page {
	struct s3xml_object *objects; /* owned array, in the order sent */
	size_t n_objects;
	char *next_token; /* owned; NULL when absent. NextContinuationToken (V2) as it stands, or
			     NextMarker (V1), a key and decoded like one */
	int is_truncated;
	struct buf text; /* what the objects' strings point into */
	size_t cap_objects;
};

/* Parses one whole document of len bytes. 0, or -1 with e filled ("listing answer: ..."). Every
 * object must have Key and Size, the page IsTruncated; CommonPrefixes are passed over. */
int s3xml_list(struct s3xml_page *page, const char *doc, size_t len, struct err *e);
void s3xml_page_free(struct s3xml_page *page);

/* An <Error> document. Strings are cut when longer; absent ones are "". */
struct s3xml_error {
	char code[128];	   /* "SlowDown" */
	char message[512]; /* may be empty: Ceph sends none */
	char region[64];   /* of AuthorizationHeaderMalformed and PermanentRedirect */
	char endpoint[256];
	char storage_class[64]; /* of InvalidObjectState */
};

/* 1 when doc is an <Error> document and *x is filled, 0 when it is another or no XML (x zeroed). */
int s3xml_error(struct s3xml_error *x, const char *doc, size_t len);

/* An unfinished multipart upload. Absent fields are "". */
struct s3xml_upload {
	const char *key; /* as it stands, which may be URL-encoded */
	const char *id;
	const char *initiator; /* its ID */
	const char *storage_class;
	const char *initiated; /* RFC 3339 as sent, "2026-11-23T13:45:00.000Z" */
	const char *checksum_algorithm, *checksum_type;
};

/* Calls each for the uploads of a ListMultipartUploadsResult, in the order sent; what it gets is
 * valid until it returns. 0, or -1 with e filled ("listing of uploads: ..."), perhaps after some
 * calls. */
int s3xml_uploads(const char *doc, size_t len,
    void (*each)(void *arg, const struct s3xml_upload *u), void *arg, struct err *e);

/* The text of the first element of that name, wherever it stands ("UploadId", "ETag"), appended to
 * out. 0, or -1 when there is none or the document is not XML. */
int s3xml_text(struct buf *out, const char *doc, size_t len, const char *element);

/* Appends s with & < > " and control characters escaped for XML text. */
void s3xml_escape(struct buf *out, const char *s, size_t len);

#endif
