#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/write_behind.h"

/* Starting a thread costs what it saves over the next 8 MiB. With fewer buffers each side waits for
 * the other to wake up; more do not fit the processor's cache. */
enum { AT_ONCE = 8 * 1024 * 1024, N_BUFS = 4, BUF_LEN = 256 * 1024 };

struct write_behind {
	struct outfile *o;
	size_t at_once; /* bytes that may still be written without a thread */
	int reported;	/* the failure */
	int running;
	pthread_t thread;

	/* A ring: a buffer is the caller's until full is posted, then the thread's until empty is.
	 * One that is not full is the last. */
	char (*bufs)[BUF_LEN];
	size_t len[N_BUFS];
	size_t at; /* the caller's */
	sem_t full, empty;

	atomic_int failed;
	struct err *err; /* the thread's until failed is set */
};

static void
wait_for(sem_t *s)
{
	while (sem_wait(s) == -1 && errno == EINTR)
		;
}

static void *
write_bufs(void *arg)
{
	struct write_behind *w = arg;
	size_t i = 0, len;

	do {
		wait_for(&w->full);
		len = w->len[i];
		/* after a failure the ring keeps turning, so that neither side waits for ever */
		if (!w->failed && outfile_write(w->o, w->bufs[i], len, w->err) == -1)
			w->failed = 1;
		sem_post(&w->empty);
		i = (i + 1) % N_BUFS;
	} while (len == BUF_LEN);
	return NULL;
}

static int
is_of_use(const struct outfile *o)
{
	struct stat st;
	cpu_set_t cpus;

	return fstat(outfile_fd(o), &st) == 0 && S_ISREG(st.st_mode) &&
	    sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

/* Without a thread, everything is written directly. */
static void
start(struct write_behind *w)
{
	void *bufs;

	w->at_once = SIZE_MAX;
	if (!is_of_use(w->o))
		return;
	/* whole pages, which the kernel copies from faster; populated, as faults are slow */
	bufs = mmap(NULL, sizeof(*w->bufs) * N_BUFS, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (bufs == MAP_FAILED)
		return;
	w->bufs = bufs;
	w->err = xmalloc(sizeof(*w->err));
	sem_init(&w->full, 0, 0);
	sem_init(&w->empty, 0, N_BUFS - 1);
	w->running = pthread_create(&w->thread, NULL, write_bufs, w) == 0;
}

struct write_behind *
write_behind_new(struct outfile *o)
{
	struct write_behind *w = xcalloc(1, sizeof(*w));

	w->o = o;
	w->at_once = AT_ONCE;
	return w;
}

static int
report(struct write_behind *w, struct err *e)
{
	w->reported = 1;
	if (e != NULL)
		*e = *w->err;
	return -1;
}

int
write_behind_write(struct write_behind *w, const void *p, size_t n, struct err *e)
{
	const char *from = p;

	if (!w->running && n > w->at_once)
		start(w);
	if (!w->running) {
		w->at_once -= n;
		return outfile_write(w->o, p, n, e);
	}
	while (n > 0) {
		size_t *len = &w->len[w->at], some = BUF_LEN - *len;

		if (some > n)
			some = n;
		memcpy(w->bufs[w->at] + *len, from, some);
		*len += some;
		from += some;
		n -= some;
		if (*len < BUF_LEN)
			continue;
		sem_post(&w->full);
		wait_for(&w->empty);
		w->at = (w->at + 1) % N_BUFS;
		w->len[w->at] = 0;
	}
	return w->failed ? report(w, e) : 0;
}

int
write_behind_end(struct write_behind *w, struct err *e)
{
	int rc = 0;

	if (w == NULL)
		return 0;
	if (w->running) {
		sem_post(&w->full);
		pthread_join(w->thread, NULL);
	}
	if (w->failed && !w->reported)
		rc = report(w, e);
	if (w->bufs != NULL)
		munmap(w->bufs, sizeof(*w->bufs) * N_BUFS);
	free(w->err);
	free(w);
	return rc;
}
