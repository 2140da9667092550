/* lib/base/write_behind: the bytes, the failures, and where there is no thread. */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/write_behind.h"
#include "tap.h"

#define MIB ((size_t)1 << 20)
#define BIG (24 * MIB + 12345)

static char folder[] = "/tmp/sheaf-behind-XXXXXX", name[64], part[80];
static char text[BIG], back[BIG + 1];
static struct err err;

static int
threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = -2; /* . and .. */

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n;
}

/* One that was joined is still to be seen for a moment. */
static int
is_over(int alone)
{
	for (int i = 0; i < 1000 && threads() != alone; i++)
		usleep(1000);
	return threads() == alone;
}

/* Writes n bytes of text from offset in pieces of many sizes. */
static int
put(struct write_behind *w, size_t from, size_t n)
{
	for (size_t len = 1; n > 0; len = len * 5 % 700001) {
		if (len > n)
			len = n;
		if (write_behind_write(w, text + from, len, &err) == -1)
			return -1;
		from += len;
		n -= len;
	}
	return 0;
}

/* The file holds the first n bytes of text, and no more. */
static int
holds(const char *file, size_t n)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), ok;

	ok = fd != -1 && io_read_full(fd, back, sizeof(back)) == (ssize_t)n &&
	    memcmp(back, text, n) == 0;
	close(fd);
	return ok;
}

static void
test_whole(void)
{
	const size_t sizes[] = {0, 1, 8 * MIB, 8 * MIB + 1, 33 * MIB / 4, 9 * MIB, BIG};
	int alone = threads();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct outfile *o = outfile_open(name, &err);
		struct write_behind *w = write_behind_new(o);

		OK(put(w, 0, sizes[i]) == 0, "%zu bytes", sizes[i]);
		OK(sizes[i] > 8 * MIB || holds(part, sizes[i]), "few are written at once");
		OK(sizes[i] > 8 * MIB || threads() == alone, "and without a thread");
		OK(write_behind_end(w, &err) == 0, "the end");
		OK(is_over(alone), "the thread is over");
		OK(holds(part, sizes[i]), "all is there");
		OK(outfile_commit(o, &err) == 0 && holds(name, sizes[i]), "so after the commit");
	}
	unlink(name);
	OK(write_behind_end(NULL, &err) == 0, "the end of none");
}

/* How many threads more there are in the middle of a large output to o. */
static int
threads_of(struct outfile *o)
{
	struct write_behind *w = write_behind_new(o);
	int alone = threads(), n;

	put(w, 0, BIG);
	n = threads();
	OK(write_behind_end(w, &err) == 0 && is_over(alone), "the end");
	return n - alone;
}

static void
test_where(void)
{
	cpu_set_t before, one;
	struct outfile *o;

	sched_getaffinity(0, sizeof(before), &before);
	o = outfile_open(name, &err);
	OK(threads_of(o) == (CPU_COUNT(&before) > 1), "a thread for a file");
	outfile_abort(o);
	o = outfile_open("/dev/null", &err);
	OK(threads_of(o) == 0, "none for a device");
	outfile_abort(o);

	CPU_ZERO(&one);
	for (int i = 0; CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &before))
			CPU_SET(i, &one);
	sched_setaffinity(0, sizeof(one), &one);
	o = outfile_open(name, &err);
	OK(threads_of(o) == 0, "none on one processor");
	OK(holds(part, BIG), "all is there");
	outfile_abort(o);
	sched_setaffinity(0, sizeof(before), &before);
}

/* With room for so many bytes. 0, or -1: what the end said. */
static int
end_with_room(rlim_t room, size_t n, int told)
{
	struct rlimit before, small;
	struct outfile *o = outfile_open(name, &err);
	struct write_behind *w = write_behind_new(o);
	char want[128];
	int rc;

	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){.rlim_cur = room, .rlim_max = before.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	err.text[0] = '\0';
	OK(put(w, 0, n) == (told ? -1 : 0), "%zu bytes where %zu have room", n, (size_t)room);
	if (told) /* though there is room again */
		setrlimit(RLIMIT_FSIZE, &before);
	rc = write_behind_end(w, &err);
	snprintf(want, sizeof(want), "%s: File too large", name);
	OK_STR(err.text, want, "says so");
	setrlimit(RLIMIT_FSIZE, &before);
	OK(holds(part, room), "what has room is there");
	outfile_abort(o);
	OK(access(name, F_OK) == -1 && access(part, F_OK) == -1, "nothing is left");
	return rc;
}

static void
test_no_room(void)
{
	signal(SIGXFSZ, SIG_IGN);
	OK(end_with_room(5 * MIB, BIG, 1) == 0, "no room before there is a thread");
	OK(end_with_room(12 * MIB + 5, BIG, 1) == 0, "no room in the middle; told once");
	OK(end_with_room(BIG - 1, BIG, 0) == -1, "no room for the last byte: told at the end");
}

static void
on_alarm(int sig)
{
	(void)sig;
}

static void
test_interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_alarm}; /* without SA_RESTART */
	/* valgrind is so slow that nothing else would be done (FEW, see tests/run) */
	suseconds_t pause = getenv("FEW") != NULL ? 100000 : 200;
	struct itimerval often = {{0, pause}, {0, pause}}, never = {{0, 0}, {0, 0}};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 5; i++) {
		struct outfile *o = outfile_open(name, &err);
		struct write_behind *w = write_behind_new(o);
		int rc = put(w, 0, BIG);

		OK(rc == 0 && write_behind_end(w, &err) == 0, "written among signals");
		OK(holds(part, BIG), "all is there");
		outfile_abort(o);
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

int
main(void)
{
	unsigned x = 1;

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(name, sizeof(name), "%s/f", folder);
	snprintf(part, sizeof(part), "%s.part", name);
	for (size_t i = 0; i < BIG; i++)
		text[i] = (char)((x = x * 1103515245 + 12345) >> 16);
	test_whole();
	test_where();
	test_no_room();
	test_interrupted();
	OK(rmdir(folder) == 0, "nothing is left behind");
	return tap_done();
}
