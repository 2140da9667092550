/*
 * A page of a listing (S3 API reference, "ListObjectsV2", "ListObjects"). Unknown elements are
 * skipped. Pure.
 */
#ifndef SHEAF_S3_S3XML_LIST_H
#define SHEAF_S3_S3XML_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define S3XML_NO_SIZE UINT64_MAX

struct s3xml_object {
	const char *key;   /* borrowed from the page; decoded if the page says encoding-type=url */
	size_t key_len;	   /* a key may hold any byte, NUL included */
	uint64_t size;	   /* bytes; S3XML_NO_SIZE: absent, or no number */
	const char *etag;  /* borrowed; without quotes; "" if absent */
	const char *mtime; /* borrowed; "2026-11-23T13:45:00.000Z", always UTC; "" if absent */
	const char *storage_class; /* borrowed; "" if absent */
};

/* Zero-initialised is empty; a reused page keeps its memory. */
struct s3xml_page {
	struct s3xml_object *objects; /* owned array, in the order sent */
	size_t n_objects;
	char *next_token; /* owned; NULL if absent. NextContinuationToken (V2) as sent, or
			     NextMarker (V1), a key and decoded like one */
	int next_is_key;  /* it is a NextMarker */
	int is_truncated;
	struct buf text; /* what the objects' strings point into */
	size_t cap_objects;
};

/* Parses one whole document of len bytes. 0, or -1 with e filled ("listing answer: ..."). Every
 * object must have a Key, the page IsTruncated; CommonPrefixes are skipped. */
int s3xml_list(struct s3xml_page *page, const char *doc, size_t len, struct err *e);
void s3xml_page_free(struct s3xml_page *page);

#endif
