#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "s3/put/put_source.h"

enum { READ_LEN = 256 << 10 }; /* small enough to be hashed while in the cache */

int
put_source_open(struct put_source *s, int fd, const char *name, struct err *e)
{
	*s = (struct put_source){.fd = fd, .name = name};
	if (fstat(fd, &s->st) == -1)
		return err_errno(e, EXIT_FAILED, "%s", name);
	if (S_ISDIR(s->st.st_mode))
		return err_set(e, EXIT_USAGE, "%s: is a folder", name);
	s->regular = S_ISREG(s->st.st_mode);
	return 0;
}

int
put_source_ready(const struct put_source *s, int timeout_ms)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	return s->regular || poll(&p, 1, timeout_ms) > 0;
}

int
put_source_read(struct put_source *s, struct buf *b, uint64_t n, struct err *e)
{
	size_t len = n < READ_LEN ? (size_t)n : READ_LEN;
	char *p = buf_room(b, len);
	ssize_t r = io_read(s->fd, p, len);

	if (r == -1)
		return err_errno(e, EXIT_FAILED, "%s", s->name);
	s->eof = r == 0;
	s->bytes += (uint64_t)r;
	b->len += (size_t)r;
	return 0;
}

int
put_source_check(struct put_source *s, int64_t expect_size, int64_t expect_crc32c, struct err *e)
{
	struct stat now;

	if (s->regular) {
		if (fstat(s->fd, &now) == -1)
			return err_errno(e, EXIT_FAILED, "%s", s->name);
		if (now.st_size != s->st.st_size || now.st_mtim.tv_sec != s->st.st_mtim.tv_sec ||
		    now.st_mtim.tv_nsec != s->st.st_mtim.tv_nsec)
			return err_set(e, EXIT_FAILED, "%s: changed while it was read", s->name);
	}
	if (expect_size >= 0 && s->bytes != (uint64_t)expect_size)
		return err_set(e, EXIT_FAILED, "%s: %llu bytes, expected %lld; nothing is stored",
		    s->name, (unsigned long long)s->bytes, (long long)expect_size);
	if (expect_crc32c >= 0 && s->crc32c != (uint32_t)expect_crc32c)
		return err_set(e, EXIT_FAILED, "%s: CRC32C %08x, expected %08x; nothing is stored",
		    s->name, (unsigned)s->crc32c, (unsigned)expect_crc32c);
	return 0;
}
