/*
 * How S3 behaves: how long an answer takes, when a client is told to slow down, after how many
 * requests a connection is closed.
 */
#ifndef S3D_MODEL_H
#define S3D_MODEL_H

#include <pthread.h>
#include <stdint.h>

struct model_config {
	uint64_t latency_us;
	int64_t list_latency_us, put_latency_us; /* -1: as latency_us */
	double tail_percent;			 /* of the requests take tail_us more */
	uint64_t tail_us;
	double cap, cap_burst;	       /* GET, HEAD and LIST a second; 0: none */
	double put_cap, put_cap_burst; /* PUT, POST and DELETE a second */
	unsigned close_after;	       /* requests; 0: never */
	int close_silent;	       /* without Connection: close in the last answer */
	uint64_t seed;
};

struct model {
	struct model_config conf;
	pthread_mutex_t lock;
	struct {
		double tokens;
		uint64_t last_us;
	} read, write;
	uint64_t random;
};

enum model_kind { MODEL_READ, MODEL_LIST, MODEL_WRITE };

void model_init(struct model *m, const struct model_config *conf);

/* 1: answer 503 SlowDown. Such an answer does not use up the allowance. */
int model_throttled(struct model *m, enum model_kind kind);
/* How long this answer has to wait, in microseconds. */
uint64_t model_delay_us(struct model *m, enum model_kind kind);

uint64_t clock_us(void); /* monotonic */

/* The next of a sequence; *state is never 0. */
uint64_t random_next(uint64_t *state);

#endif
