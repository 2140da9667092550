/*
 * The send schedule against a model of a server with a cap: so many requests a second, a little
 * burst, 503 above it, 30 ms to answer. The clock is the model's, so the figures are the same on
 * every machine.
 */
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xorshift.h"
#include "http/pace.h"
#include "http/pace_clock.h"
#include "tap.h"

enum { LATENCY_NS = 30000000, IN_FLIGHT_MAX = 400 };

struct outcome {
	double throttled; /* share of all requests */
	double used;	  /* share of the cap, over the whole run; objects a second without a cap */
};

struct answer {
	uint64_t at_ns;
	int good;
};

/* Where a server that does nothing for stall_ns in every second has come to what arrives at now. */
static uint64_t
looked_at(uint64_t now, uint64_t stall_ns)
{
	return now % 1000000000 < stall_ns ? now - now % 1000000000 + stall_ns : now;
}

/* A schedule of its own sends until that many requests have succeeded; cap of 0: no cap. Besides,
 * refused percent of them are refused whatever the rate. One answer in ten is told by a process
 * that read the clock behind_ns ago. */
static struct outcome
model(uint64_t objects, double cap, uint64_t stall_ns, unsigned refused, uint64_t behind_ns)
{
	struct err e;
	struct pace *p = pace_open(NULL, &e);
	const uint64_t start_ns = 1000000000;
	static struct answer ring[IN_FLIGHT_MAX];
	uint64_t now = start_ns, first = 0, n = 0, good = 0, sent = 0, throttled = 0, last = now,
		 looked, read, rng = 1;
	int by_chance;
	double tokens = cap / 20;

	while (good < objects) {
		uint64_t at =
		    n < IN_FLIGHT_MAX && good + n < objects ? pace_take(p, now, 1) : UINT64_MAX;

		/* answers that come before the next send, or make room for it */
		while (n > 0 && (at == UINT64_MAX || ring[first].at_ns <= at)) {
			struct answer *a = &ring[first];

			now = a->at_ns;
			read = (good + throttled) % 10 == 0 ? now - behind_ns : now;
			if (a->good) {
				good++;
				pace_answered(p, read);
			} else {
				throttled++;
				pace_throttled(p, read);
			}
			first = (first + 1) % IN_FLIGHT_MAX;
			n--;
			if (at == UINT64_MAX)
				break;
		}
		if (at == UINT64_MAX)
			continue;
		if (at > now)
			now = at;
		looked = looked_at(now, stall_ns);
		tokens += (double)(looked - last) * cap / 1e9;
		if (tokens > cap / 20)
			tokens = cap / 20;
		last = looked;
		rng = rng * 6364136223846793005u + 1442695040888963407u;
		by_chance = (rng >> 33) % 1000 < (uint64_t)refused * 10;
		ring[(first + n) % IN_FLIGHT_MAX] =
		    (struct answer){looked + LATENCY_NS, !by_chance && (cap <= 0 || tokens >= 1)};
		if (tokens >= 1 && !by_chance)
			tokens -= 1;
		n++;
		sent++;
	}
	pace_close(p);
	return (struct outcome){(double)throttled / (double)sent,
	    (double)objects / ((double)(now - start_ns) / 1e9) / (cap > 0 ? cap : 1)};
}

/* What share of a server's cap is used, and how much is refused. */
static void
test_model(void)
{
	struct outcome o = model(300000, 5500, 0, 0, 0);

	OK(o.throttled <= 0.01, "300,000 objects, cap 5,500/s: %.2f %% throttled",
	    100 * o.throttled);
	OK(o.used >= 0.96, "300,000 objects, cap 5,500/s: %.1f %% of the cap used", 100 * o.used);
	o = model(60000, 5500, 0, 0, 0);
	OK(o.throttled <= 0.01, "60,000 objects: %.2f %% throttled", 100 * o.throttled);
	OK(o.used >= 0.90, "60,000 objects: %.1f %% of the cap used", 100 * o.used);
	o = model(30000, 300, 0, 0, 0);
	OK(o.throttled <= 0.05, "30,000 objects, cap 300/s: %.2f %% throttled", 100 * o.throttled);
	OK(o.used >= 0.85, "30,000 objects, cap 300/s: %.1f %% of the cap used", 100 * o.used);
	o = model(300000, 0, 0, 0, 0);
	OK(o.used >= 12000, "no cap: %.0f a second of the 13,333 that 400 in flight can do",
	    o.used);

	o = model(300000, 5500, 0, 0, 60000000);
	OK(o.throttled <= 0.01, "a clock read 60 ms ago: %.2f %% throttled", 100 * o.throttled);
	OK(o.used >= 0.95, "a clock read 60 ms ago: %.1f %% of the cap used", 100 * o.used);

	o = model(300000, 5500, 100000000, 0, 0);
	OK(o.throttled <= 0.04, "100 ms of each second lost: %.2f %% throttled", 100 * o.throttled);
	OK(o.used >= 0.45, "100 ms of every second lost: %.1f %% of the cap used", 100 * o.used);

	for (unsigned refused = 1; refused <= 20; refused += refused == 1 ? 4 : 5) {
		o = model(300000, 0, 0, refused, 0);
		OK(o.used >= 10000, "%u %% refused at any rate, no cap: %.0f a second", refused,
		    o.used);
		o = model(300000, 5500, 0, refused, 0);
		OK(o.throttled <= 0.02 + 1.5 * refused / 100,
		    "%u %% refused at any rate: %.2f %% throttled", refused, 100 * o.throttled);
		OK(o.used >= 0.95, "%u %% refused at any rate: %.1f %% of the cap used", refused,
		    100 * o.used);
	}
}

