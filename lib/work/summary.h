/*
 * The summary of a merged file, about/N.json: csvcat --about writes it, and s3put copies it into
 * its receipt. One JSON object with bytes, crc32c (8 hex digits, of the whole file) and whatever
 * else describes the file.
 */
#ifndef SHEAF_WORK_SUMMARY_H
#define SHEAF_WORK_SUMMARY_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct summary {
	uint64_t bytes;
	char crc32c[9];
	struct buf rest; /* the other members, as JSON: `"rows":3,"header":"a,b"`; may be empty */
};

/* Reads path. -1 with e filled where it cannot be read, is not JSON, or lacks bytes or crc32c. */
int summary_read(struct summary *a, const char *path, struct err *e);

/* The same for a text; path is for messages. */
int summary_parse(struct summary *a, const char *text, size_t len, const char *path, struct err *e);
void summary_free(struct summary *a);

#endif
