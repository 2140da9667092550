/* Reads and writes whole buffers on blocking descriptors, and retries after EINTR. */
#ifndef SHEAF_BASE_IO_H
#define SHEAF_BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

/* Writes all n bytes. 0, or -1 with errno. */
int io_write_all(int fd, const void *p, size_t n);

/* Reads n bytes, fewer only at the end of the file. Returns the number, or -1 with errno. */
ssize_t io_read_full(int fd, void *p, size_t n);

/* The same from an offset; the file position does not change. */
ssize_t io_pread_full(int fd, void *p, size_t n, off_t offset);

/* One read(2). Returns the number of bytes, 0 at the end, or -1 with errno. */
ssize_t io_read(int fd, void *p, size_t n);

/*
 * Makes sure that descriptors 0, 1 and 2 are open, so that no file opened later gets one of these
 * numbers. A closed one becomes /dev/null, opened in the wrong mode so that using it fails.
 */
void io_guard_stdio(void);

/*
 * If errno is EPIPE, ends the program as SIGPIPE would: the reader of our output has had enough,
 * and cat says nothing either. For programs that ignore the signal because TLS writes without
 * MSG_NOSIGNAL. Otherwise does nothing.
 */
void io_end_on_epipe(void);

#endif
