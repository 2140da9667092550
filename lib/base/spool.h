/*
 * A byte store that stays in memory while it is small and then moves to an unlinked temporary file
 * in TMPDIR (or /tmp).
 */
#ifndef SHEAF_BASE_SPOOL_H
#define SHEAF_BASE_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct spool {
	struct buf mem; /* the last bytes, not in the file yet */
	int fd;		/* -1: no file yet. Zero-initialise, then spool_init */
	uint64_t file_len;
};

/* The folder of temporary files. */
const char *spool_folder(void);

void spool_init(struct spool *s);
void spool_free(struct spool *s);

/* Appends. 0, or -1 with e filled (out of temporary space). */
int spool_add(struct spool *s, const void *p, size_t n, struct err *e);

uint64_t spool_len(const struct spool *s);

/* Truncates to len bytes, which must not exceed spool_len. */
int spool_cut(struct spool *s, uint64_t len, struct err *e);

/* Reads n bytes from offset, fewer only at the end. Returns the number, or -1 with e filled. */
ssize_t spool_read(struct spool *s, uint64_t offset, void *p, size_t n, struct err *e);

#endif
