/*
 * The aws-chunked content encoding (S3 API reference, "Signature Calculations for the Authorization
 * Header: Transferring Payload in Multiple Chunks", and the same "with trailing headers"). Pure.
 */
#ifndef S3D_CHUNKED_H
#define S3D_CHUNKED_H

#include "auth.h"

struct trailer {
	char name[64];
	char value[128];
};

/*
 * Decodes body in place; *len becomes the decoded length. Chunk signatures and the trailer's are
 * checked if a says that there are any. t gets the (one) trailing header, "" if there is none.
 * NULL, or S3's error code.
 */
const char *chunked_decode(const struct auth_result *a, char *body, size_t *len, struct trailer *t);

#endif
