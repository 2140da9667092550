/*
 * Decompresses a stream that may be gzip (RFC 1952; several members in a row are one stream), and
 * passes on any other unchanged. Pure.
 *
 * A few bytes of gzip can become a thousand times as many (gzip's limit is 1,032). A bound on that
 * ratio holds for each stream as a whole; its first DECOMPRESS_FREE bytes do not count, so that
 * small repetitive files pass.
 */
#ifndef SHEAF_ARCHIVE_DECOMPRESS_H
#define SHEAF_ARCHIVE_DECOMPRESS_H

#include <stddef.h>

#include "base/err.h"

struct decompress;

/* Takes decompressed bytes; a result other than 0 stops, and the caller gets it. */
typedef int decompress_take(void *arg, const char *p, size_t n, struct err *e);

enum { DECOMPRESS_FREE = 1 << 20 };

enum {
	DECOMPRESS_BAD = -2 /* the stream is damaged, cut short or expands too much; e is filled,
			      without a name */
};

/* max_ratio: the most decompressed bytes for each compressed byte; 0: no bound. */
struct decompress *decompress_new(decompress_take *take, void *arg, unsigned max_ratio);
void decompress_free(struct decompress *u);

/* Begins a new stream; the rest of the one before is forgotten. */
void decompress_begin(struct decompress *u);
int decompress_data(struct decompress *u, const char *p, size_t n, struct err *e);
int decompress_end(struct decompress *u, struct err *e);

#endif
