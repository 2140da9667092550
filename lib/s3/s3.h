/*
 * S3 requests: addressing, signing, error codes, which failure may be retried. One `struct s3` a
 * program: its settings, credentials and HTTP engine. A request is a `struct s3_call` that the
 * caller owns; it is made with s3_do (waits) or s3_start (runs inside s3_step).
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

/* What the command line says, the same for all programs. Borrowed strings; zero is the default. */
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

/* Reads settings and credentials, makes the engine. NULL with e filled, EXIT_USAGE for what the
 * user set wrong. */
struct s3 *s3_open(const struct s3_opt *opt, struct err *e);
void s3_close(struct s3 *s3);

/* Where requests go and as whom, in a few lines for --verbose; no secrets. */
const char *s3_describe(struct s3 *s3);

enum {
	S3_HEADERS_MAX = 20,
	S3_BODY_MAX = 64 << 20, /* of an answer that is kept in memory: a listing page takes at most
				   about 4 MiB */
	S3_ERROR_MAX = 64 << 10, /* of an error document */
};

/* Apart from the call, as most calls have none and thousands are held at once. */
struct s3_problem {
	struct s3xml_error xml; /* the error document, when the answer was one */
	struct err
	    error; /* of a failed call: "503 SlowDown after 8 tries", without the object's name */
};

struct s3_call;

struct s3_call_ops {
	/* Before every send: may change request headers. May be NULL. */
	void (*prepare)(struct s3_call *c);
	/* Bodies of 2xx answers. NULL: collected in c->body. */
	enum fetch_take (*body)(struct s3_call *c, const char *p, size_t len);
	/* The request's body. NULL: c->put_body. */
	ssize_t (*read)(struct s3_call *c, uint64_t offset, char *p, size_t cap);
	/* A whole 2xx answer came: FETCH_DONE, or FETCH_AGAIN with a cause when it is wrong all the
	 * same, or FETCH_FAIL with s3_call_problem(c)->error filled. May be NULL. */
	enum fetch_verdict (*check)(struct s3_call *c, struct fetch_again *again);
	/* It is over. NULL: nothing. */
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

	struct s3_answer answer; /* valid from the first body byte on */
	struct buf body; /* the 2xx answer's, or the error document; freed by s3_call_free */
	struct s3_problem *
	    problem; /* what was wrong with the last answer; NULL: nothing. Freed by s3_call_free */
	struct fetch_answer last;
	int ended;
	int ok;
	/* Sends that may have been carried out without a word that we understood: their answers
	 * were lost, late, broken or a 5xx. Not for a GET, which may be sent twice at once. */
	unsigned unknown;

	struct s3 *s3; /* the engine's */
	struct fetch_exchange *exchange;
	int wrong_region, wrong_clock, expired; /* corrections made */
	/* what it was signed with: generations of the credentials and of the regions, the clock */
	unsigned signed_as, regions_learnt;
	time_t clock_ahead;
};

void s3_call_header(struct s3_call *c, const char *name, const char *value);

/* Starts c; it ends inside s3_step. */
void s3_start(struct s3 *s3, struct s3_call *c);

/* The number of calls not yet ended, after waiting at most max_wait_ms for events. */
size_t s3_step(struct s3 *s3, int max_wait_ms);

/* Started calls that wait for nothing but a connection and the pace. */
size_t s3_backlog(const struct s3 *s3);

/* Ends a started call without a call of ops->end; not from inside a function of ops. */
void s3_cancel(struct s3_call *c);

/* Offers the body again after ops->body said FETCH_PAUSE. */
void s3_resume(struct s3_call *c);

/* Starts c and waits for its end (other calls run along). 0 when ok, else -1 with e filled: its
 * text begins with the URI. */
int s3_do(struct s3 *s3, struct s3_call *c, struct err *e);

/* The call's problem, made when there is none. */
struct s3_problem *s3_call_problem(struct s3_call *c);

/* S3's word for what was wrong: the error document's code, else the HTTP status's name; "" when
 * nothing was. */
const char *s3_call_code(const struct s3_call *c);

/* 1 when a failed call's cause stands in the way of every other request too: credentials, bucket,
 * certificate, host. */
int s3_call_is_general(const struct s3_call *c);

/* Frees what the call collected; the struct can be used again after zeroing. */
void s3_call_free(struct s3_call *c);

/* e as a failed call explains it, with the URI before it. Returns -1. */
int s3_call_err(const struct s3_call *c, struct err *e);

/* 1 where the body's SHA-256 must be signed, as there is no TLS to protect it and the way is longer
 * than loopback. */
int s3_signs_payload(const struct s3 *s3);

/* 1 when requests go to AWS, 0 for another endpoint. */
int s3_is_aws(const struct s3 *s3);

/* 1 where a checksum that S3 keeps goes along with what is stored: on AWS, and where
 * AWS_REQUEST_CHECKSUM_CALCULATION is when_supported; 0 where it is when_required, and on other
 * endpoints, as some know none. */
int s3_sends_checksums(const struct s3 *s3);

/* Fills the request counts, causes, connections and latency of docs/work-folder.md. */
struct stats;
void s3_add_stats(const struct s3 *s3, struct stats *st);

#endif
