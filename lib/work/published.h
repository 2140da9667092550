/*
 * DEST_sheaf/ledger.tar.gz: what a finished merge stores of its work folder, so that it can be
 * verified elsewhere. Whoever can write to DEST can put anything there, so it is unpacked by
 * allow-list: regular files under the names that a work folder has, each once, in bounds.
 *
 * The bounds: a list (keys, ledger, rejects) has at most BATCH lines, of at most
 * PUBLISHED_LINE_MAX bytes and without NUL; run.json has at most 64 KiB, settings as much,
 * keys/complete 64 bytes more for each batch, a receipt PUBLISHED_RECEIPT_MAX. All files together
 * have at most PUBLISHED_RATIO times the bytes of the archive and 1 MiB more, and at most what
 * batches could have of which objects are at DEST.
 */
#ifndef SHEAF_WORK_PUBLISHED_H
#define SHEAF_WORK_PUBLISHED_H

#include <stdint.h>

#include "base/err.h"

enum {
	PUBLISHED_LINE_MAX = 8192,
	PUBLISHED_RECEIPT_MAX = 65 << 20, /* it holds the header */
	PUBLISHED_RATIO = 200,		  /* gzip could give 1,032 */
	PUBLISHED_FILE_COST = 4096,	  /* bytes that a file counts besides its own */
};

/* The number of merged objects in list, a file of what s3ls --long lists at dest. 0, or -1 with e
 * filled. */
int published_objects(const char *list, const char *dest, uint64_t *count, struct err *e);

/*
 * Reads the archive from fd and unpacks it into dir, which is made, with mode 0700. dest is the
 * destination that it was fetched from: its settings must name that one. objects is the number of
 * merged objects listed there. 0, or -1 with e filled; then dir holds what was unpacked before.
 */
int published_unpack(int fd, const char *dir, const char *dest, uint64_t objects, struct err *e);

#endif
