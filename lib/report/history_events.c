#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "report/history_events.h"
#include "work/lines.h"

enum {
	EVENTS_PER_BATCH = 20,
	TEXT_MAX = 500,
	URI_MAX = 1200, /* with a key of 1,024 bytes */
	TAIL_LEN = 65536,
};

/* The last lines of a log, oldest first. A log may be of any length. */
struct tail {
	char *line[EVENTS_PER_BATCH]; /* a ring; owned */
	size_t n;		      /* that were put in */
};

static size_t
kept(const struct tail *t)
{
	return t->n < EVENTS_PER_BATCH ? t->n : EVENTS_PER_BATCH;
}

static const char *
line_at(const struct tail *t, size_t i)
{
	return t->line[(t->n - kept(t) + i) % EVENTS_PER_BATCH];
}

/* Takes over fd. */
static void
read_tail(struct tail *t, int fd)
{
	struct lines l;
	enum lines_event ev;
	char *line;
	struct stat st;
	size_t len;

	lines_begin(&l, fd, TAIL_LEN);
	if (fstat(fd, &st) == 0 && st.st_size > TAIL_LEN &&
	    lseek(fd, st.st_size - TAIL_LEN, SEEK_SET) != -1)
		(void)lines_next(&l, &line, &len); /* begins somewhere inside it */
	while ((ev = lines_next(&l, &line, &len)) != LINES_END && ev != LINES_ERROR) {
		if (ev == LINES_LONG)
			continue;
		free(t->line[t->n % EVENTS_PER_BATCH]);
		t->line[t->n++ % EVENTS_PER_BATCH] = xstrdup(line);
	}
	lines_end(&l);
}

static void
tail_free(struct tail *t)
{
	for (size_t i = 0; i < EVENTS_PER_BATCH; i++)
		free(t->line[i]);
}

static void
add_event(struct history *r, const json_t *o, uint32_t batch)
{
	r->events[r->n_events++] = (struct history_event){
	    .batch = batch,
	    .time = history_string(o, "time", TEXT_MAX),
	    .level = history_string(o, "level", TEXT_MAX),
	    .program = history_string(o, "program", TEXT_MAX),
	    .uri = history_string(o, "uri", URI_MAX),
	    .message = history_string(o, "message", TEXT_MAX),
	};
}

static void
take_log(struct history_reader *d, const char *name, uint32_t batch)
{
	struct history *r = d->r;
	struct tail t = {.n = 0};
	struct err e;
	int bad = 0, fd = work_folder_file(&d->work, name, &e);

	if (fd == -1) {
		if (errno != ENOENT)
			history_problem(r, "%s", e.text);
		return;
	}
	read_tail(&t, fd);
	for (size_t i = 0; i < kept(&t) && r->n_events < HISTORY_EVENTS_MAX; i++) {
		json_t *o = json_loads(line_at(&t, i), 0, NULL);

		if (json_is_object(o))
			add_event(r, o, batch);
		else
			bad = 1;
		json_decref(o);
	}
	if (bad)
		history_problem(r, "%s/%s: a line is not a JSON object", r->work, name);
	tail_free(&t);
}

void
history_take_events(struct history_reader *d)
{
	struct history *r = d->r;
	struct buf path = {0};

	r->events = xcalloc(HISTORY_EVENTS_MAX, sizeof(*r->events));
	for (int failed = 1; failed >= 0; failed--) {
		for (uint32_t i = 0; i < r->n_batches && r->n_events < HISTORY_EVENTS_MAX; i++) {
			if ((r->batches[i].state == HISTORY_FAILED) != failed)
				continue;
			buf_reset(&path);
			buf_addf(&path, "log/%s.ndjson", r->batches[i].name);
			take_log(d, buf_str(&path), i);
		}
	}
	if (r->n_events < HISTORY_EVENTS_MAX)
		take_log(d, "log/listing.ndjson", HISTORY_LISTING);
	buf_free(&path);
}
