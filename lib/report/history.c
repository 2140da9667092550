#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "report/history.h"
#include "report/history_batches.h"
#include "report/history_events.h"
#include "report/history_reader.h"
#include "report/history_stats.h"
#include "report/history_time.h"
#include "work/settings_file.h"
#include "work/share.h"

const char *const history_state_names[HISTORY_STATES] = {"left", "begun", "failed", "done"};

/* --- files of NAME=value lines --- */

/* 1 when the file is there. */
static int
read_values(struct history_reader *d, const char *file, struct values *v)
{
	struct err e;
	int rc = values_load(v, &d->work, file, &e);

	if (rc == -1)
		history_problem(d->r, "%s", e.text);
	return rc != 0;
}

/* 0 where the file has no such name. */
static uint64_t
count_of(struct history *r, const char *file, const struct values *values, const char *name)
{
	const char *value = values_get(values, name);
	uint64_t v = 0;

	if (value != NULL && num_parse(value, 0, HISTORY_NUMBER_MAX, &v) == -1)
		history_problem(r, "%s/%s: %s=%.100s: not a number", r->work, file, name, value);
	return v;
}

/* A run that was killed leaves "running" behind, but not its lock. */
static int
is_killed(const struct history_reader *d)
{
	struct err e;
	int fd = work_folder_file(&d->work, ".lock", &e), free_lock;

	if (fd == -1)
		return errno == ENOENT;
	free_lock = flock(fd, LOCK_SH | LOCK_NB) == 0;
	close(fd);
	return free_lock;
}

static void
read_status(struct history_reader *d)
{
	static const char *const states[] = {"running", "done", "failed", "interrupted"};
	struct history *r = d->r;
	struct share share;
	struct values v;
	const char *state, *max;

	read_values(d, "status", &v);
	r->started_ms = history_time_ms(values_get(&v, "started"));
	r->ended_ms = history_time_ms(values_get(&v, "ended"));
	r->jobs = count_of(r, "status", &v, "jobs");
	if ((state = values_get(&v, "state")) != NULL) {
		r->state = "unknown";
		for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
			if (strcmp(states[i], state) == 0)
				r->state = states[i];
		if (strcmp(r->state, "unknown") == 0)
			history_problem(
			    r, "%s/status: state=%.100s: unknown to this version", r->work, state);
	}
	if ((max = values_get(&v, "rejects_max")) != NULL) {
		if (share_parse(&share, max) == 0)
			r->rejects_max = xstrdup(max);
		else
			history_problem(r,
			    "%s/status: rejects_max=%.100s: not a number or a percentage", r->work,
			    max);
	}
	values_free(&v);
	if (strcmp(r->state, "running") == 0 && is_killed(d))
		r->state = "killed";
}

static void
read_plan(struct history_reader *d)
{
	struct history *r = d->r;
	struct err e;

	if (plan_load(&d->plan, &d->work, NULL, &e) == -1)
		history_problem(r, "%s", e.text);
	r->listing_complete = d->plan.complete;
	r->objects_listed = d->plan.total[PLAN_OBJECTS];
	r->bytes_listed = d->plan.total[PLAN_BYTES];
	r->skipped = d->plan.total[PLAN_SKIPPED];
}

/* --- the whole --- */

static int
by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Of each batch by its plan, or of all of them by the total where that is all that is known. What a
 * damaged receipt stands for is unknown. */
static void
add_missing(struct history *r, const struct plan *p)
{
	uint64_t there = r->objects + r->rejected;
	/* what a run has not come to yet is not missing */
	int is_over = strcmp(r->state, "running") != 0, all_known = 1;

	for (size_t i = 0; i < r->n_batches; i++) {
		const struct history_batch *b = &r->batches[i];
		uint64_t of_batch = b->objects + b->rejected;

		all_known = all_known && !b->is_unreadable;
		if ((b->state == HISTORY_DONE || is_over) && !b->is_unreadable &&
		    of_batch < b->planned)
			r->missing += b->planned - of_batch;
	}
	if (p->batches == NULL && is_over && all_known && there < r->objects_listed)
		r->missing = r->objects_listed - there;
}

