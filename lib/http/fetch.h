/*
 * The HTTP engine: many exchanges at once in one thread, driven by epoll. libcurl opens the
 * connections (name look-up, addresses, proxies), OpenSSL speaks TLS on them, and HTTP/1.1 is
 * spoken here, because that takes a third of the processor time that libcurl's own takes. It keeps
 * connections, sends again what its caller calls transient, with backoff, and counts. It knows
 * nothing of S3: a caller describes each exchange by a table of functions.
 *
 *   fetch.c         exchanges: when they are sent, retries, hedges, deadlines
 *   fetch_queue.c   those that are not on the wire
 *   fetch_slot.c    one exchange on its connection: the request out, the answer in (http_parse.h)
 *   fetch_conn.c    connections, by libcurl
 *   fetch_tls.c     TLS on them, by OpenSSL
 *   fetch_events.c  which sockets are waited for
 *
 * An exchange is queued with fetch_start, sent when a slot is free and the pace allows,
 * and ends with exactly one call of ops->end. All functions of ops run inside fetch_step.
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

struct fetch;
struct fetch_exchange;
struct pace;

/* Why no whole answer came. */
enum fetch_fault {
	FETCH_FAULT_NONE,
	FETCH_FAULT_HOST,    /* the host's name was not resolved */
	FETCH_FAULT_CONNECT, /* no connection, or none in time */
	FETCH_FAULT_TLS,     /* the certificate is not trusted */
	FETCH_FAULT_RESET,   /* the connection was lost before or inside the answer */
	FETCH_FAULT_SHORT,   /* the body ended before its Content-Length */
	FETCH_FAULT_STALL,   /* nothing moved for stall_ms */
	FETCH_FAULT_GARBAGE, /* what came was no HTTP */
	FETCH_FAULT_CALLER,  /* ops->body or ops->build said FETCH_ABORT */
};

struct fetch_answer {
	enum fetch_fault fault;
	const char *fault_text; /* one line, for messages; "" without fault; borrowed */
	long status;		/* HTTP status; 0 when none came */
	unsigned tries; /* sends so far, this one included; those that do not count left out */
	uint64_t us;	/* from send to last byte */
};

enum fetch_verdict {
	FETCH_DONE,  /* as it should be: ends with ok 1 */
	FETCH_FAIL,  /* no use trying again: ends with ok 0 */
	FETCH_AGAIN, /* send again after backoff, if tries and the retry budget allow, else ends
			with ok 0 */
	FETCH_AGAIN_FREE, /* send again at once, not counted (a corrected region or clock); at most
			     8 times an exchange, those that a closed connection lost included */
};

struct fetch_again {
	enum fetch_cause cause;
	uint32_t wait_ms; /* what the server asked for (Retry-After); 0: nothing */
	int insist;	  /* send again even if the retry budget is used up */
};

enum fetch_take { FETCH_TAKE, FETCH_PAUSE, FETCH_ABORT };

struct fetch_ops {
	/* Fills m for the next send. -1: this exchange cannot be made (ends with ok 0, fault
	 * CALLER). */
	int (*build)(void *job, struct fetch_msg *m);
	/* One line of the answer's head, without line end, the status line first. Interim answers
	 * (1xx) are passed over. */
	void (*header)(void *job, const char *line, size_t len);
	/*
	 * A piece of the answer's body. FETCH_PAUSE: not taken, will be offered again after
	 * fetch_resume. FETCH_ABORT: ends the exchange with fault CALLER (answer is still asked).
	 */
	enum fetch_take (*body)(void *job, const char *p, size_t len);
	/* Gives the next bytes of the request's body from offset on: the number, 0 at its end, or
	 * -1 to abort. Only asked where has_body; may be NULL where never. */
	ssize_t (*read)(void *job, uint64_t offset, char *p, size_t cap);
	/* What to do with an exchange that has run, well or not. */
	enum fetch_verdict (*answer)(
	    void *job, const struct fetch_answer *a, struct fetch_again *again);
	/* It is over; the pointer is no longer valid. a is the last answer. */
	void (*end)(void *job, int ok, const struct fetch_answer *a);
};

struct fetch_opt {
	unsigned connections; /* slots: exchanges on the wire at once */
	unsigned max_tries;   /* sends of one exchange, at least 1 */
	unsigned connect_ms;  /* to open a connection; 0: 10,000 */
	unsigned stall_ms;    /* without any byte moving; 0: 20,000 */
	/* A GET without an answer is asked a second time: -1 never, 0 when it is slower than the
	 * slowest percent so far (and 500 ms), else after that many ms. */
	int hedge_ms;
	size_t buffer_len;   /* bytes read from a socket at once; 0: 64 KiB */
	const char *ca_file; /* trust these certificates (PEM) only; NULL: the system's. Borrowed */
	const char *user_agent; /* borrowed */
	int direct;		/* never by a proxy, whatever the environment says */
	struct pace *pace;	/* when to send; borrowed; NULL: at once */
};

struct fetch_stats {
	uint64_t requests; /* sent; retries, hedges and what a closed connection lost included */
	uint64_t retries;
	uint64_t causes[FETCH_CAUSES];
	uint64_t hedged;
	uint64_t hedges_won;
	uint64_t connections;
	uint64_t tls_handshakes;
	uint64_t tls_resumed;
	uint64_t bytes_in;   /* of bodies */
	struct hist latency; /* of exchanges whose answer was whole, from send to last byte */
};

/* What to call a fault in a message: "cannot connect", "connection lost", ... */
const char *fetch_fault_words(enum fetch_fault f);

/* NULL with e filled (EXIT_USAGE: ca_file cannot be opened; EXIT_FAILED: no memory or descriptors).
 * A ca_file that holds no certificates fails the first TLS connection. */
struct fetch *fetch_new(const struct fetch_opt *opt, struct err *e);

/* Drops all exchanges without a call of end, closes all connections. fetch_free(NULL) is fine. */
void fetch_free(struct fetch *f);

/* Queues an exchange. ops and job are borrowed until end. The pointer is valid until end. */
struct fetch_exchange *fetch_start(struct fetch *f, const struct fetch_ops *ops, void *job);

/* Ends an exchange without a call of ops->end. Not from inside a function of ops. */
void fetch_cancel(struct fetch *f, struct fetch_exchange *x);

/* Offers a paused body again, at the next step. */
void fetch_resume(struct fetch *f, struct fetch_exchange *x);

/* Exchanges that wait for nothing but a connection and the pace. */
size_t fetch_backlog(const struct fetch *f);

/* Waits for events, at most max_wait_ms, and handles them. Returns the number of exchanges that
 * have not ended. */
size_t fetch_step(struct fetch *f, int max_wait_ms);

/* Steps until no exchange is left. */
void fetch_run(struct fetch *f);

const struct fetch_stats *fetch_get_stats(const struct fetch *f);

#endif
