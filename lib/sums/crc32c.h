/*
 * CRC-32C (Castagnoli; RFC 3720, section 12.1), with the processor's instruction for it if there is
 * one. Pure except for crc32c_combine, which caches: call it from one thread.
 */
#ifndef SHEAF_SUMS_CRC32C_H
#define SHEAF_SUMS_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Extends crc, the checksum of some bytes, by the n bytes at p. The checksum of no bytes is 0. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

/* The same, always with tables, for the test that both agree. */
uint32_t crc32c_portable(uint32_t crc, const void *buf, size_t n);

/* The checksum of A followed by B, from those of A and of B and the length of B. */
uint32_t crc32c_combine(uint32_t a, uint32_t b, uint64_t b_len);

/* Reads 8 lower-case hex digits. 0, or -1 with *crc untouched. */
int crc32c_parse(const char *s, uint32_t *crc);

#endif
