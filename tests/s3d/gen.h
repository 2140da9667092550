/*
 * Objects that exist only as a formula: COUNT keys made from a template, each with a small CSV body
 * derived from its number. Ten million of them take no memory. Pure.
 */
#ifndef S3D_GEN_H
#define S3D_GEN_H

#include <stddef.h>
#include <stdint.h>

#include "target.h"

struct gen {
	char *tmpl;   /* owned: the whole key, '#' where a digit of the number goes */
	size_t len;   /* of each key */
	unsigned *at; /* owned: where the digits stand, most significant first */
	unsigned digits;
	uint64_t count; /* numbers 1 to count */
	size_t body_len;
};

/* The body with the shortest note; gen_init's body_len is at least this. */
enum { GEN_BODY_MIN = 100 };

/*
 * prefix is taken as it is; in tmpl each '#' is a digit. 0, or -1 when the digits cannot hold
 * count, or the key would be too long. Keys are then in byte order of their numbers.
 */
int gen_init(struct gen *g, struct str prefix, const char *tmpl, uint64_t count, size_t body_len);
void gen_free(struct gen *g);

/* The key of number n into out (g->len bytes, no NUL). */
void gen_key(const struct gen *g, uint64_t n, char *out);

/* The number of the key, or 0 when it is none of these. */
uint64_t gen_find(const struct gen *g, struct str key);

/* The first number whose key is >= key, or > key when after; count + 1 when there is none. */
uint64_t gen_seek(const struct gen *g, struct str key, int after);

/* The body of number n into out (g->body_len bytes, no NUL), and its MD5 in hex. */
void gen_body(const struct gen *g, uint64_t n, char *out);
void gen_etag(const struct gen *g, uint64_t n, char etag[33]);

#endif
