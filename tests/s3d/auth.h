/*
 * Verifying Signature Version 4, written from the specification (S3 API reference, "Authenticating
 * Requests: Using the Authorization Header" and "Signature Calculations for ... Chunked Upload")
 * and on purpose not from lib/aws/sigv4: the two check each other. As strict as S3: host and every
 * x-amz-* header must be signed, the scope must name this region and this service, the clock must
 * agree. Pure: time, keys and region are arguments.
 */
#ifndef S3D_AUTH_H
#define S3D_AUTH_H

#include <stdint.h>
#include <time.h>

#include "hash.h"
#include "target.h"

struct header {
	const char *name, *value; /* borrowed */
};

struct credential {
	const char *id, *secret;
	const char *token; /* NULL: a long-lived key, which must come without a token */
};

struct auth_config {
	const char *region;
	const struct credential *credentials;
	size_t n_credentials;
	int anonymous; /* unsigned requests are allowed; signed ones are still checked */
};

struct auth_key {
	char day[9];
	struct hmac key;
};

/* The signing keys of the day, one for each credential, and scratch space. Of one thread only. */
struct auth_cache {
	struct auth_key *keys; /* owned; n_credentials of them */
	struct buf canonical, to_sign;
};

struct auth_request {
	const char *method;
	const struct target *target;
	const struct header *headers;
	size_t n_headers;
	time_t now;
};

enum payload {
	PAYLOAD_UNSIGNED,	 /* not checked */
	PAYLOAD_HASHED,		 /* x-amz-content-sha256 says what it must be */
	PAYLOAD_CHUNKS_SIGNED,	 /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD, with -TRAILER or without */
	PAYLOAD_CHUNKS_UNSIGNED, /* STREAMING-UNSIGNED-PAYLOAD-TRAILER */
};

struct auth_result {
	const char *code; /* S3's error code; NULL: allowed */
	struct buf extra; /* owned: XML elements for the error document */
	const char *user; /* access key id; NULL: anonymous */
	enum payload payload;
	char sha256[65]; /* of PAYLOAD_HASHED */
	int trailer;
	/* from which the chunks' signatures continue */
	struct hmac key;
	char date[17], scope[128], signature[65];
};

void auth_check(struct auth_result *res, const struct auth_request *r,
    const struct auth_config *conf, struct auth_cache *cache);
void auth_cache_init(struct auth_cache *c, const struct auth_config *conf);
void auth_cache_free(struct auth_cache *c);

const char *header_get(const struct header *h, size_t n, const char *name); /* NULL when absent */

/* Escapes & < > and what XML 1.0 cannot hold, for error documents and listings. */
void xml_escape(struct buf *out, const char *p, size_t n);

#endif
