/*
 * The request target, taken apart and decoded: which bucket, which key, which parameters; and the
 * canonical forms of path and query that are signed. Pure. Nothing is collapsed: "//", "./" and
 * "../" are bytes of a key like any others.
 */
#ifndef S3D_TARGET_H
#define S3D_TARGET_H

#include <stddef.h>

#include "base/buf.h"

struct str {
	const char *p; /* borrowed; may hold NUL bytes; no NUL need follow */
	size_t len;
};

enum { PARAMS_MAX = 48, KEY_MAX = 1024 };

struct param {
	struct str name, value;
};

/* Zero-initialised is empty; target_parse may be called again and reuses the memory. */
struct target {
	struct str path; /* decoded, begins with '/' */
	struct param params[PARAMS_MAX];
	size_t n_params;
	struct str bucket; /* empty: the service itself */
	struct str key;	   /* empty: the bucket itself */
	int vhost;	   /* the bucket came from the Host header */
	struct buf text;   /* what the strings point into */
};

/* raw is "/path?query" as sent. 0, or -1 for a broken escape or too many parameters. */
int target_parse(struct target *t, const char *raw);

/* Sets bucket and key: from the Host header when it is "bucket.DOMAIN[:port]", else from the path.
 */
void target_address(
    struct target *t, const char *host, const char *const *domains, size_t n_domains);
void target_free(struct target *t);

/* The parameter's value, or NULL. An absent "=value" is an empty value. */
const struct str *target_param(const struct target *t, const char *name);

/* Appended to out: the path with each byte encoded once; the parameters encoded, then sorted. */
void target_canonical_path(struct buf *out, const struct target *t);
void target_canonical_query(struct buf *out, const struct target *t);

/* Everything but A-Z a-z 0-9 - _ . ~ becomes %XX; '/' stays when keep_slash. */
void uri_encode(struct buf *out, const char *p, size_t n, int keep_slash);

int str_eq(struct str a, const char *b);
/* Compares as S3 orders keys: bytes, the shorter first. */
int str_cmp(struct str a, struct str b);

/* 1 when the bytes are well-formed UTF-8. */
int utf8_valid(const char *p, size_t n);

#endif
