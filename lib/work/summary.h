/*
 * What csvcat says about a file that it wrote (csvcat --about), and s3put takes over into its
 * receipt: one JSON object with bytes, crc32c (8 hex digits, of the whole file) and whatever else
 * describes it.
 */
#ifndef SHEAF_WORK_SUMMARY_H
#define SHEAF_WORK_SUMMARY_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct summary {
	uint64_t bytes;
	char crc32c[9];
	struct buf rest; /* the other members, as JSON: `"rows":3,"header":"a,b"`; empty when there
			    are none */
};

/* Reads path; a file that cannot be read or lacks bytes or crc32c is an error that names it. -1
 * with e filled. */
int summary_read(struct summary *a, const char *path, struct err *e);

/* The same of a text; path is for messages. */
int summary_parse(struct summary *a, const char *text, size_t len, const char *path, struct err *e);
void summary_free(struct summary *a);

#endif
