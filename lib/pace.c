#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "pace.h"

#define MAGIC	  UINT64_C(0x3165636170667331) /* "1sfpace1", this layout */
#define NS_PER_S  UINT64_C(1000000000)
#define WINDOW_NS UINT64_C(250000000)	/* goodput is measured over this */
#define CUT_NS	  UINT64_C(500000000)	/* one cut for all the throttles that one excess brings */
#define RAISE_PER_WINDOW 0.005		/* 2 % a second */
#define CUT	  0.9
#define BURST_NS  UINT64_C(5000000)	/* unused time that may still be used */
#define STALE_NS  (60 * NS_PER_S)	/* a schedule so far ahead is of an earlier boot */
#define RATE_MIN  10.0			/* requests a second */

struct shared {
	_Atomic uint64_t magic;
	_Atomic uint64_t next_ns;     /* the first time that is not yet given away */
	_Atomic uint64_t interval_ns; /* between two sends; 0: no limit */
	_Atomic uint64_t window_ns;   /* when the running window began */
	_Atomic uint64_t window_n;    /* good answers in it */
	_Atomic uint64_t goodput;     /* good answers a second in the last whole window */
	_Atomic uint64_t cut_ns;      /* when the rate was last cut */
};

struct pace {
	struct shared *s;
	struct shared own; /* without a file */
};

static int
map_file(struct pace *p, const char *path, struct err *e)
{
	struct stat st;
	uint64_t none = 0;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

	if (fd == -1)
		return err_errno(e, EXIT_USAGE, "%s", path);
	if (fstat(fd, &st) == -1 || (st.st_size == 0 && ftruncate(fd, sizeof(*p->s)) == -1)) {
		err_errno(e, EXIT_USAGE, "%s", path);
		close(fd);
		return -1;
	}
	if (st.st_size != 0 && st.st_size != (off_t)sizeof(*p->s)) {
		close(fd);
		return err_set(e, EXIT_USAGE, "%s: not a pace file", path);
	}
	p->s = mmap(NULL, sizeof(*p->s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p->s == MAP_FAILED)
		return err_errno(e, EXIT_USAGE, "%s", path);
	if (!atomic_compare_exchange_strong(&p->s->magic, &none, MAGIC) && none != MAGIC)
		return err_set(e, EXIT_USAGE, "%s: not a pace file of this version", path);
	return 0;
}

struct pace *
pace_open(const char *path, struct err *e)
{
	struct pace *p = xcalloc(1, sizeof(*p));

	p->s = &p->own;
	if (path != NULL && map_file(p, path, e) == -1) {
		pace_close(p);
		return NULL;
	}
	return p;
}

void
pace_close(struct pace *p)
{
	if (p == NULL)
		return;
	if (p->s != &p->own && p->s != MAP_FAILED)
		munmap(p->s, sizeof(*p->s));
	free(p);
}

uint64_t
pace_take(struct pace *p, uint64_t now_ns)
{
	uint64_t interval = atomic_load(&p->s->interval_ns);
	uint64_t next = atomic_load(&p->s->next_ns), from;

	if (interval == 0)
		return now_ns;
	do {
		from = next;
		if (from + BURST_NS < now_ns)
			from = now_ns - BURST_NS;
		if (from > now_ns + STALE_NS)
			from = now_ns;
	} while (!atomic_compare_exchange_weak(&p->s->next_ns, &next, from + interval));
	return from > now_ns ? from : now_ns;
}

static void
set_rate(struct pace *p, double per_s)
{
	if (per_s < RATE_MIN)
		per_s = RATE_MIN;
	atomic_store(&p->s->interval_ns, (uint64_t)((double)NS_PER_S / per_s));
}

double
pace_rate(const struct pace *p)
{
	uint64_t interval = atomic_load(&p->s->interval_ns);

	return interval == 0 ? 0 : (double)NS_PER_S / (double)interval;
}

/* Closes the running window when it is old enough; of several processes, one does. */
static void
roll(struct pace *p, uint64_t now_ns)
{
	uint64_t began = atomic_load(&p->s->window_ns), n;
	double rate;

	if (now_ns - began < WINDOW_NS && now_ns >= began)
		return;
	if (!atomic_compare_exchange_strong(&p->s->window_ns, &began, now_ns))
		return;
	n = atomic_exchange(&p->s->window_n, 0);
	if (now_ns < began || now_ns - began > 8 * WINDOW_NS) /* the first window, or after a pause */
		return;
	atomic_store(&p->s->goodput, n * NS_PER_S / (now_ns - began));
	rate = pace_rate(p);
	if (rate > 0 && now_ns - atomic_load(&p->s->cut_ns) > 2 * WINDOW_NS)
		set_rate(p, rate * (1 + RAISE_PER_WINDOW));
}

void
pace_answered(struct pace *p, uint64_t now_ns)
{
	atomic_fetch_add(&p->s->window_n, 1);
	roll(p, now_ns);
}

void
pace_throttled(struct pace *p, uint64_t now_ns)
{
	uint64_t cut = atomic_load(&p->s->cut_ns);
	double rate = pace_rate(p), good;

	roll(p, now_ns);
	if (now_ns - cut < CUT_NS && now_ns >= cut)
		return;
	if (!atomic_compare_exchange_strong(&p->s->cut_ns, &cut, now_ns))
		return;
	good = (double)atomic_load(&p->s->goodput);
	if (good == 0) {
		uint64_t began = atomic_load(&p->s->window_ns), n = atomic_load(&p->s->window_n);

		good = now_ns > began ? (double)n * (double)NS_PER_S / (double)(now_ns - began) : 0;
	}
	if (rate > 0 && good > rate)
		good = rate;
	set_rate(p, CUT * good);
}
