/*
 * The file or stream that s3_put reads, in pieces, and whether it was as expected.
 */
#ifndef SHEAF_S3_PUT_PUT_SOURCE_H
#define SHEAF_S3_PUT_PUT_SOURCE_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

struct put_source {
	int fd;		  /* borrowed */
	const char *name; /* borrowed; for messages */
	int regular;	  /* st is from before reading */
	struct stat st;
	uint64_t bytes;	 /* read so far */
	uint32_t crc32c; /* of them; kept by the caller */
	int eof;
};

int put_source_open(struct put_source *s, int fd, const char *name, struct err *e);

/* Waits at most that many ms, or until a signal comes. 1 if a read will not block. */
int put_source_ready(const struct put_source *s, int timeout_ms);

/* One read of at most n bytes onto the end of b; sets eof. 0, or -1 with e filled. */
int put_source_read(struct put_source *s, struct buf *b, uint64_t n, struct err *e);

/* After the end: checks that the file has not changed and is as expected (-1: anything). 0, or -1
 * with e filled. */
int put_source_check(
    struct put_source *s, int64_t expect_size, int64_t expect_crc32c, struct err *e);

#endif
