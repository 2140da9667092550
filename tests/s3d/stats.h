/*
 * Counters of requests and answers.
 */
#ifndef S3D_STATS_H
#define S3D_STATS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "req.h"

enum { STATS_METHODS = 6, STATS_STATUS = 600 };

struct stats {
	atomic_ullong methods[STATS_METHODS], ops[OP_N], status[STATS_STATUS];
	atomic_ullong connections, open, tls_resumed;
	atomic_ullong bytes_in, bytes_out;
	atomic_ullong throttled, faults, unanswered;
	atomic_ullong in_flight, in_flight_max;
	int count_keys;
	pthread_mutex_t lock;
	struct key_count **keys; /* hash table of "op bucket/key", guarded by lock */
	size_t n_keys, n_slots;
};

void stats_init(struct stats *s, int count_keys);
void stats_free(struct stats *s);
/* Resets all counters but those of what is open now. */
void stats_reset(struct stats *s);

void stats_request(struct stats *s, const struct req *r);
void stats_answer(struct stats *s, unsigned status);
void stats_json(struct stats *s, struct buf *out, int with_keys);

void json_string(struct buf *out, const char *p, size_t n);

#endif
