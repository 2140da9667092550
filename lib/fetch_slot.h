/*
 * One place on the wire of the engine in fetch.h: an easy handle, reused from exchange to exchange.
 * Only fetch.c and fetch_slot.c include this.
 */
#ifndef SHEAF_FETCH_SLOT_H
#define SHEAF_FETCH_SLOT_H

#include <curl/curl.h>
#include <openssl/ssl.h>

#include "fetch.h"

struct fetch_task {
	const struct fetch_ops *ops;
	void *job;
	unsigned tries;
	unsigned free_tries;
	unsigned cost;		    /* retry tokens paid so far */
	int64_t due_ms;		    /* when waiting for a retry */
	struct fetch_slot *slot[2]; /* the send, and its hedge */
	struct fetch_slot *winner;  /* whose answer is delivered; NULL until a status line came */
	struct fetch_task *next;
};

struct fetch_slot {
	struct fetch *engine;
	CURL *easy;
	struct fetch_task *task; /* NULL: free */
	struct fetch_msg msg;
	struct curl_slist nodes[FETCH_HEADERS_MAX + 1];
	const char *method; /* that the handle is set for */
	uint64_t sent_us;
	uint64_t read_offset;
	int64_t progress_ms;
	long status;
	int drop; /* lost a race: to be taken off the wire */
	int paused;
	int resume;
	int handshake; /* a TLS handshake belongs to this exchange */
	char errbuf[CURL_ERROR_SIZE];
};

/* Makes the handle with everything that stays the same. 0 or -1. */
int fetch_slot_init(
    struct fetch_slot *s, struct fetch *f, const struct fetch_opt *opt, CURLSH *share);
void fetch_slot_free(struct fetch_slot *s);

/* Sets what the message in s->msg changes. fresh: on a new connection. */
void fetch_slot_set(struct fetch_slot *s, int fresh);

/* What a finished transfer means. */
enum fetch_fault fetch_slot_fault(CURLcode code);

/* What the slots ask of their engine. */
X509_STORE *fetch_trust(struct fetch *f); /* NULL: the certificates cannot be read */
int64_t fetch_now_ms(const struct fetch *f);
struct fetch_stats *fetch_stats_of(struct fetch *f);
CURLcode fetch_socket_opened(struct fetch *f, curl_socket_t fd);
void fetch_socket_closed(struct fetch *f, curl_socket_t fd);
/* A status line came: 1 when the slot's answer is the one to deliver. */
int fetch_slot_wins(struct fetch *f, struct fetch_slot *s);

#endif
