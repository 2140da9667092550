/*
 * The answer's side of HTTP/1.1 (RFC 9112): bytes as they come in, the lines of its head and the
 * pieces of its body out. Pure. Interim answers (1xx) and trailers are passed over; a connection
 * that carries anything but HTTP/1.x is told from one that does by its first bytes.
 */
#ifndef SHEAF_HTTP_HTTP_PARSE_H
#define SHEAF_HTTP_HTTP_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { HTTP_HEAD_MAX = 64 << 10 }; /* bytes of a head, or of a body's chunk lines and trailers */

enum http_event {
	HTTP_MORE, /* all bytes are used up */
	HTTP_LINE, /* a line of the head, without its end; the status line first */
	HTTP_BODY, /* a piece of the body */
	HTTP_END,  /* the answer is whole; what is left of the bytes is not of it */
	HTTP_BAD,  /* this is no HTTP/1.1; why in `bad` */
};

struct http_parse {
	int status;	 /* 0 until the status line came */
	int close;	 /* the connection carries no other answer behind this one */
	const char *bad; /* a literal; NULL: nothing */

	/* inside */
	int state;
	int no_body; /* it answers a HEAD */
	int began;   /* any byte came */
	int version; /* of HTTP/1.x */
	int chunked;
	int has_length;
	uint64_t left;	  /* bytes of the body, or of its chunk */
	size_t head_len;  /* so far, against HTTP_HEAD_MAX */
	struct buf line;  /* the beginning of one that is not whole yet */
	int line_is_used; /* it was handed out */
};

/* Begins a new answer; to_head: to a HEAD. Zero-initialise h before its first use. */
void http_parse_begin(struct http_parse *h, int to_head);
void http_parse_free(struct http_parse *h);

/*
 * The next event in the *n bytes at *p, both moved on behind it. For HTTP_LINE and HTTP_BODY *out
 * and *out_len are the line or piece, valid until the next call (a piece points into the bytes).
 * After HTTP_END or HTTP_BAD only http_parse_begin may follow.
 */
enum http_event http_parse_next(
    struct http_parse *h, const char **p, size_t *n, const char **out, size_t *out_len);

/* The last piece was not taken: it will come again from its beginning. */
void http_parse_untake(struct http_parse *h, size_t len);

/* The connection has ended: HTTP_END where only that ends the body, else HTTP_BAD, as the answer
 * was cut short. */
enum http_event http_parse_eof(struct http_parse *h);

/* 1 after HTTP_END. */
int http_parse_is_whole(const struct http_parse *h);

/* 1 when the head is over: the body was cut short, if something was. */
int http_parse_in_body(const struct http_parse *h);

#endif
