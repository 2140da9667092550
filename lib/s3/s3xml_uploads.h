/*
 * A listing of unfinished multipart uploads (S3 API reference, "ListMultipartUploads"). Pure.
 */
#ifndef SHEAF_S3_S3XML_UPLOADS_H
#define SHEAF_S3_S3XML_UPLOADS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Absent fields are "". */
struct s3xml_upload {
	const char *key; /* as sent, perhaps URL-encoded */
	const char *id;
	const char *initiator; /* its ID */
	const char *storage_class;
	const char *initiated; /* RFC 3339 as sent, "2026-11-23T13:45:00.000Z" */
	const char *checksum_algorithm, *checksum_type;
};

/* Where a page of the listing ends. Zero-initialise; owned. */
struct s3xml_uploads_end {
	int truncated;	    /* there are more */
	struct buf key, id; /* NextKeyMarker, perhaps URL-encoded, and NextUploadIdMarker */
};
void s3xml_uploads_end_free(struct s3xml_uploads_end *end);

/* Calls each for the uploads of a ListMultipartUploadsResult, in the order sent; the upload is
 * valid until it returns. Fills end. 0, or -1 with e filled ("listing of uploads: ..."), perhaps
 * after some calls. */
int s3xml_uploads(const char *doc, size_t len,
    void (*each)(void *arg, const struct s3xml_upload *u), void *arg, struct s3xml_uploads_end *end,
    struct err *e);

#endif
