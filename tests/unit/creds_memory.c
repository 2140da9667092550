/* lib/creds/creds_memory: what may be inherited, what is kept, who waits for whom. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "creds/creds_memory.h"
#include "tap.h"

enum { ALL = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

static off_t size; /* of the right memory */

static const char *
name_of(unsigned i)
{
	static char name[CREDS_MEMORY_NAME + 1];

	snprintf(name, sizeof(name), "%064x", i);
	return name;
}

/* The text of an entry, "-" if there is none. */
static const char *
get(int fd, unsigned i)
{
	static struct buf text;

	buf_reset(&text);
	if (creds_memory_read(fd, name_of(i), &text) == -1)
		buf_adds(&text, "-");
	return buf_str(&text);
}

static void
set(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	setenv("SHEAF_CREDENTIALS", number, 1);
}

/* 1 if the descriptor is taken for such memory. */
static int
taken(int fd)
{
	int own;

	set(fd);
	if (creds_memory_inherited() == -1)
		return 0;
	if ((own = creds_memory_open()) == -1)
		return 0;
	close(own);
	return 1;
}

static int
make(off_t len, int seals, mode_t mode)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING);

	if (ftruncate(fd, len) == -1 || fchmod(fd, mode) == -1 ||
	    (seals != 0 && fcntl(fd, F_ADD_SEALS, seals) == -1))
		return -1;
	return fd;
}

static void
test_taken(void)
{
	static const char *const bad[] = {"", "x", "-1", "0", "2", "99999", "18446744073709551620"};
	struct stat st;
	int fd;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		setenv("SHEAF_CREDENTIALS", bad[i], 1);
		OK(creds_memory_open() == -1, "'%s' is none", bad[i]);
	}
	unsetenv("SHEAF_CREDENTIALS");
	OK(creds_memory_open() == -1 && creds_memory_inherited() == -1, "none is inherited");
	creds_memory_share();
	fd = creds_memory_inherited();
	OK(fd >= 10 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_nlink == 0,
	    "memory that nobody else can open, without a name");
	OK((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0, "is inherited");
	size = st.st_size;
	creds_memory_share();
	OK(creds_memory_inherited() == fd, "and shared further as it is");
	OK(taken(fd), "it is taken");
	close(fd);
	fd = make(size, ALL, 0600);
	OK(taken(fd), "such memory");
	close(fd);
	fd = make(size, ALL, 0660);
	OK(!taken(fd), "not if others may open it");
	close(fd);
	fd = make(size - 1, ALL, 0600);
	OK(!taken(fd), "not of another size");
	close(fd);
	fd = make(size, F_SEAL_SHRINK | F_SEAL_SEAL, 0600);
	OK(!taken(fd), "not if it can grow");
	close(fd);
	fd = make(size, 0, 0600);
	OK(!taken(fd), "not unsealed");
	close(fd);
	fd = open("/dev/null", O_RDWR);
	OK(!taken(fd), "not a device");
	close(fd);
	OK(!taken(fd), "not a closed one");
}

static void
test_kept(void)
{
	char *large = xmalloc(CREDS_MEMORY_MAX + 1);
	unsigned kept = 0, wrong = 0;
	int fd, other;

	creds_memory_share();
	fd = creds_memory_open();
	other = creds_memory_open();
	OK_STR(get(fd, 1), "-", "nothing yet");
	creds_memory_write(fd, name_of(1), "one", 3);
	creds_memory_write(fd, name_of(2), "two", 3);
	OK_STR(get(other, 1), "one", "kept");
	OK_STR(get(other, 2), "two", "each by its name");
	creds_memory_write(other, name_of(1), "another", 7);
	OK_STR(get(fd, 1), "another", "replaced");
	memset(large, 'x', CREDS_MEMORY_MAX + 1);
	creds_memory_write(fd, name_of(3), large, CREDS_MEMORY_MAX);
	OK(strlen(get(fd, 3)) == CREDS_MEMORY_MAX, "a long text");
	creds_memory_write(fd, name_of(3), large, CREDS_MEMORY_MAX + 1);
	OK(strlen(get(fd, 3)) == CREDS_MEMORY_MAX, "not one that is too long");
	for (unsigned i = 100; i < 300; i++) {
		creds_memory_write(fd, name_of(i), name_of(i), CREDS_MEMORY_NAME);
		OK_STR(get(fd, i), name_of(i), "entry %u", i);
	}
	for (unsigned i = 100; i < 300; i++) {
		const char *text = get(fd, i);

		kept += strcmp(text, name_of(i)) == 0;
		wrong += strcmp(text, "-") != 0 && strcmp(text, name_of(i)) != 0;
	}
	OK(wrong == 0 && kept > 40, "of 200 entries %u are left, none is another's", kept);
	/* half written */
	creds_memory_write(fd, name_of(7), "seven", 5);
	for (off_t at = 0; at < size; at++) {
		char c;

		if (pread(fd, &c, 1, at) == 1 && c == 'v' && pwrite(fd, "w", 1, at) != 1)
			break;
	}
	OK_STR(get(fd, 7), "-", "an entry whose sum is wrong is none");
	close(fd);
	close(other);
	free(large);
}

static void
test_locks(void)
{
	int fd = creds_memory_open(), other = creds_memory_open(), status = -1;
	pid_t pid;

	OK(creds_memory_lock(fd, name_of(1), 0) == 0, "locked");
	OK(creds_memory_lock(other, name_of(1), 30) == -1, "for others it is");
	OK(creds_memory_lock(other, name_of(2), 0) == 0, "another name is not");
	fflush(stdout);
	if ((pid = fork()) == 0) {
		int mine = creds_memory_open();

		_exit(creds_memory_lock(mine, name_of(1), 30) == -1 ? 0 : 1);
	}
	OK(waitpid(pid, &status, 0) == pid && status == 0, "nor for other processes");
	close(fd);
	OK(creds_memory_lock(other, name_of(1), 0) == 0, "unlocked by closing it");
	close(other);
}

int
main(void)
{
	test_taken();
	unsetenv("SHEAF_CREDENTIALS");
	test_kept();
	test_locks();
	return tap_done();
}
