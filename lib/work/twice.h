/*
 * Where names stand, to find those that stand twice: 16 bytes a name, whatever its length. Pure.
 */
#ifndef SHEAF_WORK_TWICE_H
#define SHEAF_WORK_TWICE_H

#include <stddef.h>
#include <stdint.h>

struct place {
	uint64_t hash;
	uint32_t batch, line;
};

/* Zero-initialised is empty. */
struct places {
	struct place *p; /* owned */
	size_t n, cap;
};

void places_add(struct places *s, const char *name, uint32_t batch, uint32_t line);

/* Calls found for places of names with equal hashes, which are all equal names and hardly any
 * other: the caller compares the names. Sorts the places. */
void places_pairs(struct places *s,
    void (*found)(void *arg, const struct place *a, const struct place *b), void *arg);
void places_free(struct places *s);

#endif
