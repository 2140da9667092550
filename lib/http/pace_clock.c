#include <fcntl.h>
#include <unistd.h>

#include "base/fnv.h"
#include "base/io.h"
#include "http/pace_clock.h"

/* What there is of a file; without /proc, nothing. */
static uint64_t
hash_file(uint64_t h, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t n;

	if (fd == -1)
		return h;
	n = io_read_full(fd, text, sizeof(text));
	close(fd);
	return n > 0 ? fnv1a(h, text, (size_t)n) : h;
}

uint64_t
pace_clock_id(uint64_t salt)
{
	uint64_t h = FNV1A_BEGIN ^ salt;
	char name[64];
	ssize_t n;

	h = hash_file(h, "/proc/sys/kernel/random/boot_id");
	/* the namespace by its offsets, which are not of this process' own if it made one for its
	 * children, and by its number, which the next one may be given again */
	h = hash_file(h, "/proc/self/timens_offsets");
	n = readlink("/proc/self/ns/time", name, sizeof(name));
	if (n > 0)
		h = fnv1a(h, name, (size_t)n);
	return h != 0 ? h : 1;
}
