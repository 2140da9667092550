#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/path.h"
#include "http/pace_file.h"

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

/* 1 if what there is of the file begins as a pace file does, or is all zeros. */
static int
begins_right(int fd, uint64_t magic, size_t size)
{
	uint64_t begin = 0, none = 0;
	size_t n = size < sizeof(begin) ? size : sizeof(begin);

	return io_pread_full(fd, &begin, n, 0) == (ssize_t)n &&
	    (memcmp(&begin, &magic, n) == 0 || memcmp(&begin, &none, n) == 0);
}

static int
open_file(const char *path, uint64_t magic, size_t len, struct err *e)
{
	int fd = path_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	struct stat st;

	if (fd == -1)
		return err_errno(e, EXIT_USAGE, "%s", path);
	if (fstat(fd, &st) == -1) {
		err_errno(e, EXIT_USAGE, "%s", path);
	} else if (!S_ISREG(st.st_mode) || st.st_size > (off_t)len ||
	    !begins_right(fd, magic, (size_t)st.st_size)) {
		err_set(e, EXIT_USAGE, "%s: not a pace file of this version", path);
	} else if (st.st_size < (off_t)len && ftruncate(fd, (off_t)len) == -1) {
		err_errno(e, EXIT_USAGE, "%s", path);
	} else {
		return fd;
	}
	close(fd);
	return -1;
}

void *
pace_file_map(const char *path, uint64_t magic, size_t len, struct err *e)
{
	struct sigaction sa = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
	int fd = open_file(path, magic, len, e);
	uint64_t none = 0;
	void *map;

	if (fd == -1)
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
	(void)atomic_compare_exchange_strong((_Atomic uint64_t *)map, &none, magic);
	return map;
}

void
pace_file_unmap(void *map, size_t len)
{
	if (mapped.at == map)
		mapped.at = NULL;
	munmap(map, len);
}
