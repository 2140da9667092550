/*
 * A stream that may be compressed by gzip (RFC 1952; several members one after another count as
 * one): it is looked at, and given on unpacked. Pure.
 */
#ifndef SHEAF_ARCHIVE_DECOMPRESS_H
#define SHEAF_ARCHIVE_DECOMPRESS_H

#include <stddef.h>

#include "base/err.h"

struct decompress;

/* Takes unpacked bytes; non-zero stops and is returned by the call at hand. */
typedef int decompress_take(void *arg, const char *p, size_t n, struct err *e);

enum {
	DECOMPRESS_BAD =
	    -2 /* the gzip stream is damaged or cut short; e is filled, without a name */
};

struct decompress *decompress_new(decompress_take *take, void *arg);
void decompress_free(struct decompress *u);

/* A new stream begins; what was left of another is forgotten. */
void decompress_begin(struct decompress *u);
int decompress_data(struct decompress *u, const char *p, size_t n, struct err *e);
int decompress_end(struct decompress *u, struct err *e);

#endif
