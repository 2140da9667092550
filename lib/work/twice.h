/*
 * Finds names that occur twice, at 16 bytes a name whatever its length. Pure.
 */
#ifndef SHEAF_WORK_TWICE_H
#define SHEAF_WORK_TWICE_H

#include <stddef.h>
#include <stdint.h>

struct twice_place {
	uint64_t hash;
	uint32_t batch, line;
};

/* Zero-initialised is empty. */
struct twice {
	struct twice_place *p; /* owned */
	size_t n, cap;
};

void twice_add(struct twice *s, const char *name, uint32_t batch, uint32_t line);

/* Calls found for places whose names have equal hashes: all equal names, and hardly any others, so
 * the caller compares the names. Sorts the places. */
void twice_pairs(struct twice *s,
    void (*found)(void *arg, const struct twice_place *a, const struct twice_place *b), void *arg);
void twice_free(struct twice *s);

#endif
