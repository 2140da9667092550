#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/part.h"

enum {
	AT_ONCE_MAX = 16, /* files that a signal removes; no program writes more at once */
	TRIES_MAX = 100,
};

/* A handler reads it, so its fields are set before `name`, which says that the entry is used. */
static struct {
	volatile int dir;
	const char *volatile name; /* borrowed; NULL: free */
} written[AT_ONCE_MAX];

static volatile pid_t owner; /* a child between fork and exec removes nothing */

static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ};

enum { N_SIGNALS = sizeof(signals) / sizeof(signals[0]) };

void
part_end_by(int sig)
{
	if (owner == getpid())
		for (size_t i = 0; i < AT_ONCE_MAX; i++)
			if (written[i].name != NULL)
				unlinkat(written[i].dir, written[i].name, 0);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Once, and only where a signal ends the program: what is ignored (nohup) or caught stays so. */
static void
catch_signals(void)
{
	struct sigaction ours = {.sa_handler = part_end_by}, old;

	if (owner == getpid())
		return;
	for (size_t i = 0; i < AT_ONCE_MAX; i++)
		written[i].name = NULL; /* those of the process that forked this one */
	owner = getpid();
	for (size_t i = 0; i < N_SIGNALS; i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(signals[i], &ours, NULL);
}

static void
block(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(SIG_BLOCK, &set, before);
}

static void
unblock(const sigset_t *before)
{
	int saved = errno;

	pthread_sigmask(SIG_SETMASK, before, NULL);
	errno = saved;
}

void
part_note(int dir, const char *name)
{
	catch_signals();
	for (size_t i = 0; i < AT_ONCE_MAX; i++)
		if (written[i].name == NULL) {
			written[i].dir = dir;
			written[i].name = name;
			return;
		}
}

void
part_forget(const char *name)
{
	for (size_t i = 0; i < AT_ONCE_MAX; i++)
		if (written[i].name == name)
			written[i].name = NULL;
}

/* Does the name lead to the open file? */
static int
is_at(int fd, int dir, const char *name)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* 0 also where the file system has no locks; -1: another process has it. */
static int
lock(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK ? -1 : 0;
}

/* Removes what a killed run left under that name. -1 with errno. */
static int
remove_old(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC),
	    rc = 0;

	/* a link, or a file of somebody else's, cannot be locked, but removed */
	if (fd != -1 && lock(fd) == -1)
		rc = -1;
	else if (fd == -1 || is_at(fd, dir, name))
		rc = unlinkat(dir, name, 0) == -1 && errno != ENOENT ? -1 : 0;
	if (fd != -1) {
		int saved = errno;

		close(fd);
		errno = saved;
	}
	return rc;
}

int
part_open(int dir, const char *name, mode_t mode)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, fd;
	sigset_t before;

	block(&before);
	for (int i = 0; i < TRIES_MAX; i++) {
		if ((fd = openat(dir, name, flags, mode)) == -1) {
			if (errno == EEXIST && remove_old(dir, name) == 0)
				continue;
			break;
		}
		/* before it was locked, another process may have taken it for an old one */
		if (lock(fd) == 0 && is_at(fd, dir, name)) {
			part_note(dir, name);
			break;
		}
		close(fd);
		fd = -1;
		errno = EWOULDBLOCK;
	}
	unblock(&before);
	return fd;
}

int
part_rename(int fd, int dir, const char *name, const char *to)
{
	sigset_t before;
	int rc;

	if (!is_at(fd, dir, name)) {
		errno = ESTALE;
		return -1;
	}
	block(&before);
	rc = renameat(dir, name, dir, to);
	if (rc == 0)
		part_forget(name);
	unblock(&before);
	return rc;
}

void
part_remove(int fd, int dir, const char *name)
{
	sigset_t before;

	block(&before);
	if (is_at(fd, dir, name))
		unlinkat(dir, name, 0);
	part_forget(name);
	unblock(&before);
}
