#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/spool.h"

enum { MEM_MAX = 1 << 20 };

void
spool_init(struct spool *s)
{
	*s = (struct spool){.fd = -1};
}

void
spool_free(struct spool *s)
{
	if (s->fd != -1)
		close(s->fd);
	buf_free(&s->mem);
	s->fd = -1;
}

const char *
spool_folder(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && *dir != '\0' ? dir : "/tmp";
}

static int
open_file(struct spool *s, struct err *e)
{
	struct buf name = {0};

	s->fd = open(spool_folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd == -1) { /* the file system lacks O_TMPFILE */
		buf_addf(&name, "%s/sheaf-XXXXXX", spool_folder());
		buf_str(&name);
		s->fd = mkostemp(name.p, O_CLOEXEC);
		if (s->fd != -1)
			unlink(name.p);
		buf_free(&name);
	}
	if (s->fd == -1)
		return err_errno(e, EXIT_FAILED, "%s: no temporary file", spool_folder());
	return 0;
}

static int
to_file(struct spool *s, const void *p, size_t n, struct err *e)
{
	if (s->fd == -1 && open_file(s, e) == -1)
		return -1;
	if (io_write_all(s->fd, p, n) == -1)
		return err_errno(e, EXIT_FAILED, "%s: temporary file", spool_folder());
	s->file_len += n;
	return 0;
}

int
spool_add(struct spool *s, const void *p, size_t n, struct err *e)
{
	if (s->mem.len + n <= MEM_MAX) {
		buf_add(&s->mem, p, n);
		return 0;
	}
	if (to_file(s, s->mem.p, s->mem.len, e) == -1)
		return -1;
	buf_reset(&s->mem);
	if (n > MEM_MAX)
		return to_file(s, p, n, e);
	buf_add(&s->mem, p, n);
	return 0;
}

uint64_t
spool_len(const struct spool *s)
{
	return s->file_len + s->mem.len;
}

int
spool_cut(struct spool *s, uint64_t len, struct err *e)
{
	if (len >= s->file_len) {
		s->mem.len = (size_t)(len - s->file_len);
		return 0;
	}
	buf_reset(&s->mem);
	if (ftruncate(s->fd, (off_t)len) == -1 || lseek(s->fd, (off_t)len, SEEK_SET) == -1)
		return err_errno(e, EXIT_FAILED, "%s: temporary file", spool_folder());
	s->file_len = len;
	return 0;
}

static ssize_t
file_read(struct spool *s, uint64_t offset, char *p, size_t n, struct err *e)
{
	ssize_t got = io_pread_full(s->fd, p, n, (off_t)offset);

	if (got != (ssize_t)n) {
		if (got != -1)
			errno = EIO; /* shorter than what was written */
		return err_errno(e, EXIT_FAILED, "%s: temporary file", spool_folder());
	}
	return got;
}

ssize_t
spool_read(struct spool *s, uint64_t offset, void *p, size_t n, struct err *e)
{
	size_t have = 0, at;

	if (offset < s->file_len) {
		have = n < s->file_len - offset ? n : (size_t)(s->file_len - offset);
		if (file_read(s, offset, p, have, e) == -1)
			return -1;
	}
	at = (size_t)(offset + have - s->file_len);
	if (have < n && at < s->mem.len) {
		size_t rest = n - have < s->mem.len - at ? n - have : s->mem.len - at;

		memcpy((char *)p + have, s->mem.p + at, rest);
		have += rest;
	}
	return (ssize_t)have;
}
