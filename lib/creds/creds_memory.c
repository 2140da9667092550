#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/num.h"
#include "creds/creds_memory.h"
#include "sums/crc32c.h"

enum {
	SLOTS = 64,
	TRIED = 4,     /* slots that an entry may be in, from the one that its name says */
	FIRST_FD = 20, /* scripts use small numbers */
	POLL_MS = 20,  /* interval between tries for a lock */
	SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
};

/* A slot is written by one call and read by one call; the sum reveals one that was read while being
 * written, or that was left half written. */
struct slot {
	uint32_t sum; /* CRC-32C of all that follows */
	uint32_t len;
	char name[CREDS_MEMORY_NAME]; /* with a NUL if it is shorter */
	char text[CREDS_MEMORY_MAX];
};

static const char variable[] = "SHEAF_CREDENTIALS";

static int
is_memory(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	/* the system may have added F_SEAL_EXEC (vm.memfd_noexec) */
	return seals != -1 && (seals & SEALS) == SEALS && (seals & F_SEAL_WRITE) == 0 &&
	    fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 0777) == 0600 &&
	    st.st_size == (off_t)(SLOTS * sizeof(struct slot));
}

int
creds_memory_inherited(void)
{
	const char *text = getenv(variable);
	uint64_t fd;

	if (text == NULL || num_parse(text, 3, 1 << 20, &fd) == -1 || !is_memory((int)fd))
		return -1;
	return (int)fd;
}

/* -1 where the kernel has no such memory, or does not allow it. */
static int
make_memory(void)
{
	int fd = memfd_create("sheaf", MFD_CLOEXEC | MFD_ALLOW_SEALING), high = -1;

	if (fd == -1)
		return -1;
	if (fchmod(fd, 0600) == 0 && ftruncate(fd, (off_t)(SLOTS * sizeof(struct slot))) == 0 &&
	    fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		high = fcntl(fd, F_DUPFD, FIRST_FD);
	close(fd);
	return high;
}

void
creds_memory_share(void)
{
	char number[16];
	int fd;

	if (creds_memory_inherited() != -1)
		return;
	if ((fd = make_memory()) == -1) {
		unsetenv(variable);
		return;
	}
	snprintf(number, sizeof(number), "%d", fd);
	if (setenv(variable, number, 1) == -1)
		err_nomem();
}

/* Opened anew, as locks belong to what open() returned, and all processes inherit the same. */
int
creds_memory_open(void)
{
	int inherited = creds_memory_inherited(), fd;
	char path[64];

	if (inherited == -1)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", inherited);
	if ((fd = open(path, O_RDWR | O_CLOEXEC)) != -1 && !is_memory(fd)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static uint32_t
sum_of(const struct slot *s)
{
	return crc32c(0, (const char *)s + sizeof(s->sum),
	    offsetof(struct slot, text) - sizeof(s->sum) + s->len);
}

static off_t
place(const char *name, unsigned i)
{
	return (off_t)((crc32c(0, name, strlen(name)) + i) % SLOTS * sizeof(struct slot));
}

/* Reads the slot at that place. 1 if it is whole and has the name. */
static int
read_slot(int fd, off_t at, const char *name, struct slot *s)
{
	return pread(fd, s, sizeof(*s), at) == (ssize_t)sizeof(*s) && s->len > 0 &&
	    s->len <= sizeof(s->text) && s->sum == sum_of(s) &&
	    strncmp(s->name, name, sizeof(s->name)) == 0;
}

int
creds_memory_read(int fd, const char *name, struct buf *text)
{
	struct slot *s = xmalloc(sizeof(*s));
	int found = 0;

	for (unsigned i = 0; i < TRIED && !found; i++)
		if ((found = read_slot(fd, place(name, i), name, s)))
			buf_add(text, s->text, s->len);
	explicit_bzero(s, sizeof(*s));
	free(s);
	return found ? 0 : -1;
}

/* The slot with the name, else the first empty one, else the first. */
static off_t
find_slot(int fd, const char *name, struct slot *s)
{
	off_t empty = place(name, 0);
	int any = 0;

	for (unsigned i = 0; i < TRIED; i++) {
		if (read_slot(fd, place(name, i), name, s))
			return place(name, i);
		if (s->len == 0 && !any) {
			any = 1;
			empty = place(name, i);
		}
	}
	return empty;
}

void
creds_memory_write(int fd, const char *name, const char *text, size_t len)
{
	struct slot *s;
	off_t at;

	if (len == 0 || len > CREDS_MEMORY_MAX || strlen(name) > CREDS_MEMORY_NAME)
		return;
	s = xcalloc(1, sizeof(*s));
	at = find_slot(fd, name, s);
	*s = (struct slot){.len = (uint32_t)len};
	memcpy(s->name, name, strlen(name));
	memcpy(s->text, text, len);
	s->sum = sum_of(s);
	/* where it fails, the others ask themselves */
	(void)!pwrite(fd, s, offsetof(struct slot, text) + len, at);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

int
creds_memory_lock(int fd, const char *name, int wait_ms)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	struct flock lock = {.l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = (off_t)crc32c(0, name, strlen(name)),
	    .l_len = 1};

	while (fcntl(fd, F_OFD_SETLK, &lock) == -1) {
		if ((wait_ms -= POLL_MS) < 0)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}
