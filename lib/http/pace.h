/*
 * One send schedule for all processes of a run. They share a small file, mapped into each: sending
 * times are drawn from it with atomics, no lock. The rate begins at 5,000 a second and grows by a
 * quarter ten times a second while it is what limits the run. When more than three answers in a
 * thousand are "slow down" it falls to 0.95 of the goodput that lasted, and from then on grows more
 * slowly, down to 2 % a second; after ten seconds without such a fall, faster again. A share of
 * "slow down" that three falls have not made smaller has nothing to do with the rate: it is borne
 * from then on.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC, the same for all processes of a machine since its
 * start.
 */
#ifndef SHEAF_HTTP_PACE_H
#define SHEAF_HTTP_PACE_H

#include <stdint.h>

#include "base/err.h"

struct pace;

/* Opens or makes the file; NULL as path: a schedule of this process alone. A file that is no pace
 * file, or of another version, is an error that names it (EXIT_USAGE). NULL with e filled. */
struct pace *pace_open(const char *path, struct err *e);
void pace_close(struct pace *p);

/* Draws the sending times of n requests, one right behind the other: the first of them, now_ns or
 * later. */
uint64_t pace_take(struct pace *p, uint64_t now_ns, unsigned n);

/* A request was answered with success, or with "slow down". */
void pace_answered(struct pace *p, uint64_t now_ns);
void pace_throttled(struct pace *p, uint64_t now_ns);

/* Requests a second that the schedule allows. */
double pace_rate(const struct pace *p);

#endif
