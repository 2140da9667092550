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
 * Writer. Appends the header of one regular file (mode 0644, owner 0) to out. A pax extended header
 * precedes it if ustar cannot express the name (over 100 bytes, or a byte outside printable ASCII),
 * the size (over 8 GiB - 1) or the time. name may contain any byte but NUL. size is in bytes, mtime
 * in Unix seconds.
 */
void tar_write_header(
    struct buf *out, const char *name, size_t name_len, uint64_t size, int64_t mtime);

/* Bytes of zero padding after a body of that size: 0 to 511. */
size_t tar_padding(uint64_t size);

/* Appends the end-of-archive: two blocks of zeros. */
void tar_write_end(struct buf *out);

/*
 * Reader. The caller feeds the stream in pieces of any size and gets events. Understood are ustar,
 * pax extended headers (path, size), GNU long names (type L), base-256 sizes, and V7. Folders and
 * pax records other than path and size are skipped without an event. Members of other types than
 * regular files (links, devices, sparse files, ...) are unfit, see tar_entry_unfit(). Refused are
 * global headers that set path or size, members with two names, two sizes or none, and what exceeds
 * the limits: 1 MiB for a pax or GNU record, 64 KiB for a name. Names never contain NUL.
 */
struct tar_reader;

enum tar_event {
	TAR_NEED,  /* all input is used up: feed more, or call tar_reader_eof() at its end */
	TAR_ENTRY, /* a member begins; tar_entry_name() and tar_entry_size() are valid until
		      the next one */
	TAR_DATA,  /* *data, *data_len: a piece of its body, in the input, never empty */
	TAR_CLOSE, /* its body is complete */
	TAR_END,   /* end-of-archive, returned once; only zeros may follow */
	TAR_ERROR, /* not tar, or damaged: e is filled; final */
};

struct tar_reader *tar_reader_new(void);
void tar_reader_free(struct tar_reader *t);

/* Advances *in and *in_len past what it took. Call again until TAR_NEED or TAR_ERROR, also after
 * TAR_END: another archive that follows is an error, since its members would be lost. */
enum tar_event tar_reader_next(struct tar_reader *t, const char **in, size_t *in_len,
    const char **data, size_t *data_len, struct err *e);

/* The input has ended. 0 if the stream was complete, else -1 with e filled: a stream without
 * end-of-archive, even an empty one, was cut short. */
int tar_reader_eof(struct tar_reader *t, struct err *e);

const char *tar_entry_name(const struct tar_reader *t, size_t *len);
uint64_t tar_entry_size(const struct tar_reader *t);

/* Why the body is not the file's content (a link, a sparse file); NULL if it is. */
const char *tar_entry_unfit(const struct tar_reader *t);

#endif
