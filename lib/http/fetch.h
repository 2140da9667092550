/*
 * The HTTP engine: many exchanges at once in one thread, driven by epoll. libcurl opens the
 * connections (name lookup, addresses, proxies), OpenSSL does TLS, and HTTP/1.1 is spoken here.
 * The engine keeps connections alive, retries with backoff what its caller calls transient, and
 * counts. It knows nothing of S3: a caller describes each exchange by a table of functions. How it
 * works and why: docs/engine.md.
 *
 * An exchange is queued with fetch_start, sent when a slot is free and the pace allows, and ends
 * with exactly one call of ops->end. All functions of ops run inside fetch_step.
 */
#ifndef SHEAF_HTTP_FETCH_H
#define SHEAF_HTTP_FETCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hist.h"
#include "http/fetch_cause.h"
#include "http/fetch_msg.h"
#include "http/http_field.h"

struct fetch;
struct fetch_exchange;
struct pace;

/* Why no complete answer came. */
enum fetch_fault {
	FETCH_FAULT_NONE,
	FETCH_FAULT_HOST,    /* the host name was not resolved */
	FETCH_FAULT_CONNECT, /* no connection, or not in time */
	FETCH_FAULT_TLS,     /* the certificate is not trusted */
	FETCH_FAULT_RESET,   /* the connection was lost before or during the answer */
	FETCH_FAULT_SHORT,   /* the body ended before its Content-Length */
	FETCH_FAULT_STALL,   /* nothing moved for stall_ms */
	FETCH_FAULT_GARBAGE, /* the answer was not HTTP */
	FETCH_FAULT_CALLER,  /* ops->build failed, or ops->body returned FETCH_ABORT */
	FETCH_FAULT_REQUEST, /* what ops->build made cannot be sent (fetch_msg.h) */
};

struct fetch_answer {
	enum fetch_fault fault;
	const char *fault_text; /* one line for messages; "" without a fault; borrowed */
	long status;		/* HTTP status; 0 when none came */
	unsigned tries;		/* counted sends so far, this one included */
	uint64_t us;		/* from send to last byte */
};

enum fetch_verdict {
	FETCH_DONE,	  /* success: end it with ok 1 */
	FETCH_FAIL,	  /* final failure: end it with ok 0 */
	FETCH_AGAIN,	  /* retry after backoff if tries and budget allow, else end it with ok 0 */
	FETCH_AGAIN_FREE, /* send again at once, not counted (a corrected region or clock); at most
			     8 times an exchange, those that a closed connection lost included */
};

struct fetch_again {
	enum fetch_cause cause;
	uint32_t wait_ms; /* what the server asked for (Retry-After), or 0 */
	int insist;	  /* retry even if the retry budget is used up */
};

enum fetch_take { FETCH_TAKE, FETCH_PAUSE, FETCH_ABORT };

struct fetch_ops {
	/* Fills m for the next send. -1: end the exchange with ok 0 and fault CALLER. What is
	 * filled in need not be checked: a message that cannot be sent ends the exchange with ok 0
	 * and fault REQUEST. */
	int (*build)(void *job, struct fetch_msg *m);
	/* The status of a new answer, then its headers. Interim answers (1xx) are skipped. */
	void (*status)(void *job, int status);
	void (*header)(void *job, const struct http_field *f);
	/*
	 * A piece of the answer's body. FETCH_PAUSE: not taken, offer it again after fetch_resume.
	 * FETCH_ABORT: end with fault CALLER (ops->answer is still called).
	 */
	enum fetch_take (*body)(void *job, const char *p, size_t len);
	/* Copies the next bytes of the request's body, from offset. Returns their number, or -1 to
	 * abort. Only called with has_body, else may be NULL. */
	ssize_t (*read)(void *job, uint64_t offset, char *p, size_t cap);
	/* Judges an exchange that has run, whether or not it succeeded. */
	enum fetch_verdict (*answer)(
	    void *job, const struct fetch_answer *a, struct fetch_again *again);
	/* It is over; its pointer is no longer valid. a is the last answer. */
	void (*end)(void *job, int ok, const struct fetch_answer *a);
};

struct fetch_opt {
	unsigned connections; /* exchanges at once */
	unsigned max_tries;   /* sends of one exchange, at least 1 */
	unsigned connect_ms;  /* to open a connection, TLS included; 0: 10,000 */
	unsigned stall_ms;    /* without any byte moving; 0: 20,000 */
	/* When to send a GET without an answer a second time: -1 never, 0 when it is slower than
	 * 99 % so far and than 500 ms, else after that many ms. */
	int hedge_ms;
	size_t buffer_len;	/* bytes read from a socket at once; 0: 64 KiB */
	const char *ca_file;	/* as in struct fetch_tls; borrowed */
	const char *user_agent; /* borrowed */
	int direct;		/* never through a proxy, whatever the environment says */
	struct pace *pace;	/* when to send; borrowed; NULL: at once */
};

struct fetch_stats {
	uint64_t requests; /* sent; with retries, hedges and those lost on closed connections */
	uint64_t retries;
	uint64_t causes[FETCH_CAUSES];
	uint64_t hedged;
	uint64_t hedges_won;
	uint64_t connections;
	uint64_t tls_handshakes;
	uint64_t tls_resumed;
	uint64_t bytes_in;   /* of bodies */
	struct hist latency; /* of complete answers, from send to last byte */
};

/* A fault in words, for messages: "cannot connect", "connection lost", ... */
const char *fetch_fault_words(enum fetch_fault f);

/* NULL with e filled (EXIT_USAGE: ca_file cannot be opened; EXIT_FAILED: no memory or descriptors).
 * A ca_file that holds no certificates fails the first TLS connection. */
struct fetch *fetch_new(const struct fetch_opt *opt, struct err *e);

/* Drops all exchanges without calling end, and closes all connections. fetch_free(NULL) is fine. */
void fetch_free(struct fetch *f);

/* Queues an exchange. ops and job are borrowed until end. The pointer is valid until end. */
struct fetch_exchange *fetch_start(struct fetch *f, const struct fetch_ops *ops, void *job);

/* Ends an exchange without calling ops->end. Not from inside a function of ops. */
void fetch_cancel(struct fetch *f, struct fetch_exchange *x);

/* Offers a paused body again, at the next step. */
void fetch_resume(struct fetch_exchange *x);

/* The number of exchanges that wait only for a slot and the pace. */
size_t fetch_backlog(const struct fetch *f);

/* Waits for events, at most max_wait_ms, and handles them. Returns the number of exchanges that
 * have not ended. */
size_t fetch_step(struct fetch *f, int max_wait_ms);

const struct fetch_stats *fetch_get_stats(const struct fetch *f);

#endif
