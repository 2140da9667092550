/*
 * The one parser for integers from outside: decimal digits only, no sign, no space, within bounds.
 * Returns 0, or -1 with *out untouched.
 */
#ifndef SHEAF_BASE_NUM_H
#define SHEAF_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

int num_parse(const char *s, uint64_t min, uint64_t max, uint64_t *out);
int num_parse_n(const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *out);

/* A number of bytes: digits, then nothing or K, M, G, T (also KiB, MiB, ...), powers of 1024. */
int num_parse_bytes(const char *s, uint64_t min, uint64_t max, uint64_t *out);

#endif