/* Adds up the batches, and looks for what only all files together show. */
static void
add_up(struct history *r)
{
	size_t silent = 0;

	for (uint32_t i = 0; i < r->n_batches; i++) {
		const struct history_batch *b = &r->batches[i];

		r->n_state[b->state]++;
		r->objects += b->objects;
		r->rows += b->rows;
		r->bytes_out += b->bytes;
		r->rejected += b->rejected;
		silent += b->state == HISTORY_DONE && b->attempts == 0;
	}
	if (silent > 0)
		history_problem(r,
		    "%s/stats: %zu batches are done but have no stats: their requests and times "
		    "are not counted",
		    r->work, silent);
}

/* Whether anything in the folder looks like a work folder. */
static int
is_work_folder(const struct work_folder *w)
{
	static const char *const marks[] = {
	    "settings", "status", "run.json", "keys", "stats", "put"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (work_folder_has(w, marks[i]))
			return 1;
	return 0;
}

/* A folder of a newer version may mean anything. */
static int
check_version(const struct work_folder *w, struct err *e)
{
	struct values v;
	struct buf path = {0};
	struct err ignored; /* a problem, later */
	int rc = 0;

	buf_addf(&path, "%s/settings", w->path);
	if (values_load(&v, w, "settings", &ignored) == 1)
		rc = settings_file_check_version(&v, buf_str(&path), e);
	values_free(&v);
	buf_free(&path);
	if (rc == -1)
		e->status = EXIT_USAGE;
	return rc;
}

static void
read_all(struct history_reader *d)
{
	struct history *r = d->r;
	uint64_t batch = 0;
	const char *value;

	if (!read_values(d, "settings", &r->settings))
		history_problem(
		    r, "%s/settings: missing: the source and the destination are unknown", r->work);
	read_status(d);
	read_plan(d);
	history_find_batches(d);
	/* until the listing is complete only full batches are cut */
	if (!r->listing_complete && (value = history_setting(r, "BATCH")) != NULL &&
	    num_parse(value, 1, UINT32_MAX, &batch) == 0)
		r->objects_listed = r->n_batches * batch;
	history_take_stats(d);
	history_take_batches(d);
	history_measure(r);
	add_up(r);
	add_missing(r, &d->plan);
	/* a plan alone has no status yet */
	if (strcmp(r->state, "none") == 0 && r->n_state[HISTORY_LEFT] < r->n_batches) {
		r->state = "unknown";
		history_problem(
		    r, "%s/status: missing: how the last run ended is unknown", r->work);
	}
	history_keep_rejects(d);
	history_take_events(d);
	/* readdir gives files in no order */
	qsort(r->problems,
	    r->n_problems < HISTORY_PROBLEMS_MAX ? r->n_problems : HISTORY_PROBLEMS_MAX,
	    sizeof(r->problems[0]), by_text);
}

struct history *
history_read(const char *work, struct err *e)
{
	struct history_reader d = {0};

	if (work_folder_open(&d.work, work, e) == -1) {
		work_folder_close(&d.work);
		return NULL;
	}
	if (!is_work_folder(&d.work)) {
		err_set(e, EXIT_USAGE, "%s: not a work folder", work);
		work_folder_close(&d.work);
		return NULL;
	}
	if (check_version(&d.work, e) == -1) {
		work_folder_close(&d.work);
		return NULL;
	}
	d.r = xcalloc(1, sizeof(*d.r));
	d.r->work = xstrdup(work);
	d.r->state = "none";
	read_all(&d);
	plan_free(&d.plan);
	work_folder_close(&d.work);
	return d.r;
}

const char *
history_setting(const struct history *r, const char *name)
{
	return values_get(&r->settings, name);
}

static void
free_lists(struct history *r)
{
	for (size_t i = 0; i < r->n_failures; i++)
		free(r->failures[i].cause);
	for (size_t i = 0; i < r->n_rejects; i++) {
		free(r->rejects[i].uri);
		free(r->rejects[i].reason);
	}
	for (size_t i = 0; i < r->n_events; i++) {
		free(r->events[i].time);
		free(r->events[i].level);
		free(r->events[i].program);
		free(r->events[i].uri);
		free(r->events[i].message);
	}
	for (size_t i = 0; i < r->n_problems && i < HISTORY_PROBLEMS_MAX; i++)
		free(r->problems[i]);
}

void
history_free(struct history *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_batches; i++) {
		free(r->batches[i].uri);
		free(r->batches[i].etag);
		free(r->batches[i].cause);
	}
	free_lists(r);
	values_free(&r->settings);
	free(r->rejects_max);
	free(r->batches);
	free(r->spans);
	free(r->attempts);
	free(r->sessions);
	free(r->rejects);
	free(r->events);
	free(r->work);
	free(r);
}
