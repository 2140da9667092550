#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/infile.h"
#include "base/io.h"

enum { READ_AHEAD_FROM = 256 * 1024 /* bytes of a file that is worth a hint to the kernel */ };

int
infile_open(struct infile *f, const char *path, struct err *e)
{
	int is_stdin = strcmp(path, "-") == 0;

	*f = (struct infile){.name = is_stdin ? "standard input" : path};
	f->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd == -1)
		return err_errno(e, EXIT_FAILED, "%s", f->name);
	if (fstat(f->fd, &f->st) == -1)
		err_errno(e, EXIT_FAILED, "%s", f->name);
	else if (S_ISDIR(f->st.st_mode))
		err_set(e, EXIT_FAILED, "%s: is a directory", f->name);
	else {
		if (f->st.st_size > READ_AHEAD_FROM)
			(void)posix_fadvise(f->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
		return 0;
	}
	infile_close(f);
	return -1;
}

ssize_t
infile_read(struct infile *f, void *p, size_t n, struct err *e)
{
	ssize_t r = io_read(f->fd, p, n);

	return r == -1 ? err_errno(e, EXIT_FAILED, "%s", f->name) : r;
}

int
infile_changed(const struct infile *f)
{
	struct stat now;

	if (!S_ISREG(f->st.st_mode))
		return 0;
	if (fstat(f->fd, &now) == -1 || now.st_size != f->st.st_size ||
	    now.st_mtim.tv_sec != f->st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != f->st.st_mtim.tv_nsec)
		return 1;
	/* files that the kernel makes as they are read (/proc) have size 0 */
	return now.st_size > 0 && lseek(f->fd, 0, SEEK_CUR) != now.st_size;
}

void
infile_close(struct infile *f)
{
	if (f->fd > STDERR_FILENO)
		close(f->fd);
	f->fd = -1;
}
