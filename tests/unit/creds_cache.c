/* lib/creds/creds_cache: what is kept, and what is asked for. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aws/sigv4.h"
#include "creds/creds_cache.h"
#include "creds/creds_memory.h"
#include "tap.h"

static char home[] = "/tmp/sheaf-cache-XXXXXX";
static int in_memory; /* what get() asks for must not be in a file */
static struct buf out, text;

/* A source whose keys are counted. */
struct question {
	int asked;
	int rc;
	int64_t lives_s;   /* 0: for ever */
	const char *count; /* a file that a byte is added to for every question; NULL: none */
	int takes_ms;
};

static int
on_ask(struct creds *c, void *arg, struct err *e)
{
	struct question *q = arg;
	const struct timespec pause = {.tv_nsec = q->takes_ms * 1000000L};
	char key[32];
	int fd;

	q->asked++;
	if (q->count != NULL && (fd = open(q->count, O_WRONLY | O_CREAT | O_APPEND, 0600)) != -1) {
		if (write(fd, ".", 1) != 1)
			return -1;
		close(fd);
	}
	nanosleep(&pause, NULL);
	if (q->rc != 1)
		return q->rc == -1 ? err_set(e, EXIT_USAGE, "no") : 0;
	snprintf(key, sizeof(key), "AK%d", q->asked);
	c->access_key = xstrdup(key);
	c->secret_key = xstrdup("sec+ret");
	c->session_token = xstrdup("tok");
	c->expires = q->lives_s != 0 ? (int64_t)time(NULL) + q->lives_s : 0;
	c->source = xstrdup("test");
	return 1;
}

/* "AK1", "AK1 cached", "none", or the error. */
static const char *
get(const char *name, struct question *q, const char *refused, int max_age_s)
{
	struct creds_cached rule = {
	    .refused = refused, .max_age_s = max_age_s, .wait_ms = 5000, .in_memory = in_memory};
	struct creds c = {0};
	struct err e = {.text = ""};
	int rc;

	creds_cache_key(&rule.key, "name", name);
	rc = creds_cached(&c, &rule, on_ask, q, &e);
	buf_reset(&out);
	if (rc == 1)
		buf_addf(&out, "%s%s", c.access_key, c.cached ? " cached" : "");
	else
		buf_adds(&out, rc == 0 ? "none" : e.text);
	creds_free(&c);
	return buf_str(&out);
}

/* The path of the one entry, in text; "" when there is none, or more. */
static const char *
entry(void)
{
	const struct dirent *d;
	char folder[128];
	int n = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/sheaf", home);
	buf_reset(&text);
	if ((dir = opendir(folder)) == NULL)
		return "";
	while ((d = readdir(dir)) != NULL) {
		if (strstr(d->d_name, ".json") == NULL)
			continue;
		buf_reset(&text);
		buf_addf(&text, "%s/%s", folder, d->d_name);
		n++;
	}
	closedir(dir);
	return n == 1 ? buf_str(&text) : "";
}

static void
put(const char *path, const char *what)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return;
	fputs(what, f);
	fclose(f);
}

/* Removes a folder of files. */
static void
empty(const char *folder)
{
	const struct dirent *d;
	DIR *dir = opendir(folder);

	if (dir == NULL)
		return;
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
	rmdir(folder);
}

