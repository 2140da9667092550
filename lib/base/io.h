/* Reading and writing whole buffers on blocking descriptors; EINTR is retried. */
#ifndef SHEAF_BASE_IO_H
#define SHEAF_BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

/* Writes all n bytes. 0, or -1 with errno. */
int io_write_all(int fd, const void *p, size_t n);

/* Reads until n bytes or the end of the file. The number of bytes read, or -1 with errno. */
ssize_t io_read_full(int fd, void *p, size_t n);

/* The same from an offset of the file, whose position stays. */
ssize_t io_pread_full(int fd, void *p, size_t n, off_t offset);

/* One read(2). The number of bytes, 0 at the end, or -1 with errno. */
ssize_t io_read(int fd, void *p, size_t n);

/*
 * Makes sure that descriptors 0, 1 and 2 are open, so that no file opened later is taken for one of
 * them: a closed one becomes /dev/null, opened the wrong way round so that using it fails.
 */
void io_guard_stdio(void);

/*
 * Ends the program as SIGPIPE would, where errno is EPIPE: whoever reads our output has enough, and
 * cat says nothing either. For programs that ignore the signal, because TLS writes without
 * MSG_NOSIGNAL. Otherwise does nothing.
 */
void io_end_on_epipe(void);

#endif
