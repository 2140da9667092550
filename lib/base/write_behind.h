/*
 * Writes a large file while its next bytes are being computed. After the first few MiB of a regular
 * file, bytes are copied into buffers that a thread writes. For small outputs, pipes and devices,
 * and with a single processor, there is no thread and the caller writes directly.
 */
#ifndef SHEAF_BASE_WRITE_BEHIND_H
#define SHEAF_BASE_WRITE_BEHIND_H

#include <stddef.h>

#include "base/err.h"
#include "base/outfile.h"

struct write_behind;

/* o is borrowed until write_behind_end: nobody else may write to it, commit or abort it. */
struct write_behind *write_behind_new(struct outfile *o);

/* As outfile_write, but a failure may concern bytes given earlier. After one, nothing more is
 * written and only write_behind_end may follow. */
int write_behind_write(struct write_behind *w, const void *p, size_t n, struct err *e);

/* Waits until all is written and frees w in every case. 0, or -1 with e filled for a failure that
 * write_behind_write has not reported. write_behind_end(NULL) is fine. */
int write_behind_end(struct write_behind *w, struct err *e);

#endif
