/*
 * Parses answers of HTTP/1.1 (RFC 9112): takes bytes as they arrive and gives the status, the
 * headers and the pieces of the body. This is the only parser of heads; nobody looks at a line
 * again. Pure. Interim answers (1xx) and trailers are skipped. A peer
 * that does not speak HTTP/1.x is recognised by its first bytes.
 */
#ifndef SHEAF_HTTP_HTTP_PARSE_H
#define SHEAF_HTTP_HTTP_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/http_field.h"

enum { HTTP_HEAD_MAX = 64 << 10 }; /* bytes of all heads of an answer, or of trailers */

enum { HTTP_INTERIM_MAX = 32 }; /* interim answers before a final one */

enum http_event {
	HTTP_MORE,   /* all bytes are consumed */
	HTTP_STATUS, /* the status line of a final answer: `status` */
	HTTP_HEADER, /* a header of the head: `field` */
	HTTP_BODY,   /* a piece of the body */
	HTTP_END,    /* the answer is complete; bytes left over do not belong to it */
	HTTP_BAD,    /* not HTTP/1.1; `bad` says why */
};

struct http_parse {
	int status;		 /* 0 until the status line has come */
	int close;		 /* the connection cannot carry another answer */
	const char *bad;	 /* a literal, or NULL */
	struct http_field field; /* valid until the next call */

	/* private */
	int state;
	int no_body; /* it answers a HEAD */
	int began;   /* any byte has come */
	int version; /* the x of HTTP/1.x */
	int chunked;
	int has_length;
	uint64_t left;	  /* bytes to come of the body or chunk */
	size_t head_len;  /* so far, against HTTP_HEAD_MAX */
	unsigned interim; /* answers so far, against HTTP_INTERIM_MAX */
	struct buf line;  /* the beginning of an incomplete line */
	int line_is_used; /* it was returned to the caller */
};

/* Begins a new answer; to_head: to a HEAD request. Zero-initialise h before its first use. */
void http_parse_begin(struct http_parse *h, int to_head);
void http_parse_free(struct http_parse *h);

/*
 * Returns the next event in the *n bytes at *p and advances both past it. For HTTP_BODY, *out and
 * *out_len are the piece, which points into the bytes. After HTTP_END or HTTP_BAD, call only
 * http_parse_begin.
 */
enum http_event http_parse_next(
    struct http_parse *h, const char **p, size_t *n, const char **out, size_t *out_len);

/* Takes back the last piece, which will be parsed again from its beginning. */
void http_parse_untake(struct http_parse *h, size_t len);

/* The connection was closed: HTTP_END if that ends the body, else HTTP_BAD, as the answer was cut
 * short. */
enum http_event http_parse_eof(struct http_parse *h);

/* 1 after HTTP_END. */
int http_parse_is_whole(const struct http_parse *h);

/* 1 after the end of the head. */
int http_parse_in_body(const struct http_parse *h);

#endif