static void
clear(void)
{
	char folder[128];

	snprintf(folder, sizeof(folder), "%s/sheaf", home);
	empty(folder);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void
test_kept(void)
{
	struct question q = {.rc = 1, .lives_s = 3600}, short_lived = {.rc = 1, .lives_s = 200},
			for_ever = {.rc = 1}, none = {.rc = 0}, wrong = {.rc = -1};
	char folder[128];

	snprintf(folder, sizeof(folder), "%s/sheaf", home);
	OK_STR(get("a", &q, NULL, 0), "AK1", "asked for");
	OK_STR(get("a", &q, NULL, 0), "AK1 cached", "kept");
	OK(mode_of(folder) == 0700 && mode_of(entry()) == 0600, "for nobody else to read");
	OK_STR(get("b", &q, NULL, 0), "AK2", "another key");
	OK_STR(get("a", &q, "AK1", 0), "AK3", "not what was refused");
	OK_STR(get("a", &q, "AK1", 0), "AK3 cached", "but what came after it");
	OK_STR(get("a", &q, NULL, 100), "AK3 cached", "young enough");
	clear();
	OK_STR(get("a", &short_lived, NULL, 0), "AK1", "of a short life");
	OK_STR(get("a", &short_lived, NULL, 0), "AK2", "not kept");
	OK_STR(get("a", &for_ever, NULL, 0), "AK1", "of no end");
	OK_STR(get("a", &for_ever, NULL, 0), "AK2", "not kept either");
	OK_STR(get("a", &none, NULL, 0), "none", "there are none");
	OK_STR(get("a", &wrong, NULL, 0), "no", "an error");
	clear();
}

static void
test_broken(void)
{
	struct question q = {.rc = 1, .lives_s = 3600};
	static const char *const broken[] = {"", "{", "garbage", "{}", "[]"};
	char elsewhere[160], old[400];
	int64_t now = (int64_t)time(NULL);

	OK_STR(get("a", &q, NULL, 0), "AK1", "asked for");
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		put(entry(), broken[i]);
		q.asked = (int)i + 1;
		get("a", &q, NULL, 0);
		OK(q.asked == (int)i + 2, "'%s' is asked for again", broken[i]);
		OK(strstr(get("a", &q, NULL, 0), " cached") != NULL, "and replaced");
	}
	snprintf(old, sizeof(old),
	    "{\"Version\":1,\"AccessKeyId\":\"OLD\",\"SecretAccessKey\":\"S\",\"Expiration\":%lld,"
	    "\"Asked\":%lld,\"Source\":\"s\"}",
	    (long long)now + 3600, (long long)now - 1000);
	put(entry(), old);
	OK_STR(get("a", &q, NULL, 2000), "OLD cached", "an entry of some age");
	OK(strstr(get("a", &q, NULL, 500), "cached") == NULL, "too old");
	snprintf(old, sizeof(old),
	    "{\"Version\":1,\"AccessKeyId\":\"NEW\",\"SecretAccessKey\":\"S\",\"Expiration\":%lld,"
	    "\"Asked\":%lld,\"Source\":\"s\"}",
	    (long long)now + 3600, (long long)now + 1000);
	put(entry(), old);
	OK(strstr(get("a", &q, NULL, 0), "cached") == NULL, "an entry of the future");
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", home);
	get("a", &q, NULL, 0);
	OK(rename(entry(), elsewhere) == 0 && symlink(elsewhere, buf_str(&text)) == 0, "a link");
	OK(strstr(get("a", &q, NULL, 0), "cached") == NULL, "is not followed");
	unlink(elsewhere);
	clear();
}

static void
test_no_folder(void)
{
	struct question q = {.rc = 1, .lives_s = 3600};
	char folder[128], file[160];

	snprintf(folder, sizeof(folder), "%s/sheaf", home);
	mkdir(folder, 0700);
	chmod(folder, 0755);
	get("a", &q, NULL, 0);
	OK_STR(get("a", &q, NULL, 0), "AK2", "a folder that others can read is not used");
	rmdir(folder);
	if (symlink("/tmp", folder) == -1)
		OK(0, "a link");
	OK_STR(get("a", &q, NULL, 0), "AK3", "nor a link");
	unlink(folder);
	put(folder, "");
	OK_STR(get("a", &q, NULL, 0), "AK4", "nor a file");
	unlink(folder);
	setenv("XDG_CACHE_HOME", "relative", 1);
	setenv("HOME", "/dev/null", 1);
	OK_STR(get("a", &q, NULL, 0), "AK5", "a home that is none");
	OK(access("relative", F_OK) == -1, "a relative XDG_CACHE_HOME does not count");
	unsetenv("XDG_CACHE_HOME");
	setenv("HOME", home, 1);
	OK_STR(get("a", &q, NULL, 0), "AK6", "~/.cache");
	snprintf(file, sizeof(file), "%s/.cache/sheaf", home);
	OK(mode_of(file) == 0700, "is made");
	OK_STR(get("a", &q, NULL, 0), "AK6 cached", "and used");
	setenv("XDG_CACHE_HOME", home, 1);
	snprintf(file, sizeof(file), "%s/.cache", home);
	snprintf(folder, sizeof(folder), "%s/.cache/sheaf", home);
	empty(folder);
	rmdir(file);
}

