/*
 * Decompresses a stream that may be gzip (RFC 1952; several members in a row are one stream), and
 * passes on any other unchanged. Pure.
 */
#ifndef SHEAF_ARCHIVE_DECOMPRESS_H
#define SHEAF_ARCHIVE_DECOMPRESS_H

#include <stddef.h>

#include "base/err.h"

struct decompress;

/* Takes decompressed bytes; a result other than 0 stops, and the caller gets it. */
typedef int decompress_take(void *arg, const char *p, size_t n, struct err *e);

enum {
	DECOMPRESS_BAD = -2 /* the stream is damaged or cut short; e is filled, without a name */
};

struct decompress *decompress_new(decompress_take *take, void *arg);
void decompress_free(struct decompress *u);

/* Begins a new stream; the rest of the one before is forgotten. */
void decompress_begin(struct decompress *u);
int decompress_data(struct decompress *u, const char *p, size_t n, struct err *e);
int decompress_end(struct decompress *u, struct err *e);

#endif
