#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/extract.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/part.h"

enum { PART_LEN = 40 };

struct extract {
	int root;
	int folder;   /* where the file goes; -1: none was begun */
	int fd;	      /* -1: a folder marker */
	char *name;   /* last part of the file's name */
	char *part;   /* its name while it is written */
	char *object; /* for messages */
};

struct extract *
extract_open(const char *dir, struct err *e)
{
	struct extract *x;
	int fd;

	if (mkdir(dir, 0777) == -1 && errno != EEXIST) {
		err_errno(e, EXIT_USAGE, "%s", dir);
		return NULL;
	}
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		err_errno(e, EXIT_USAGE, "%s", dir);
		return NULL;
	}
	x = xcalloc(1, sizeof(*x));
	x->root = fd;
	x->folder = x->fd = -1;
	return x;
}

void
extract_abort(struct extract *x)
{
	if (x->fd != -1) {
		close(x->fd);
		unlinkat(x->folder, x->part, 0);
	}
	if (x->part != NULL)
		part_forget(x->part);
	if (x->folder != -1)
		close(x->folder);
	x->fd = x->folder = -1;
	free(x->name);
	free(x->part);
	free(x->object);
	x->name = x->part = x->object = NULL;
}

void
extract_free(struct extract *x)
{
	if (x == NULL)
		return;
	extract_abort(x);
	close(x->root);
	free(x);
}

/* Opens the folder name[0..len) in dir, which is made if missing, and closes dir. -1 with errno. */
static int
enter(int dir, const char *name, size_t len)
{
	char *part = xstrndup(name, len);
	int fd = -1;

	if (mkdirat(dir, part, 0777) == 0 || errno == EEXIST)
		fd = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	free(part);
	close(dir);
	return fd;
}

static int
is_safe(const char *key)
{
	for (const char *p = key;; p++) {
		size_t n = strcspn(p, "/");

		if (n == 0 && p[n] == '\0' && p != key)
			return 1; /* the last slash of a folder marker */
		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.') ||
		    n > 255)
			return 0;
		p += n;
		if (*p == '\0')
			return 1;
	}
}

int
extract_begin(struct extract *x, const char *bucket, const char *key, struct err *e)
{
	const char *p = key;
	size_t n;

	if (!is_safe(key))
		return err_set(e, EXIT_FAILED,
		    "s3://%s/%s: the key cannot be a file name below the folder", bucket, key);
	x->object = xmalloc(strlen(bucket) + strlen(key) + 8);
	snprintf(x->object, strlen(bucket) + strlen(key) + 8, "s3://%s/%s", bucket, key);
	x->folder = enter(dup(x->root), bucket, strlen(bucket));
	while (x->folder != -1 && p[n = strcspn(p, "/")] == '/') {
		x->folder = enter(x->folder, p, n);
		p += n + 1;
	}
	if (x->folder == -1) {
		err_errno(e, EXIT_FAILED, "%s: cannot make its folder", x->object);
		extract_abort(x);
		return -1;
	}
	if (*p == '\0')
		return 0;
	x->name = xstrdup(p);
	x->part = xmalloc(PART_LEN);
	snprintf(x->part, PART_LEN, ".sheaf-%ld.part", (long)getpid());
	part_note(x->folder, x->part);
	x->fd =
	    openat(x->folder, x->part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (x->fd == -1) {
		err_errno(e, EXIT_FAILED, "%s: cannot write its file", x->object);
		extract_abort(x);
		return -1;
	}
	return 0;
}

int
extract_data(struct extract *x, const char *p, size_t n, struct err *e)
{
	if (x->fd == -1)
		return err_set(e, EXIT_FAILED, "%s: a folder marker with a body", x->object);
	if (io_write_all(x->fd, p, n) == -1)
		return err_errno(e, EXIT_FAILED, "%s: cannot write its file", x->object);
	return 0;
}

int
extract_end(struct extract *x, struct err *e)
{
	int fd = x->fd, rc = 0;

	if (fd != -1) {
		x->fd = -1;
		if (close(fd) == -1 || renameat(x->folder, x->part, x->folder, x->name) == -1) {
			rc = err_errno(e, EXIT_FAILED, "%s: cannot write its file", x->object);
			unlinkat(x->folder, x->part, 0);
		}
	}
	extract_abort(x);
	return rc;
}