/* Many at once ask once. */
static void
test_crowd(void)
{
	enum { CROWD = 20 };
	struct question q = {.rc = 1, .lives_s = 3600, .takes_ms = 200};
	char count[128];
	struct stat st;
	int bad = 0, status;

	snprintf(count, sizeof(count), "%s/count", home);
	q.count = count;
	fflush(stdout);
	for (int i = 0; i < CROWD; i++) {
		if (fork() == 0)
			_exit(strncmp(get("crowd", &q, NULL, 0), "AK1", 3) != 0);
	}
	for (int i = 0; i < CROWD; i++)
		bad += wait(&status) == -1 || status != 0;
	OK(bad == 0, "all of them have some");
	OK(stat(count, &st) == 0 && st.st_size == 1, "one of them asked");
	unlink(count);
	clear();
}

static int
has_folder(void)
{
	char folder[128];

	snprintf(folder, sizeof(folder), "%s/sheaf", home);
	return mode_of(folder) != 0;
}

/* Puts an entry into the memory that `get("old")` finds. */
static void
put_old(int fd, int64_t asked, int64_t expires)
{
	struct buf key = {0};
	char name[65], entry[400];

	creds_cache_key(&key, "name", "old");
	sigv4_sha256_hex(name, key.p, key.len);
	buf_free(&key);
	snprintf(entry, sizeof(entry),
	    "{\"Version\":1,\"AccessKeyId\":\"OLD\",\"SecretAccessKey\":\"S\",\"Expiration\":%lld,"
	    "\"Asked\":%lld,\"Source\":\"s\"}",
	    (long long)expires, (long long)asked);
	creds_memory_write(fd, name, entry, strlen(entry));
	creds_memory_lock(fd, name, 0); /* as the process that asks for others */
}

static void
test_memory(void)
{
	struct question q = {.rc = 1, .lives_s = 3600}, for_ever = {.rc = 1},
			short_lived = {.rc = 1, .lives_s = 200}, over = {.rc = 1, .lives_s = -5};
	int64_t now = (int64_t)time(NULL);
	int fd;

	in_memory = 1;
	OK_STR(get("m", &q, NULL, 0), "AK1", "without memory");
	OK_STR(get("m", &q, NULL, 0), "AK2", "they are asked for each time");
	creds_memory_share();
	OK_STR(get("m", &q, NULL, 0), "AK3", "with memory");
	OK_STR(get("m", &q, NULL, 0), "AK3 cached", "they are kept");
	OK_STR(get("m", &q, "AK3", 0), "AK4", "not what was refused");
	OK_STR(get("m", &q, "AK3", 0), "AK4 cached", "but what came after it");
	OK_STR(get("n", &for_ever, NULL, 0), "AK1", "of no end");
	OK_STR(get("n", &for_ever, NULL, 0), "AK1 cached", "kept");
	OK_STR(get("o", &short_lived, NULL, 0), "AK1", "of a short life");
	OK_STR(get("o", &short_lived, NULL, 0), "AK1 cached", "kept for half of it");
	OK_STR(get("p", &over, NULL, 0), "AK1", "that have expired");
	OK_STR(get("p", &over, NULL, 0), "AK2", "not kept");
	OK(!has_folder(), "nothing was in a file");
	fd = creds_memory_open();
	put_old(fd, now - 3600, now + 100);
	OK_STR(get("old", &q, NULL, 0), "OLD cached", "old ones, while another process asks");
	close(fd);
	OK_STR(get("old", &q, NULL, 0), "AK5", "not when nobody does");
	in_memory = 0;
	OK_STR(get("m", &q, NULL, 0), "AK6", "others are in files");
	OK(has_folder(), "where there is a folder");
	clear();
	setenv("XDG_CACHE_HOME", "/proc/none", 1);
	OK_STR(get("m", &q, NULL, 0), "AK4 cached", "else in memory");
	fd = creds_lock("l", 0);
	OK(fd != -1 && creds_lock("l", 0) == -1, "and so are locks");
	creds_unlock(fd);
	setenv("XDG_CACHE_HOME", home, 1);
	close(creds_memory_inherited());
	unsetenv("SHEAF_CREDENTIALS");
}

int
main(void)
{
	if (mkdtemp(home) == NULL)
		return 1;
	setenv("XDG_CACHE_HOME", home, 1);
	unsetenv("SHEAF_CREDENTIALS");
	test_kept();
	test_broken();
	test_crowd();
	test_no_folder();
	test_memory();
	OK(rmdir(home) == 0, "nothing is left behind");
	buf_free(&out);
	buf_free(&text);
	return tap_done();
}
