#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/path.h"
#include "http/pace_clock.h"
#include "http/pace_file.h"

#define MAGIC UINT64_C(0x3565636170667331) /* "1sfpace5": names this layout */

enum { MAGIC_LEN = 7 }; /* without the version */

/* What the handler may replace; NULL: nothing. */
static struct {
	char *at;
	size_t len;
} mapped;

/* Ours: puts memory there, and the access succeeds. Not ours: the access ends the program. */
static void
on_bus(int number, siginfo_t *info, void *context)
{
	const char *address = info->si_addr;

	(void)context;
	if (mapped.at != NULL && address >= mapped.at && address < mapped.at + mapped.len &&
	    mmap(mapped.at, mapped.len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		return;
	signal(number, SIG_DFL);
}

enum begin { OURS, ANOTHERS, NONE };

/* Whose file it is, by its first bytes: all that there are of it. One of zeros is nobody's yet. */
static enum begin
begin_of(const struct pace_file_head *head, const struct pace_file_head *ours, size_t n)
{
	static const struct pace_file_head zeros;

	if (memcmp(head, ours, n) == 0 || memcmp(head, &zeros, n) == 0)
		return OURS;
	if (n >= MAGIC_LEN && memcmp(head, ours, MAGIC_LEN) == 0)
		return ANOTHERS;
	return NONE;
}

/* Creates the file whole, so that no other machine sees it before it says whose it is. If that
 * cannot be, open_file creates it. */
static void
create(const char *path, const struct pace_file_head *head, size_t len)
{
	char own[PATH_MAX];
	int fd;

	if ((size_t)snprintf(own, sizeof(own), "%s.%d.part", path, (int)getpid()) >= sizeof(own) ||
	    (fd = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) == -1)
		return;
	if (io_write_all(fd, head, sizeof(*head)) == 0 && ftruncate(fd, (off_t)len) == 0)
		(void)!link(own, path);
	unlink(own);
	close(fd);
}

/* -1 with e filled, or with *anothers set. */
static int
open_file(
    const char *path, const struct pace_file_head *ours, size_t len, int *anothers, struct err *e)
{
	struct pace_file_head head = {0, 0};
	struct stat st;
	enum begin begin;
	size_t n;
	int fd;

	if (access(path, F_OK) == -1)
		create(path, ours, len);
	if ((fd = path_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600)) == -1)
		return err_errno(e, EXIT_USAGE, "%s", path);
	if (fstat(fd, &st) == -1) {
		err_errno(e, EXIT_USAGE, "%s", path);
		goto fail;
	}
	n = st.st_size < (off_t)sizeof(head) ? (size_t)st.st_size : sizeof(head);
	if (!S_ISREG(st.st_mode) || io_pread_full(fd, &head, n, 0) != (ssize_t)n ||
	    (begin = begin_of(&head, ours, n)) == NONE ||
	    (begin == OURS && st.st_size > (off_t)len)) {
		err_set(e, EXIT_USAGE, "%s: not a pace file; delete it, or name another", path);
		goto fail;
	}
	*anothers = begin == ANOTHERS;
	if (*anothers)
		goto fail;
	if (st.st_size < (off_t)len && ftruncate(fd, (off_t)len) == -1) {
		err_errno(e, EXIT_USAGE, "%s", path);
		goto fail;
	}
	return fd;
fail:
	close(fd);
	return -1;
}

/* NULL with e filled, or with *anothers set. */
static void *
map_file(
    const char *path, const struct pace_file_head *ours, size_t len, int *anothers, struct err *e)
{
	struct sigaction sa = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
	uint64_t no_magic = 0, no_clock = 0;
	_Atomic uint64_t *head;
	void *map;
	int fd;

	*anothers = 0;
	if ((fd = open_file(path, ours, len, anothers, e)) == -1)
		return NULL;
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED) {
		err_errno(e, EXIT_USAGE, "%s", path);
		return NULL;
	}
	mapped.at = map;
	mapped.len = len;
	sigaction(SIGBUS, &sa, NULL);
	head = map;
	atomic_compare_exchange_strong(&head[1], &no_clock, ours->clock);
	atomic_compare_exchange_strong(&head[0], &no_magic, ours->magic);
	if (atomic_load(&head[1]) == ours->clock)
		return map;
	pace_file_unmap(map, len); /* another one was faster */
	*anothers = 1;
	return NULL;
}

void *
pace_file_map(const char *path, size_t len, struct err *e)
{
	struct pace_file_head ours = {MAGIC, pace_clock_id(MAGIC)};
	char beside[PATH_MAX];
	int anothers;
	void *map = map_file(path, &ours, len, &anothers, e);

	if (!anothers)
		return map;
	if ((size_t)snprintf(beside, sizeof(beside), "%s.%016" PRIx64, path, ours.clock) >=
	    sizeof(beside)) {
		errno = ENAMETOOLONG;
		err_errno(e, EXIT_USAGE, "%s", path);
		return NULL;
	}
	map = map_file(beside, &ours, len, &anothers, e);
	if (anothers)
		err_set(e, EXIT_USAGE, "%s: not a pace file; delete it, or name another", beside);
	return map;
}

void
pace_file_unmap(void *map, size_t len)
{
	if (mapped.at == map)
		mapped.at = NULL;
	munmap(map, len);
}
