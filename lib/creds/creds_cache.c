#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aws/profile.h"
#include "aws/sigv4.h"
#include "base/io.h"
#include "base/outfile.h"
#include "creds/creds_cache.h"
#include "creds/creds_json.h"

enum {
	ENTRY_MAX = 64 << 10,
	POLL_MS = 20,	   /* interval between tries for a lock */
	OLD_S = 24 * 3600, /* no credentials live this long */
	SWEEP_MAX = 1000,  /* names examined in one sweep */
	CLOCK_S = 5,	   /* tolerated difference of clocks */
};

void
creds_cache_key(struct buf *key, const char *name, const char *value)
{
	if (value != NULL)
		buf_addf(key, "%s=%zu:%s\n", name, strlen(value), value);
}

void
creds_cache_machine(struct buf *key)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char id[64] = "";
	ssize_t n;

	if (fd == -1)
		return;
	if ((n = io_read_full(fd, id, sizeof(id) - 1)) > 0)
		id[n] = '\0';
	close(fd);
	creds_cache_key(key, "boot", id);
}

/* --- the folder --- */

/* 1 if path is a folder of ours that nobody else can look into. Creates it if missing. */
static int
is_private(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) == -1 && lstat(path, &st) == -1)
		return 0;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & 077) == 0;
}

/* Finds the cache folder. -1 if there is none that may be used. */
static int
find_folder(struct buf *path)
{
	const char *base = profile_env("XDG_CACHE_HOME");
	const char *home = profile_home();

	if (base != NULL && *base == '/') {
		buf_adds(path, base);
	} else if (home != NULL) {
		buf_addf(path, "%s/.cache", home);
	} else {
		return -1;
	}
	(void)mkdir(buf_str(path), 0700); /* usually exists */
	buf_adds(path, "/sheaf");
	return is_private(buf_str(path)) ? 0 : -1;
}

/* Removes old entries and locks. */
static void
sweep(const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *entry;
	struct stat st;

	if (d == NULL)
		return;
	for (int i = 0; i < SWEEP_MAX && (entry = readdir(d)) != NULL; i++) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot == NULL ||
		    (strcmp(dot, ".json") != 0 && strcmp(dot, ".lock") != 0 &&
			strcmp(dot, ".part") != 0))
			continue;
		if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtime < time(NULL) - OLD_S)
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	}
	closedir(d);
}

/* --- locks --- */

static int
lock_path(const char *path, int wait_ms)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if ((wait_ms -= POLL_MS) < 0) {
			close(fd);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

int
creds_lock(const char *name, int wait_ms)
{
	struct buf path = {0};
	int fd = -1;

	if (find_folder(&path) == 0) {
		buf_addf(&path, "/%s.lock", name);
		fd = lock_path(buf_str(&path), wait_ms);
	}
	buf_free(&path);
	return fd;
}

void
creds_unlock(int fd)
{
	if (fd != -1)
		close(fd);
}

/* --- entries --- */

static int
is_good(const struct creds *c, int64_t asked, const struct creds_cached *rule)
{
	int64_t now = (int64_t)time(NULL);

	if (c->expires - now < CREDS_CACHE_LEFT_S || asked > now + CLOCK_S)
		return 0;
	if (rule->max_age_s != 0 && now - asked > rule->max_age_s)
		return 0;
	return rule->refused == NULL || strcmp(c->access_key, rule->refused) != 0;
}

/* 1 if there is a usable entry. */
static int
read_entry(struct creds *c, const char *path, const struct creds_cached *rule)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct buf text = {0};
	struct stat st;
	int64_t asked;
	ssize_t n = -1;

	if (fd == -1)
		return 0;
	buf_room(&text, ENTRY_MAX);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
		n = io_read_full(fd, text.p, ENTRY_MAX);
	close(fd);
	if (n >= 0 && creds_json_entry_read(c, &asked, text.p, (size_t)n) == 0 &&
	    !is_good(c, asked, rule))
		creds_free(c);
	explicit_bzero(text.p, text.cap);
	buf_free(&text);
	c->cached = c->access_key != NULL;
	return c->cached;
}

static void
write_entry(const struct creds *c, const char *path)
{
	struct buf text = {0};
	struct stat st;

	/* outfile would write into a FIFO and wait for a reader */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return;
	buf_room(&text, ENTRY_MAX);
	if (creds_json_entry_write(&text, c, (int64_t)time(NULL)) == 0)
		outfile_put_private(path, text.p, text.len);
	buf_wipe(&text);
}

/* Writes only with the lock held. */
static int
ask_and_keep(
    struct creds *c, const char *path, int locked, creds_asker *ask, void *arg, struct err *e)
{
	int rc = ask(c, arg, e);

	if (rc != 1 || !locked || c->source == NULL ||
	    c->expires - (int64_t)time(NULL) < CREDS_CACHE_LEFT_S)
		return rc;
	write_entry(c, path);
	return rc;
}

int
creds_cached(struct creds *c, struct creds_cached *rule, creds_asker *ask, void *arg, struct err *e)
{
	struct buf folder = {0}, path = {0};
	char name[65];
	int rc, lock = -1;

	sigv4_sha256_hex(name, rule->key.p, rule->key.len);
	buf_free(&rule->key);
	if (find_folder(&folder) == -1) {
		rc = ask(c, arg, e);
		goto out;
	}
	buf_addf(&path, "%s/%s.json", buf_str(&folder), name);
	if ((rc = read_entry(c, buf_str(&path), rule)) == 1)
		goto out;
	lock = creds_lock(name, rule->wait_ms);
	if ((rc = read_entry(c, buf_str(&path), rule)) == 0) {
		rc = ask_and_keep(c, buf_str(&path), lock != -1, ask, arg, e);
		if (rc == 1)
			sweep(buf_str(&folder));
	}
out:
	creds_unlock(lock);
	buf_free(&folder);
	buf_free(&path);
	return rc;
}
