/*
 * One HTTP exchange on an engine of its own (fetch.h), and waits for it: for fetching credentials,
 * a few times in a program's life.
 */
#ifndef SHEAF_HTTP_HTTP_ONCE_H
#define SHEAF_HTTP_HTTP_ONCE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/fetch.h"

enum { HTTP_ONCE_HEADERS_MAX = 8 };

/* Everything is borrowed. */
struct http_once {
	const char *method; /* a literal */
	const char *url;
	struct {
		const char *name, *value;
	} headers[HTTP_ONCE_HEADERS_MAX];
	size_t n_headers;
	const char *body; /* NULL: none; PUT and POST need one, "" is fine */
	size_t body_len;
	size_t answer_max;   /* bytes of the answer's body; a longer one fails the exchange */
	unsigned tries;	     /* sends, at least 1 */
	unsigned connect_ms; /* to open a connection */
	unsigned stall_ms;   /* without any byte moving */
	unsigned total_ms;   /* for everything, retries and pauses included */
	int direct;	     /* never through a proxy */
	const char *ca_file; /* as in struct fetch_opt */
	/* 1 if an answer is worth another try; NULL: 429 and 5xx are. */
	int (*transient)(long status, const char *body, size_t len);
};

struct http_answer {
	long status;
	struct buf body;
	enum fetch_fault fault; /* after -1: why no whole answer came */
};

void http_once_header(struct http_once *h, const char *name, const char *value);

/*
 * Sends and waits. 0 when a whole answer came, whatever its status, else -1 with e (EXIT_FAILED):
 * "https://host: cannot connect (...) after 3 tries". The path is left out, as some hold secrets.
 * Free a with http_answer_free in either case.
 */
int http_once(const struct http_once *h, struct http_answer *a, struct err *e);

/* Wipes the body, which may hold secrets, and frees it. */
void http_answer_free(struct http_answer *a);

#endif
