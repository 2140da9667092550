/*
 * s3:// URIs. "s3://bucket/key": the key is every byte after the slash, taken literally (no
 * percent-decoding, no normalising of "//", "./" or "../"). "s3://bucket" and "s3://bucket/" have
 * the empty key. Keys hold no NUL.
 */
#ifndef SHEAF_BASE_URI_H
#define SHEAF_BASE_URI_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { S3_KEY_MAX = 1024 }; /* bytes of a key (S3 user guide, "Naming Amazon S3 objects") */

struct uri {
	char *bucket; /* owned, NUL-terminated */
	char *key;    /* owned, NUL-terminated; "" when there is none */
};

/*
 * Parses the len bytes at s. 0, or -1 with *u zeroed and e (EXIT_USAGE) naming the URI and the
 * cause: another scheme; an empty or impossible bucket name (S3 user guide, "Bucket naming rules",
 * less those that other servers do not follow: 1 to 255 of [A-Za-z0-9._-], no ".."); access-point
 * ARNs, S3 Express and Outposts, each by name; a key over S3_KEY_MAX bytes; a NUL.
 */
int uri_parse(const char *s, size_t len, struct uri *u, struct err *e);

void uri_free(struct uri *u);

/*
 * Appends s percent-encoded once, byte by byte, as SigV4 requires: A-Z a-z 0-9 - _ . ~ and,
 * with keep_slash, "/" stay; all other bytes become %XX with upper-case digits.
 */
void uri_encode(struct buf *out, const char *s, size_t len, int keep_slash);

/*
 * Undoes percent-encoding (and "+" for a space where plus_is_space, as AWS writes keys under
 * encoding-type=url) into out. -1 on a broken escape; e may be NULL.
 */
int uri_decode(struct buf *out, const char *s, size_t len, int plus_is_space, struct err *e);

#endif
