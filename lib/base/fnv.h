/*
 * FNV-1a of 64 bits (draft-eastlake-fnv): a hash for tables and fingerprints. Whoever chooses the
 * bytes can make two of one hash.
 */
#ifndef SHEAF_BASE_FNV_H
#define SHEAF_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV1A_BEGIN UINT64_C(0xcbf29ce484222325)

/* The hash of what h (at first FNV1A_BEGIN) stands for, followed by the n bytes at p. */
static inline uint64_t
fnv1a(uint64_t h, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
	return h;
}

#endif
