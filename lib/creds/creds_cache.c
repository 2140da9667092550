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
#include "creds/creds_memory.h"

enum {
	ENTRY_MAX = 64 << 10,
	POLL_MS = 20,	   /* interval between tries for a lock */
	OLD_S = 24 * 3600, /* no credentials live this long */
	SWEEP_MAX = 1000,  /* names examined in one sweep */
	CLOCK_S = 5,	   /* tolerated difference of clocks */
	ALIVE_S = 30,	   /* how long old credentials must live to be used while others ask */
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
	} else if ((fd = creds_memory_open()) != -1 && creds_memory_lock(fd, name, wait_ms) == -1) {
		close(fd);
		fd = -1;
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

/* Where an entry is. */
struct place {
	const struct creds_cached *rule;
	char name[65];
	struct buf folder; /* empty: in memory */
	struct buf path;   /* of the file */
	int memory;	   /* descriptor; -1: a file */
	int lock;	   /* descriptor; -1: not locked */
};

/* -1 if there is no place for it. */
static int
place_open(struct place *p, const struct creds_cached *rule)
{
	*p = (struct place){.rule = rule, .memory = -1, .lock = -1};
	sigv4_sha256_hex(p->name, rule->key.p, rule->key.len);
	if (!rule->in_memory && find_folder(&p->folder) == 0) {
		buf_addf(&p->path, "%s/%s.json", buf_str(&p->folder), p->name);
		return 0;
	}
	buf_reset(&p->folder);
	p->memory = creds_memory_open();
	return p->memory != -1 ? 0 : -1;
}

static void
place_close(struct place *p)
{
	if (p->memory != -1)
		close(p->memory);
	creds_unlock(p->lock);
	buf_free(&p->folder);
	buf_free(&p->path);
}

/* 1 if it is locked now. */
static int
place_lock(struct place *p, int wait_ms)
{
	struct buf path = {0};

	if (p->memory != -1)
		return creds_memory_lock(p->memory, p->name, wait_ms) == 0;
	buf_addf(&path, "%s/%s.lock", buf_str(&p->folder), p->name);
	p->lock = lock_path(buf_str(&path), wait_ms);
	buf_free(&path);
	return p->lock != -1;
}

/* How long they must live, in s, to be taken from the cache. */
static int64_t
least_left(const struct creds *c, int64_t asked, const struct creds_cached *rule)
{
	int64_t half = (c->expires - asked) / 2;

	return rule->in_memory && half < CREDS_CACHE_LEFT_S ? half : CREDS_CACHE_LEFT_S;
}

static int
is_good(const struct creds *c, int64_t asked, const struct creds_cached *rule, int64_t left_s)
{
	int64_t now = (int64_t)time(NULL);

	if (asked > now + CLOCK_S || (rule->max_age_s != 0 && now - asked > rule->max_age_s))
		return 0;
	if (rule->refused != NULL && strcmp(c->access_key, rule->refused) == 0)
		return 0;
	return c->expires == 0 ? rule->in_memory : c->expires - now >= left_s;
}

/* The text of the file, at most ENTRY_MAX bytes of it. */
static int
read_file(struct buf *text, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    (n = io_read_full(fd, text->p, ENTRY_MAX)) >= 0)
		text->len = (size_t)n;
	close(fd);
	return n >= 0 ? 0 : -1;
}

/* 1 if there is a usable entry; alive: also one that others are about to replace. */
static int
read_entry(struct creds *c, struct place *p, int alive)
{
	struct buf text = {0};
	int64_t asked;
	int rc;

	buf_room(&text, ENTRY_MAX);
	rc = p->memory != -1 ? creds_memory_read(p->memory, p->name, &text)
			     : read_file(&text, buf_str(&p->path));
	if (rc == 0 && creds_json_entry_read(c, &asked, text.p, text.len) == 0 &&
	    !is_good(c, asked, p->rule, alive ? ALIVE_S : least_left(c, asked, p->rule)))
		creds_free(c);
	buf_wipe(&text);
	c->cached = c->access_key != NULL;
	return c->cached;
}

static void
write_file(const char *path, const struct buf *text)
{
	struct stat st;

	/* outfile would write into a FIFO and wait for a reader */
	if (lstat(path, &st) == -1 || S_ISREG(st.st_mode))
		outfile_put_private(path, text->p, text->len);
}

static void
write_entry(const struct creds *c, struct place *p)
{
	struct buf text = {0};

	buf_room(&text, ENTRY_MAX);
	if (creds_json_entry_write(&text, c, (int64_t)time(NULL)) == 0) {
		if (p->memory != -1)
			creds_memory_write(p->memory, p->name, text.p, text.len);
		else
			write_file(buf_str(&p->path), &text);
	}
	buf_wipe(&text);
}

/* Writes only with the lock held. */
static int
ask_and_keep(
    struct creds *c, struct place *p, int locked, creds_asker *ask, void *arg, struct err *e)
{
	int rc = ask(c, arg, e);
	int64_t now = (int64_t)time(NULL);

	if (rc != 1 || !locked || c->source == NULL ||
	    !is_good(c, now, p->rule, least_left(c, now, p->rule)))
		return rc;
	write_entry(c, p);
	if (p->memory == -1)
		sweep(buf_str(&p->folder));
	return rc;
}

int
creds_cached(struct creds *c, struct creds_cached *rule, creds_asker *ask, void *arg, struct err *e)
{
	struct place p;
	int rc = 1, locked;

	if (place_open(&p, rule) == -1) {
		rc = ask(c, arg, e);
	} else if (!read_entry(c, &p, 0)) {
		locked = place_lock(&p, 0);
		if (locked || !read_entry(c, &p, 1)) {
			locked = locked || place_lock(&p, rule->wait_ms);
			if (!read_entry(c, &p, 0))
				rc = ask_and_keep(c, &p, locked, ask, arg, e);
		}
	}
	place_close(&p);
	buf_wipe(&rule->key);
	return rc;
}
