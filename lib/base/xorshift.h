/*
 * Random numbers for jitter and for tests, which want the same ones each time: Marsaglia's
 * xorshift64 ("Xorshift RNGs", 2003). Not for secrets.
 */
#ifndef SHEAF_BASE_XORSHIFT_H
#define SHEAF_BASE_XORSHIFT_H

#include <stdint.h>

/* The next number; *state must not be 0, and never becomes 0. */
static inline uint64_t
xorshift64(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
