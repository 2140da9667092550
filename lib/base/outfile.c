#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/outfile.h"
#include "base/part.h"
#include "base/path.h"

struct outfile {
	int fd;
	char *name;   /* for messages */
	char *target; /* what is replaced: the name, or what it links to; NULL: standard output */
	char *part;   /* the temporary file; NULL when written directly */
};

static void
outfile_free(struct outfile *o)
{
	free(o->name);
	free(o->target);
	free(o->part);
	free(o);
}

static int
is_stdout(const struct stat *st)
{
	struct stat out;

	return fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == st->st_dev &&
	    out.st_ino == st->st_ino;
}

/* Opens name's temporary file, or name itself. st: of the file that exists; NULL: none. mode: of
 * the new one, or 0: as st, or by the umask. -1 with errno. */
static int
open_file(struct outfile *o, const char *name, const struct stat *st, mode_t mode)
{
	struct buf part = {0};
	int fd;

	if (st != NULL && !S_ISREG(st->st_mode))
		return path_open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY, 0);
	buf_addf(&part, "%s.part", o->target);
	buf_str(&part);
	o->part = part.p;
	if (mode == 0 && st != NULL)
		mode = st->st_mode & 0777;
	fd = part_open(AT_FDCWD, o->part, mode != 0 ? mode : 0666);
	if (fd != -1 && mode != 0)
		(void)fchmod(fd, mode); /* some file systems cannot */
	return fd;
}

static struct outfile *
open_mode(const char *name, mode_t mode, struct err *e)
{
	struct outfile *o = xcalloc(1, sizeof(*o));
	struct stat st, link;
	int there = name != NULL && stat(name, &st) == 0;
	int is_link = there && lstat(name, &link) == 0 && S_ISLNK(link.st_mode);

	if (name == NULL || strcmp(name, "-") == 0 || (is_link && is_stdout(&st))) {
		o->fd = STDOUT_FILENO;
		o->name = xstrdup("standard output");
		return o;
	}
	o->name = xstrdup(name);
	o->fd = -1;
	if (is_link && !path_is_followed(name))
		errno = ELOOP;
	else
		o->target = is_link && S_ISREG(st.st_mode) ? realpath(name, NULL) : xstrdup(name);
	if (o->target != NULL)
		o->fd = open_file(o, name, there ? &st : NULL, mode);
	if (o->fd == -1) {
		if (o->part != NULL && errno == EWOULDBLOCK)
			err_set(e, EXIT_FAILED, "%s: another process is writing it", name);
		else
			err_errno(e, EXIT_FAILED, "%s", o->part != NULL ? o->part : name);
		outfile_free(o);
		return NULL;
	}
	return o;
}

struct outfile *
outfile_open(const char *name, struct err *e)
{
	return open_mode(name, 0, e);
}

int
outfile_fd(const struct outfile *o)
{
	return o->fd;
}

int
outfile_replaces(const struct outfile *o, const struct stat *st)
{
	struct stat old;

	return o->part != NULL && lstat(o->target, &old) == 0 && old.st_dev == st->st_dev &&
	    old.st_ino == st->st_ino;
}

const char *
outfile_name(const struct outfile *o)
{
	return o->name;
}

int
outfile_write(struct outfile *o, const void *p, size_t n, struct err *e)
{
	if (io_write_all(o->fd, p, n) == -1)
		return err_errno(e, EXIT_FAILED, "%s", o->name);
	return 0;
}

static int
sync_folder(const char *name)
{
	char *copy = xstrdup(name);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	free(copy);
	if (fd == -1)
		return errno == EACCES ? 0 : -1; /* writable, but not readable */
	rc = fsync(fd);
	if (rc == -1 && errno == EINVAL) /* some network file systems cannot */
		rc = 0;
	close(fd);
	return rc;
}

/* Closes what has no temporary file. */
static int
close_direct(struct outfile *o, struct err *e)
{
	/* close a copy of standard output, or a file opened later would get its number */
	int rc = close(o->fd != STDOUT_FILENO ? o->fd : dup(o->fd));

	if (rc == -1)
		err_errno(e, EXIT_FAILED, "%s", o->name);
	outfile_free(o);
	return rc;
}

int
outfile_commit(struct outfile *o, struct err *e)
{
	int rc;

	if (o->part == NULL)
		return close_direct(o, e);
	if (fsync(o->fd) == -1) {
		err_errno(e, EXIT_FAILED, "%s", o->part);
		outfile_abort(o);
		return -1;
	}
	if (part_rename(o->fd, AT_FDCWD, o->part, o->target) == -1) {
		if (errno == ESTALE)
			err_set(e, EXIT_FAILED, "%s: another process has replaced it", o->part);
		else
			err_errno(e, EXIT_FAILED, "%s", o->name);
		outfile_abort(o);
		return -1;
	}
	close(o->fd);
	rc = sync_folder(o->target);
	if (rc == -1)
		err_errno(e, EXIT_FAILED, "%s: cannot sync its folder", o->name);
	outfile_free(o);
	return rc;
}

void
outfile_abort(struct outfile *o)
{
	if (o == NULL)
		return;
	if (o->part != NULL)
		part_remove(o->fd, AT_FDCWD, o->part);
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	outfile_free(o);
}

void
outfile_put_private(const char *path, const void *p, size_t n)
{
	struct outfile *out = open_mode(path, 0600, NULL);

	if (out == NULL)
		return;
	if (outfile_write(out, p, n, NULL) == 0)
		(void)outfile_commit(out, NULL);
	else
		outfile_abort(out);
}
