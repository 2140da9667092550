/*
 * POSIX tar (IEEE Std 1003.1 "pax", Extended Interchange Format) as a stream, writer and reader.
 * Pure: bytes in, bytes out.
 */
#ifndef SHEAF_ARCHIVE_TAR_H
#define SHEAF_ARCHIVE_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { TAR_BLOCK = 512 };

/*
 * Writer. Appends the header of one regular file (mode 0644, owner 0) to out. A name over 100 bytes
 * or with a byte outside printable ASCII, a size over 8 GiB - 1 or a time that ustar cannot hold
 * get a pax extended header before it; name may hold any byte but NUL. size is in bytes, mtime in
 * Unix seconds.
 */
void tar_write_header(
    struct buf *out, const char *name, size_t name_len, uint64_t size, int64_t mtime);

/* Bytes of zero padding behind a body of that size: 0 to 511. */
size_t tar_padding(uint64_t size);

/* Appends the end-of-archive: two blocks of zeros. */
void tar_write_end(struct buf *out);

/*
 * Reader. The caller feeds the stream piece by piece, of any sizes, and gets events. Understood:
 * ustar, pax extended headers (path, size), GNU long names (type L) and base-256 sizes, V7.
 * Folders, symbolic links and devices are passed over without an event, as are pax records that say
 * nothing of path and size; a global header that does is an error. Limits: a pax or GNU record of
 * at most 1 MiB, a name of at most 64 KiB.
 */
struct tar_reader;

enum tar_event {
	TAR_NEED,  /* all input is used up: feed more, or tell the end with tar_reader_eof() */
	TAR_ENTRY, /* a regular file begins: tar_entry_name(), tar_entry_size() are valid until the
		      next */
	TAR_DATA,  /* *data, *data_len: a piece of its body, points into the input, never empty */
	TAR_CLOSE, /* its body is complete */
	TAR_END,   /* end-of-archive was read: told once; only zeros may follow */
	TAR_ERROR, /* not tar, or damaged: e is filled; final */
};

struct tar_reader *tar_reader_new(void);
void tar_reader_free(struct tar_reader *t);

/* Advances *in and *in_len past what it took. Call again until TAR_NEED or TAR_ERROR. Who stops at
 * TAR_END does not see whether another archive follows, which is an error: its members would be
 * lost. */
enum tar_event tar_reader_next(struct tar_reader *t, const char **in, size_t *in_len,
    const char **data, size_t *data_len, struct err *e);

/* The stream has ended. 0 when it was whole (end-of-archive seen), else -1 with e filled: a stream
 * without end-of-archive is a truncated one, an empty stream included. */
int tar_reader_eof(struct tar_reader *t, struct err *e);

const char *tar_entry_name(const struct tar_reader *t, size_t *len);
uint64_t tar_entry_size(const struct tar_reader *t);

/* Why the body that follows is not the file's content (a hard link, a sparse file); NULL: it is. */
const char *tar_entry_unfit(const struct tar_reader *t);

#endif
