/*
 * Bytes that wait: in memory while they are few, then in an unlinked temporary file under TMPDIR
 * (or /tmp).
 */
#ifndef SHEAF_BASE_SPOOL_H
#define SHEAF_BASE_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct spool {
	struct buf mem; /* the last bytes, not yet in the file */
	int fd;		/* -1: no file yet. Zero-initialise, then spool_init */
	uint64_t file_len;
};

void spool_init(struct spool *s);
void spool_free(struct spool *s);

/* Appends. 0, or -1 with e filled (no temporary space). */
int spool_add(struct spool *s, const void *p, size_t n, struct err *e);

uint64_t spool_len(const struct spool *s);

/* Cuts back to len bytes, at most what there is. */
int spool_cut(struct spool *s, uint64_t len, struct err *e);

/* Reads n bytes from offset, fewer only at the end: the number, or -1 with e filled. */
ssize_t spool_read(struct spool *s, uint64_t offset, void *p, size_t n, struct err *e);

#endif