static void
test_file(void)
{
	char name[] = "/tmp/sheaf-pace-XXXXXX";
	struct err e;
	struct pace *p, *q;
	int fd;

	fd = mkstemp(name);
	p = pace_open(name, &e);
	q = pace_open(name, &e);
	OK(fd != -1 && p != NULL && q != NULL, "two share a file");
	(void)pace_take(p, 2000000000, 1);
	OK(pace_take(q, 2000000000, 1) > 2000000000 - 5000000 + 100000, "each time is given once");
	pace_throttled(p, 3000000000);
	OK(!(pace_rate(p) > pace_rate(q)) && !(pace_rate(p) < pace_rate(q)),
	    "what one learns, all know");
	OK(pace_take(p, 100, 1) < 100000000000,
	    "after a reboot, which sets the clock back, it goes on");
	pace_close(p);
	pace_close(q);
	OK(write(fd, "another file, which has another length", 38) == 38, "another file");
	p = pace_open(name, &e);
	OK(p == NULL && e.status == EXIT_USAGE && strstr(e.text, name) != NULL,
	    "is refused by name");
	close(fd);
	unlink(name);
}

/* The one file whose name begins with stem and a dot: its size, or -1. Removes it. */
static off_t
remove_beside(const char *stem)
{
	char pattern[64];
	struct stat st;
	off_t size = -1;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s.*", stem);
	if (glob(pattern, 0, NULL, &found) != 0)
		return -1;
	if (found.gl_pathc == 1 && stat(found.gl_pathv[0], &st) == 0)
		size = st.st_size;
	for (size_t i = 0; i < found.gl_pathc; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
	return size;
}

/* A file that begins with head is left alone, and those who open it share another one. */
static void
test_anothers(const char *what, const char *head, size_t len)
{
	char name[] = "/tmp/sheaf-pace-XXXXXX", before[512], after[512];
	struct pace *p, *q;
	struct stat st;
	struct err e;
	int fd = mkstemp(name);
	double first;

	memset(before, 0x5a, sizeof(before));
	memcpy(before, head, len);
	OK(pwrite(fd, before, sizeof(before), 0) == sizeof(before), "%s", what);
	p = pace_open(name, &e);
	q = pace_open(name, &e);
	OK(p != NULL && q != NULL, "  the schedule is another one");
	first = pace_rate(p);
	(void)pace_take(p, 2000000000, 10);
	OK(pace_take(q, 2000000000, 1) > 2000000000 - 5000000 + 1000000 && first > 4999,
	    "  a new one, which they share");
	pace_close(p);
	pace_close(q);
	OK(pread(fd, after, sizeof(after), 0) == sizeof(after) && fstat(fd, &st) == 0 &&
		st.st_size == sizeof(before) && memcmp(before, after, sizeof(after)) == 0,
	    "  the file is left alone");
	OK(remove_beside(name) > 0, "  one file is beside it");
	close(fd);
	unlink(name);
}

static void
test_clocks(void)
{
	char name[] = "/tmp/sheaf-pace-XXXXXX", head[16];
	int fd = mkstemp(name);
	struct err e;

	pace_close(pace_open(name, &e));
	OK(pread(fd, head, sizeof(head), 0) == sizeof(head) && memcmp(head, "1sfpace", 7) == 0,
	    "a file says what it is");
	close(fd);
	unlink(name);
	pace_close(pace_open(name, &e));
	OK(access(name, F_OK) == 0 && remove_beside(name) == -1,
	    "a new file leaves nothing beside it");
	unlink(name);
	head[8] ^= 1;
	test_anothers("a file of another clock", head, sizeof(head));
	head[7]--;
	test_anothers("a file of another version", head, sizeof(head));
	test_anothers("a file of the first version", "1sfpace4", 8);
	OK(pace_clock_id(1) == pace_clock_id(1) && pace_clock_id(1) != pace_clock_id(2),
	    "a clock has a name");
}

/* Uses it for a while; 1 if its rate and its times stay sane. */
static int
is_usable(struct pace *p, uint64_t *now)
{
	for (int i = 0; i < 3000; i++) {
		uint64_t at = pace_take(p, *now, 1 + (unsigned)i % 10);
		double rate = pace_rate(p);

		if (at < *now || at > *now + 61000000000 || !(rate >= 99) || !(rate <= 1000001))
			return 0;
		if (i % 7 == 0)
			pace_throttled(p, *now);
		else
			pace_answered(p, *now);
		*now += 300000;
	}
	return 1;
}

/* The file is cut short while it is mapped; len: what is left of it. */
static void
test_cut_short(off_t len)
{
	char name[] = "/tmp/sheaf-pace-XXXXXX";
	uint64_t now = 2000000000;
	struct pace *p, *q;
	struct stat st;
	struct err e;
	int fd = mkstemp(name);

	p = pace_open(name, &e);
	OK(p != NULL && is_usable(p, &now), "a file");
	OK(ftruncate(fd, len) == 0 && is_usable(p, &now), "cut to %d bytes, the process goes on",
	    (int)len);
	q = pace_open(name, &e);
	OK(q != NULL && is_usable(q, &now) && fstat(fd, &st) == 0 && st.st_size > len,
	    "the next one mends it");
	OK(is_usable(p, &now), "and the first still goes on");
	pace_close(p);
	pace_close(q);
	close(fd);
	unlink(name);
}

/* Whatever the file holds behind its head, nothing breaks. */
static void
test_any_content(void)
{
	char name[] = "/tmp/sheaf-pace-XXXXXX", bytes[256];
	uint64_t now = 2000000000, rng = 88172645463325252;
	int fd = mkstemp(name), good = 1;
	struct pace *p;
	struct stat st = {0};
	struct err e;

	p = pace_open(name, &e);
	OK(p != NULL && fstat(fd, &st) == 0 && st.st_size <= (off_t)sizeof(bytes), "a new file");
	pace_close(p);
	for (int round = 0; round < 300; round++) {
		for (size_t i = 0; i < (size_t)st.st_size; i++) {
			xorshift64(&rng);
			bytes[i] = (char)(round % 3 == 0 ? 0xff : round % 3 == 1 ? rng : rng % 2);
		}
		if (pwrite(fd, bytes + 16, (size_t)st.st_size - 16, 16) == -1 ||
		    (p = pace_open(name, &e)) == NULL)
			break;
		good &= is_usable(p, &now);
		pace_close(p);
	}
	OK(good && p != NULL, "300 files of any content");
	close(fd);
	unlink(name);
}

static void
test_refused(void)
{
	char folder[] = "/tmp/sheaf-pace-XXXXXX", link[64], file[64], fifo[64];
	struct pace *p;
	struct err e;

	OK(mkdtemp(folder) != NULL, "a folder");
	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(file, sizeof(file), "%s/file", folder);
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	OK(symlink(file, link) == 0 && mkfifo(fifo, 0600) == 0, "a link, a FIFO");
	OK(pace_open(fifo, &e) == NULL && strstr(e.text, fifo) != NULL, "a FIFO is refused");
	setenv("SHEAF_NOFOLLOW", "1", 1);
	OK(pace_open(link, &e) == NULL && access(file, F_OK) == -1,
	    "in a run no link is followed: %s", e.text);
	unsetenv("SHEAF_NOFOLLOW");
	p = pace_open(link, &e);
	OK(p != NULL && access(file, F_OK) == 0, "elsewhere our own is");
	pace_close(p);
	unlink(link);
	unlink(file);
	unlink(fifo);
	OK(rmdir(folder) == 0, "nothing is left behind");
}

int
main(void)
{
	test_model();
	test_file();
	test_clocks();
	test_cut_short(0);
	test_cut_short(5);
	test_cut_short(8);
	test_cut_short(100);
	test_any_content();
	test_refused();
	return tap_done();
}
