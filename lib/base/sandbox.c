#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/sandbox.h"
#include "base/sandbox_calls.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer) ||                             \
    HAS_FEATURE(memory_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

/* <linux/landlock.h> of Debian 12 is that of Linux 6.1 and lacks what later ones added, so what is
 * used of it is written here. The numbers are part of the kernel's interface. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { LANDLOCK_VERSION_FLAG = 1, LANDLOCK_PATH_BENEATH = 1 };
enum { NET_SINCE = 4 /* the version with landlock_attr.net */ };

enum landlock_fs {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_CHAR = 1 << 6,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_MAKE_SOCK = 1 << 9,
	FS_MAKE_FIFO = 1 << 10,
	FS_MAKE_BLOCK = 1 << 11,
	FS_MAKE_SYM = 1 << 12,
	FS_REFER = 1 << 13,    /* version 2 */
	FS_TRUNCATE = 1 << 14, /* version 3 */
	FS_ALL_1 = FS_EXECUTE | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_CHAR |
	    FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SOCK | FS_MAKE_FIFO | FS_MAKE_BLOCK | FS_MAKE_SYM,
	FS_FILE = FS_WRITE_FILE | FS_TRUNCATE,
	FS_FOLDER = FS_FILE | FS_MAKE_REG | FS_REMOVE_FILE,
};

enum { NET_BIND_TCP = 1, NET_CONNECT_TCP = 2 };

struct landlock_attr {
	uint64_t fs;
	uint64_t net;
};

struct landlock_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

struct rule {
	int fd; /* owned */
	uint64_t allowed;
};

struct sandbox {
	struct rule *rules; /* owned */
	size_t n;
};

struct sandbox *
sandbox_new(void)
{
	return xcalloc(1, sizeof(struct sandbox));
}

void
sandbox_free(struct sandbox *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		close(s->rules[i].fd);
	free(s->rules);
	free(s);
}

/* A path that cannot be opened gets no rule: it could not be written either. */
static void
add(struct sandbox *s, const char *path, uint64_t allowed)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd == -1)
		return;
	s->rules = xrealloc(s->rules, (s->n + 1) * sizeof(*s->rules));
	s->rules[s->n++] = (struct rule){fd, allowed};
}

void
sandbox_folder(struct sandbox *s, const char *folder)
{
	add(s, folder, FS_FOLDER);
}

/* The folder of what a path leads to. */
static void
add_folder_of(struct sandbox *s, const char *path)
{
	char *target = realpath(path, NULL);

	if (target == NULL)
		target = xstrdup(path);
	add(s, dirname(target), FS_FOLDER);
	free(target);
}

void
sandbox_replace(struct sandbox *s, const char *path)
{
	struct stat st;

	if (path == NULL || strcmp(path, "-") == 0)
		return;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		add(s, path, FS_FILE); /* it is written itself */
	else
		add_folder_of(s, path);
}

void
sandbox_append(struct sandbox *s, const char *path)
{
	struct stat st;

	if (path == NULL || *path == '\0')
		return;
	if (stat(path, &st) == 0)
		add(s, path, FS_FILE);
	else
		add_folder_of(s, path);
}

/* 0, or -1 where the kernel has no Landlock or lets nobody use it. */
static int
restrict_files(const struct sandbox *s)
{
	struct landlock_attr attr = {.fs = FS_ALL_1, .net = NET_BIND_TCP | NET_CONNECT_TCP};
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_VERSION_FLAG);
	int fd, rc = 0;

	if (version < 1)
		return -1;
	attr.fs |= version >= 2 ? FS_REFER : 0;
	attr.fs |= version >= 3 ? FS_TRUNCATE : 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    version >= NET_SINCE ? sizeof(attr) : sizeof(attr.fs), 0);
	if (fd == -1)
		return -1;
	for (size_t i = 0; i < s->n && rc == 0; i++) {
		struct landlock_beneath beneath = {
		    .allowed = s->rules[i].allowed & attr.fs, .parent_fd = s->rules[i].fd};

		/* what is of no file system, as a pipe, needs no rule (EBADFD) */
		if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_PATH_BENEATH, &beneath, 0) == -1 &&
		    errno != EBADFD)
			rc = -1;
	}
	if (rc == 0 && syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		rc = -1;
	close(fd);
	return rc;
}

static int
under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "/vgpreload_") != NULL;
}

int
sandbox_enter(const struct sandbox *s)
{
	int entered = 0;

	if (SANITIZED || under_valgrind() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return 0;
	if (restrict_files(s) == 0)
		entered |= SANDBOX_FILES;
	if (sandbox_calls_deny() == 0)
		entered |= SANDBOX_CALLS;
	return entered;
}
