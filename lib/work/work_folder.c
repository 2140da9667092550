#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/part.h"
#include "work/work_folder.h"

int
work_folder_open(struct work_folder *w, const char *path, struct err *e)
{
	*w = (struct work_folder){.path = xstrdup(path)};
	w->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->fd == -1 ? err_errno(e, EXIT_USAGE, "%s", path) : 0;
}

void
work_folder_close(struct work_folder *w)
{
	if (w->fd > 0)
		close(w->fd);
	free(w->path);
	*w = (struct work_folder){.fd = -1};
}

/* Opens the folder that holds name, part by part; *last is what remains of name. */
static int
open_parent(const struct work_folder *w, const char *name, const char **last)
{
	int fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);
	const char *slash;

	while (fd != -1 && (slash = strchr(name, '/')) != NULL) {
		char *part = xstrndup(name, (size_t)(slash - name));
		int next = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int why = errno;

		close(fd);
		free(part);
		errno = why;
		fd = next;
		name = slash + 1;
	}
	*last = name;
	return fd;
}

/* openat of a name in the folder; -1 with errno. */
static int
open_in(const struct work_folder *w, const char *name, int flags)
{
	const char *last;
	int parent = open_parent(w, name, &last), fd, why;

	if (parent == -1)
		return -1;
	fd = openat(parent, last, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	why = errno;
	close(parent);
	errno = why;
	return fd;
}

int
work_folder_file(const struct work_folder *w, const char *name, struct err *e)
{
	int fd = open_in(w, name, O_RDONLY);
	struct stat st;

	if (fd == -1 && (errno == ELOOP || errno == ENOTDIR)) {
		err_set(e, EXIT_FAILED,
		    "%s/%s: is, or is below, a symbolic link, which is not followed", w->path,
		    name);
		errno = ELOOP;
		return -1;
	}
	if (fd == -1)
		return err_errno(e, EXIT_FAILED, "%s/%s", w->path, name);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return err_set(e, EXIT_FAILED, "%s/%s: not a regular file", w->path, name);
	}
	return fd;
}

int
work_folder_has(const struct work_folder *w, const char *name)
{
	struct stat st;
	const char *last;
	int parent = open_parent(w, name, &last), found;

	if (parent == -1)
		return 0;
	found = fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) == 0;
	close(parent);
	return found;
}

int
work_folder_read(
    const struct work_folder *w, const char *name, size_t max, struct buf *out, struct err *e)
{
	int fd = work_folder_file(w, name, e), rc = 1;
	ssize_t n;

	buf_reset(out);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	do { /* most files are far smaller than max */
		size_t want = max + 1 - out->len < 8192 ? max + 1 - out->len : 8192;

		if ((n = io_read_full(fd, buf_room(out, want), want)) > 0)
			out->len += (size_t)n;
	} while (n > 0 && out->len <= max);
	if (n == -1)
		rc = err_errno(e, EXIT_FAILED, "%s/%s", w->path, name);
	else if (out->len > max)
		rc = err_set(e, EXIT_FAILED, "%s/%s: longer than %zu bytes", w->path, name, max);
	close(fd);
	return rc;
}

/* Writes the file of that name in parent, by way of part. -1 with errno. */
static int
write_part(int parent, const char *part, const char *name, const void *p, size_t len)
{
	int fd = part_open(parent, part, 0666), why;

	if (fd == -1)
		return -1;
	if (io_write_all(fd, p, len) == -1 || fsync(fd) == -1 ||
	    part_rename(fd, parent, part, name) == -1) {
		why = errno;
		part_remove(fd, parent, part);
		close(fd);
		errno = why;
		return -1;
	}
	close(fd);
	return 0;
}

int
work_folder_write(
    const struct work_folder *w, const char *name, const void *p, size_t len, struct err *e)
{
	const char *last;
	struct buf part = {0};
	int parent = open_parent(w, name, &last), fd = -1, rc = -1;

	buf_addf(&part, "%s.part", last);
	/* a descriptor of O_PATH cannot be synced */
	if (parent != -1)
		fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && write_part(fd, buf_str(&part), last, p, len) == 0)
		rc = fsync(fd);
	if (rc == -1)
		err_errno(e, EXIT_FAILED, "%s/%s", w->path, name);
	if (parent != -1)
		close(parent);
	if (fd != -1)
		close(fd);
	buf_free(&part);
	return rc;
}

int
work_folder_rename(const struct work_folder *w, const char *from, const char *to, struct err *e)
{
	const char *last, *slash = strrchr(to, '/');
	int parent = open_parent(w, from, &last), rc = -1;

	if (parent != -1) {
		rc = renameat(parent, last, parent, slash != NULL ? slash + 1 : to);
		if (rc == -1)
			err_errno(e, EXIT_FAILED, "%s/%s", w->path, from);
		close(parent);
	} else {
		err_errno(e, EXIT_FAILED, "%s/%s", w->path, from);
	}
	return rc;
}

int
work_folder_remove(const struct work_folder *w, const char *name, struct err *e)
{
	const char *last;
	int parent = open_parent(w, name, &last), rc = -1;

	if (parent != -1) {
		rc = unlinkat(parent, last, 0);
		close(parent);
	}
	return rc == 0 || errno == ENOENT ? 0 : err_errno(e, EXIT_FAILED, "%s/%s", w->path, name);
}

DIR *
work_folder_list(const struct work_folder *w, const char *name)
{
	int fd = open_in(w, name, O_RDONLY | O_DIRECTORY);
	DIR *dir;

	if (fd == -1)
		return NULL;
	if ((dir = fdopendir(fd)) == NULL)
		close(fd);
	return dir;
}
