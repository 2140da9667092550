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

/* Opens name's temporary file, or name itself. st: of the file that exists; NULL: none. -1 with
 * errno. */
static int
open_file(struct outfile *o, const char *name, const struct stat *st)
{
	struct buf part = {0};
	int fd;

	if (st != NULL && !S_ISREG(st->st_mode))
		return open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	buf_addf(&part, "%s.part", o->target);
	buf_str(&part);
	o->part = part.p;
	fd = open(o->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd != -1 && st != NULL)
		(void)fchmod(fd, st->st_mode & 0777); /* some file systems cannot */
	return fd;
}

struct outfile *
outfile_open(const char *name, struct err *e)
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
	o->target = is_link ? realpath(name, NULL) : xstrdup(name);
	o->fd = o->target != NULL ? open_file(o, name, there ? &st : NULL) : -1;
	if (o->fd == -1) {
		err_errno(e, EXIT_FAILED, "%s", o->part != NULL ? o->part : name);
		outfile_free(o);
		return NULL;
	}
	return o;
}

int
outfile_fd(const struct outfile *o)
{
	return o->fd;
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

int
outfile_commit(struct outfile *o, struct err *e)
{
	if (o->part != NULL && fsync(o->fd) == -1) {
		err_errno(e, EXIT_FAILED, "%s", o->part);
		outfile_abort(o);
		return -1;
	}
	/* close a copy of standard output, or a file opened later would get its number */
	if (close(o->fd != STDOUT_FILENO ? o->fd : dup(o->fd)) == -1) {
		err_errno(e, EXIT_FAILED, "%s", o->name);
		o->fd = -1;
		outfile_abort(o);
		return -1;
	}
	o->fd = -1;
	if (o->part != NULL && rename(o->part, o->target) == -1) {
		err_errno(e, EXIT_FAILED, "%s", o->name);
		outfile_abort(o);
		return -1;
	}
	if (o->part != NULL && sync_folder(o->target) == -1) {
		err_errno(e, EXIT_FAILED, "%s: cannot sync its folder", o->name);
		outfile_free(o);
		return -1;
	}
	outfile_free(o);
	return 0;
}

void
outfile_abort(struct outfile *o)
{
	if (o == NULL)
		return;
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	if (o->part != NULL)
		unlink(o->part);
	outfile_free(o);
}

void
outfile_put_private(const char *path, const void *p, size_t n)
{
	struct outfile *out = outfile_open(path, NULL);

	if (out == NULL)
		return;
	if (fchmod(outfile_fd(out), 0600) == 0 && outfile_write(out, p, n, NULL) == 0)
		(void)outfile_commit(out, NULL);
	else
		outfile_abort(out);
}
