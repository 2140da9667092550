/*
 * One send schedule for all processes of a run, which share a small file mapped into each. Send
 * times are drawn from it with atomics, without a lock. The rate adapts to the server's "slow
 * down" answers (docs/engine.md, "Pace").
 *
 * Times are nanoseconds of CLOCK_MONOTONIC. Processes that read another one (of another machine,
 * after a restart, in another time namespace) share another file (pace_file.h).
 */
#ifndef SHEAF_HTTP_PACE_H
#define SHEAF_HTTP_PACE_H

#include <stdint.h>

#include "base/err.h"

struct pace;

/* Opens or creates the file; path NULL: a schedule for this process alone. NULL with e filled
 * (EXIT_USAGE), naming the file, if it is not a pace file. */
struct pace *pace_open(const char *path, struct err *e);
void pace_close(struct pace *p);

/* How many send times it is best to draw at once: few while the rate may change soon. */
unsigned pace_batch(const struct pace *p, uint64_t now_ns);

/* Draws send times for n consecutive requests and returns the first: now_ns or later. */
uint64_t pace_take(struct pace *p, uint64_t now_ns, unsigned n);

/* Report that a request was answered: not with "slow down", or with it. */
void pace_answered(struct pace *p, uint64_t now_ns);
void pace_throttled(struct pace *p, uint64_t now_ns);

/* Optional: how long an answer took. The schedule waits for answers to see what a new rate does. */
void pace_latency(struct pace *p, uint64_t us);

/* The requests a second that the schedule allows. */
double pace_rate(struct pace *p);

#endif
