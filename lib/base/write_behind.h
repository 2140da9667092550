/*
 * Writing a large file while its next bytes are being made: once some MiB have gone to a regular
 * file, what follows is copied into buffers, which a thread writes. Where outputs are small, or
 * pipes or devices, or where there is but one processor to run on, each write is done at once, by
 * the caller, and there is no thread.
 */
#ifndef SHEAF_BASE_WRITE_BEHIND_H
#define SHEAF_BASE_WRITE_BEHIND_H

#include <stddef.h>

#include "base/err.h"
#include "base/outfile.h"

struct write_behind;

/* o is borrowed until the end: nobody else may write to it, commit or abort it. */
struct write_behind *write_behind_new(struct outfile *o);

/* As outfile_write; but the failure may be one of bytes given earlier. After it nothing is written
 * any more, and only the end may follow. */
int write_behind_write(struct write_behind *w, const void *p, size_t n, struct err *e);

/* Waits until all is written, and frees w in every case. 0, or -1 with e filled: something was not
 * written that write_behind_write has not told. write_behind_end(NULL) is fine. */
int write_behind_end(struct write_behind *w, struct err *e);

#endif
