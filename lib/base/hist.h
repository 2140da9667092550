/*
 * A histogram of durations in fixed memory. Buckets grow by a factor of about 1.09 (8 to an octave)
 * from 1 us to 65 minutes; the last one also takes everything longer. Zero-initialised is empty.
 * Histograms of many processes add up bucket by bucket.
 */
#ifndef SHEAF_BASE_HIST_H
#define SHEAF_BASE_HIST_H

#include <stdint.h>

#include "base/buf.h"

enum { HIST_BUCKETS = 256 };

struct hist {
	uint64_t n;
	uint64_t max_us;
	uint64_t sum_us;
	uint64_t count[HIST_BUCKETS];
};

void hist_add(struct hist *h, uint64_t us);

/* The upper bound, in us, of bucket i. */
uint64_t hist_bound_us(unsigned i);

/* The smallest bound, in us, that at least a share q (0 to 1) of the durations does not exceed; at
 * most max_us; 0 when empty. */
uint64_t hist_quantile_us(const struct hist *h, double q);

/* Appends {"n":..,"p50":..,"p90":..,"p99":..,"max":..,"sum":..,"buckets":[[index,count],...]};
 * times in ms with three decimals, empty buckets left out. */
void hist_json(struct buf *out, const struct hist *h);

#endif
