/*
 * Which clock CLOCK_MONOTONIC is: it starts anew with the machine, and a time namespace may shift
 * it. Other processes may use a time only if they read the same clock.
 */
#ifndef SHEAF_HTTP_PACE_CLOCK_H
#define SHEAF_HTTP_PACE_CLOCK_H

#include <stdint.h>

/* A number made of this machine's boot and this process' time namespace, and of salt: the same for
 * all who share a clock; never 0. */
uint64_t pace_clock_id(uint64_t salt);

#endif
