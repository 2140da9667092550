/*
 * One request as it goes out. Whatever its parts come from (a listing, a region that a server
 * named, the command line), nothing reaches the wire that could end a line or begin another
 * request: fetch_msg_check refuses it.
 */
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
	struct buf headers; /* lines with their ends */
	size_t n_headers;
	int has_body;	   /* PUT and POST */
	uint64_t body_len; /* bytes that ops->read will give */
	int slow_answer;   /* it may come a byte at a time, as while S3 completes an upload */

	const char *bad; /* private: what fetch_msg_header was given, a literal */
	struct buf bad_name;
};

/* At most; and bytes of origin, target and headers together. */
enum { FETCH_MSG_HEADERS_MAX = 32, FETCH_MSG_LEN_MAX = 64 << 10 };

/* Appends a header. What cannot be sent is left out, and fetch_msg_check says why. */
void fetch_msg_header(struct fetch_msg *m, const char *name, const char *value);

/* 0, or -1 if the message cannot be sent, with why filled: "the header If-Match has a control
 * character". Neither value nor target is shown, as they may hold secrets. */
int fetch_msg_check(struct fetch_msg *m, char *why, size_t why_len);

/* Empties the message; the memory stays. */
void fetch_msg_reset(struct fetch_msg *m);
void fetch_msg_free(struct fetch_msg *m);

#endif
