/*
 * The XML that clients send: <Delete> and <CompleteMultipartUpload>, read with expat. A document
 * type declaration is refused. Pure.
 */
#ifndef S3D_XMLIN_H
#define S3D_XMLIN_H

#include "upload.h"

struct xml_key {
	size_t off, len; /* in text */
};

struct xml_delete {
	struct buf text;
	struct xml_key *keys; /* owned */
	size_t n, cap;
	int quiet;
};

/* 0, or -1 if it is not such a document. */
int xml_delete_parse(struct xml_delete *d, const char *p, size_t n);
void xml_delete_free(struct xml_delete *d);

struct xml_complete {
	struct claim *claims; /* owned */
	size_t n, cap;
};

int xml_complete_parse(struct xml_complete *c, const char *p, size_t n);
void xml_complete_free(struct xml_complete *c);

#endif
