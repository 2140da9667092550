/*
 * How the rate of a send schedule follows what the server allows (docs/engine.md, "Pace"). Pure:
 * the clock is an argument, in ns.
 */
#ifndef SHEAF_HTTP_PACE_RATE_H
#define SHEAF_HTTP_PACE_RATE_H

#include "http/pace_state.h"

/* Requests a second, and picoseconds between two. Sets the first rate where the state is new or
 * damaged. */
double pace_rate_per_s(struct pace_state *s);
uint64_t pace_rate_interval_ps(struct pace_state *s);

/* 1 while the limit is searched in large steps. */
int pace_rate_is_finding(const struct pace_state *s);

void pace_rate_answered(struct pace_state *s, uint64_t now_ns);
void pace_rate_throttled(struct pace_state *s, uint64_t now_ns);

#endif
