/*
 * One send schedule for all processes of a run, which share a small file mapped into each. Send
 * times are drawn from it with atomics, without a lock. The rate adapts to the server's "slow
 * down" answers (docs/engine.md, "Pace").
 *
 * Times are nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
 */
#ifndef SHEAF_HTTP_PACE_H
#define SHEAF_HTTP_PACE_H

#include <stdint.h>

#include "base/err.h"

struct pace;

/* Opens or creates the file; path NULL: a schedule for this process alone. NULL with e filled
 * (EXIT_USAGE), naming the file, if it is not a pace file of this version. */
struct pace *pace_open(const char *path, struct err *e);
void pace_close(struct pace *p);

/* Draws send times for n consecutive requests and returns the first: now_ns or later. */
uint64_t pace_take(struct pace *p, uint64_t now_ns, unsigned n);

/* Report that a request was answered: not with "slow down", or with it. */
void pace_answered(struct pace *p, uint64_t now_ns);
void pace_throttled(struct pace *p, uint64_t now_ns);

/* The requests a second that the schedule allows. */
double pace_rate(struct pace *p);

#endif
