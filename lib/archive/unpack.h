/*
 * A stream that may be compressed by gzip (RFC 1952; several members one after another count as
 * one): it is looked at, and given on unpacked. Pure.
 */
#ifndef SHEAF_ARCHIVE_UNPACK_H
#define SHEAF_ARCHIVE_UNPACK_H

#include <stddef.h>

#include "base/err.h"

struct unpack;

/* Takes unpacked bytes; non-zero stops and is returned by the call at hand. */
typedef int unpack_take(void *arg, const char *p, size_t n, struct err *e);

enum { UNPACK_BAD = -2 /* the gzip stream is damaged or cut short; e is filled, without a name */ };

struct unpack *unpack_new(unpack_take *take, void *arg);
void unpack_free(struct unpack *u);

/* A new stream begins; what was left of another is forgotten. */
void unpack_begin(struct unpack *u);
int unpack_data(struct unpack *u, const char *p, size_t n, struct err *e);
int unpack_end(struct unpack *u, struct err *e);

#endif
