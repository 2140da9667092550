/*
 * S3 requests: addressing, signing, error codes, retries. A program has one `struct s3`: its
 * settings, credentials and HTTP engine. A request is a `struct s3_call` that the caller owns; it
 * begins with s3_start and runs inside s3_step.
 *
 * Sources: S3 API reference ("Error responses", "Common request headers"), S3 user guide ("Virtual
 * hosting of buckets", "Making requests", "Best practices design patterns").
 */
#ifndef SHEAF_S3_S3_H
#define SHEAF_S3_S3_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/fetch.h"
#include "s3/s3_answer.h"
#include "s3/s3xml.h"

/* The options that all programs share. Borrowed strings; zero is the default. */
struct s3_opt {
	const char *endpoint_url;
	const char *region;
	const char *profile;
	int no_sign_request;
	int request_payer;
	const char *pace;     /* file of the shared send schedule; NULL: this process alone */
	unsigned connections; /* 0: 1 */
	int hedge_ms;	      /* as in struct fetch_opt */
	size_t buffer_len;    /* as in struct fetch_opt */
};

struct s3;

/* Reads settings and credentials, creates the engine. NULL with e filled, with EXIT_USAGE for
 * mistakes in the settings. */
struct s3 *s3_open(const struct s3_opt *opt, struct err *e);
void s3_close(struct s3 *s3);

/* Where requests go and as whom, for --verbose; no secrets. */
const char *s3_describe(struct s3 *s3);

enum {
	S3_HEADERS_MAX = 20,
	S3_BODY_MAX = 8 << 20,	 /* bytes of an answer held in memory: a page of 1,000 keys of 1,024
				    bytes takes up to 4 MiB */
	S3_ERROR_MAX = 64 << 10, /* bytes of an error document */
};

/* Not part of the call, as most calls have none and thousands exist at once. */
struct s3_problem {
	struct s3xml_error xml; /* the error document, if the answer was one */
	struct err
	    error; /* of a failed call: "503 SlowDown after 8 tries", without the object's name */
};

struct s3_call;

struct s3_call_ops {
	/* Called before every send; may change request headers. May be NULL. */
	void (*prepare)(struct s3_call *c);
	/* Takes the bodies of 2xx answers. NULL: they are collected in c->body. */
	enum fetch_take (*body)(struct s3_call *c, const char *p, size_t len);
	/* Gives the request's body. NULL: it is c->put_body. */
	ssize_t (*read)(struct s3_call *c, uint64_t offset, char *p, size_t cap);
	/* An answer of 3xx, 4xx or 501 that the caller knows how to avoid: 1 after changing what
	 * prepare will send, which is then sent at once; 0: the request has failed. May be NULL. */
	int (*refused)(struct s3_call *c);
	/* Checks a complete 2xx answer: FETCH_DONE, or FETCH_AGAIN with a cause if it is wrong
	 * after all, or FETCH_FAIL with s3_call_problem(c)->error filled. May be NULL. */
	enum fetch_verdict (*check)(struct s3_call *c, struct fetch_again *again);
	/* Called when the call has ended. May be NULL. */
	void (*end)(struct s3_call *c);
};

/* Zero-initialise, fill the first block, start. Everything is borrowed until the call has ended. */
struct s3_call {
	const char *method;
	const char *bucket;
	const char *key;   /* "" for a request to the bucket; not encoded */
	const char *query; /* encoded, "name=value&..."; NULL: none */
	struct sigv4_header headers[S3_HEADERS_MAX]; /* all are signed */
	size_t n_headers;
	const void *put_body; /* bytes of a request's body, or NULL with ops->read */
	uint64_t put_len;
	int has_body;		       /* PUT and POST: even one of 0 bytes */
	const char *payload_hash;      /* hex SHA-256 of the request's body; NULL: of no body, or
					  UNSIGNED-PAYLOAD */
	const struct s3_call_ops *ops; /* NULL: collect */
	void *arg;		       /* the caller's own */
	int slow_answer;	       /* as in struct fetch_msg */

	struct s3_answer answer; /* valid from the first body byte on */
	struct buf body; /* the 2xx answer's, or the error document; freed by s3_call_free */
	struct s3_problem *problem; /* of the last answer; NULL: none. Freed by s3_call_free */
	struct fetch_answer last;
	int ended;
	int ok;
	/* Set by ops->body with FETCH_ABORT: the answer is longer than it may be, which is worth a
	 * retry. */
	int surplus;
	/* Sends that may have taken effect although we got no valid answer: it was lost, late,
	 * broken or a 5xx. Not counted for GET, which may be sent twice at once. */
	unsigned unknown;

	struct s3 *s3; /* the engine's */
	struct fetch_exchange *exchange;
	int wrong_region, wrong_clock, expired; /* corrections made */
	/* what the last send was signed with: generations of credentials and regions, the clock */
	unsigned signed_as, regions_learnt;
	time_t clock_ahead;
};

void s3_call_header(struct s3_call *c, const char *name, const char *value);

/* Starts c; it ends inside s3_step. */
void s3_start(struct s3 *s3, struct s3_call *c);

/* The number of calls not yet ended, after waiting at most max_wait_ms for events. */
size_t s3_step(struct s3 *s3, int max_wait_ms);

/* Started calls that only wait for a connection or the pace. */
size_t s3_backlog(const struct s3 *s3);

/* Ends a started call without calling ops->end; not to be called from a function of ops. */
void s3_cancel(struct s3_call *c);

/* Offers the body again after ops->body said FETCH_PAUSE. */
void s3_resume(struct s3_call *c);

/* The call's problem, created if there is none. */
struct s3_problem *s3_call_problem(struct s3_call *c);

/* S3's name for the error: the error document's code, else the name of the HTTP status; "" if there
 * is no error. */
const char *s3_call_code(const struct s3_call *c);

/* 1 if S3 itself has answered with this status: its XML has this code. An answer without it may be
 * that of a proxy, and says nothing about the object. */
int s3_call_says(const struct s3_call *c, long status, const char *code);

/* 1 if the answer says that the server does not know something in the request. */
int s3_call_is_not_implemented(const struct s3_call *c);

/* 1 for an answer of 2xx. */
int s3_call_is_good(const struct s3_call *c);

/* 1 if the cause of a failed call would make every other request fail too: credentials, bucket,
 * certificate, host. */
int s3_call_is_general(const struct s3_call *c);

/* Frees what the call collected; the struct can be used again after zeroing. */
void s3_call_free(struct s3_call *c);

/* Fills e with the error of a failed call, after the URI. Returns -1. */
int s3_call_err(const struct s3_call *c, struct err *e);

/* 1 if the body's SHA-256 must be signed, as no TLS protects it and it leaves this machine. */
int s3_signs_payload(const struct s3 *s3);

/* 1 if requests go to AWS, 0 for another endpoint. */
int s3_is_aws(const struct s3 *s3);

/* 1 if uploads carry a checksum that S3 stores: on AWS, and if AWS_REQUEST_CHECKSUM_CALCULATION is
 * when_supported; 0 if it is when_required, and on other endpoints, as some reject it. */
int s3_sends_checksums(const struct s3 *s3);

/* 1 if GETs ask for the checksum stored with the object, to verify it: unless
 * AWS_RESPONSE_CHECKSUM_VALIDATION is when_required. */
int s3_asks_checksums(const struct s3 *s3);

/* Adds the fields that docs/work-folder.md has for requests, causes, connections and latency. */
struct stats;
void s3_add_stats(const struct s3 *s3, struct stats *st);

#endif
