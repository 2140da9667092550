/* One request as it goes out. */
#ifndef SHEAF_HTTP_FETCH_MSG_H
#define SHEAF_HTTP_FETCH_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Filled by ops->build of fetch.h from scratch before every send; the engine owns the memory. */
struct fetch_msg {
	const char *method; /* "GET", "HEAD", "PUT", "POST", "DELETE"; borrowed, a literal */
	struct buf origin;  /* "https://host:port", the port where it is not the scheme's */
	struct buf target;  /* "/path?query", sent as it stands */
	struct buf headers; /* "Name: value" lines, each ended by a NUL */
	size_t n_headers;
	int has_body;	   /* PUT and POST */
	uint64_t body_len; /* bytes that ops->read will give */
};

enum { FETCH_MSG_HEADERS_MAX = 32 };

/* Appends one header line; at most FETCH_MSG_HEADERS_MAX. */
void fetch_msg_header(struct fetch_msg *m, const char *name, const char *value);

/* Empties the message; the memory stays. */
void fetch_msg_reset(struct fetch_msg *m);
void fetch_msg_free(struct fetch_msg *m);

#endif
