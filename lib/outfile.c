#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "outfile.h"

struct outfile {
	int fd;
	char *name; /* as messages show it */
	char *part; /* the temporary file; NULL when written straight */
};

struct outfile *
outfile_open(const char *name, struct err *e)
{
	struct outfile *o = xcalloc(1, sizeof(*o));
	struct stat st;
	struct buf part = {0};

	if (name == NULL || strcmp(name, "-") == 0) {
		o->fd = STDOUT_FILENO;
		o->name = xstrdup("standard output");
		return o;
	}
	o->name = xstrdup(name);
	if (stat(name, &st) == 0 && !S_ISREG(st.st_mode)) {
		o->fd = open(name, O_WRONLY | O_CLOEXEC);
	} else {
		buf_addf(&part, "%s.part", name);
		buf_str(&part);
		o->part = part.p;
		o->fd = open(o->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	}
	if (o->fd == -1) {
		err_errno(e, EXIT_FAILED, "%s", o->part != NULL ? o->part : name);
		free(o->name);
		free(o->part);
		free(o);
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

static void
outfile_free(struct outfile *o)
{
	free(o->name);
	free(o->part);
	free(o);
}

static int
sync_folder(const char *name)
{
	char *copy = xstrdup(name);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	free(copy);
	if (fd == -1)
		return -1;
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
	if (close(o->fd) == -1) {
		err_errno(e, EXIT_FAILED, "%s", o->name);
		o->fd = -1;
		outfile_abort(o);
		return -1;
	}
	o->fd = -1;
	if (o->part != NULL && rename(o->part, o->name) == -1) {
		err_errno(e, EXIT_FAILED, "%s", o->name);
		outfile_abort(o);
		return -1;
	}
	if (o->part != NULL && sync_folder(o->name) == -1) {
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
