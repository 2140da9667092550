/*
 * The clocks. The monotonic one counts from an arbitrary point, is the same for all processes of a
 * machine until it restarts, and is the one to measure durations by; the wall clock is Unix time
 * and may be set at any moment.
 */
#ifndef SHEAF_BASE_CLOCK_H
#define SHEAF_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_mono_us(void);
int64_t clock_mono_ms(void);

/* Up to 4 ms behind, and cheaper: for what is asked very often. */
int64_t clock_coarse_ms(void);

int64_t clock_wall_us(void);
int64_t clock_wall_ms(void);

#endif
