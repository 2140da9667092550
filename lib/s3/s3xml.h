/*
 * The <Error> document that S3 answers with (S3 API reference, "Error responses"). Pure.
 */
#ifndef SHEAF_S3_S3XML_H
#define SHEAF_S3_S3XML_H

#include <stddef.h>

/* Strings are cut if too long; absent ones are "". */
struct s3xml_error {
	char code[128];	   /* "SlowDown" */
	char message[512]; /* may be empty: Ceph sends none */
	/* Of AuthorizationHeaderMalformed and PermanentRedirect; perhaps not a region's name. */
	char region[80];
	char endpoint[256];
	char storage_class[64]; /* of InvalidObjectState */
};

/* 1 if doc is an <Error> document; 0 if it is another document or no XML: *x is zeroed then. */
int s3xml_error(struct s3xml_error *x, const char *doc, size_t len);

#endif
