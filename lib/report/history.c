#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "report/history_reader.h"

enum { CAUSE_LEN_MAX = 5000 /* a key of 1,024 bytes, each written as \xNN */, URI_LEN_MAX = 4096 };

const char *const history_state_names[HISTORY_STATES] = {"left", "begun", "failed", "done"};

void
history_problem(struct history *r, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (r->n_problems < HISTORY_PROBLEMS_MAX) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		r->problems[r->n_problems] = xstrdup(text);
	}
	r->n_problems++;
}

struct history_batch *
history_batch_at(struct history *r, uint32_t batch)
{
	return batch != HISTORY_LISTING ? &r->batches[batch] : NULL;
}

/* --- files of NAME=value lines --- */

typedef void take_value(struct history *r, const char *file, const char *name, const char *value);

static uint64_t
count_of(struct history *r, const char *file, const char *name, const char *value)
{
	uint64_t v = 0;

	if (num_parse(value, 0, INT64_MAX, &v) == -1)
		history_problem(r, "%s/%s: %s=%.100s: not a number", r->work, file, name, value);
	return v;
}

static void
take_setting(struct history *r, const char *file, const char *name, const char *value)
{
	struct history_setting *s = &r->settings[r->n_settings];

	(void)file;
	if (r->n_settings == HISTORY_SETTINGS_MAX)
		return;
	s->name = xstrdup(name);
	s->value = xstrdup(value);
	r->n_settings++;
}

static void
take_status(struct history *r, const char *file, const char *name, const char *value)
{
	static const char *const states[] = {"running", "done", "failed", "interrupted"};

	if (strcmp(name, "started") == 0)
		r->started_ms = history_time_ms(value);
	else if (strcmp(name, "ended") == 0)
		r->ended_ms = history_time_ms(value);
	else if (strcmp(name, "jobs") == 0)
		r->jobs = count_of(r, file, name, value);
	if (strcmp(name, "state") != 0)
		return;
	r->state = "unknown";
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i], value) == 0)
			r->state = states[i];
	if (strcmp(r->state, "unknown") == 0)
		history_problem(r, "%s/%s: state=%.100s: not a state that this report knows",
		    r->work, file, value);
}

static void
take_totals(struct history *r, const char *file, const char *name, const char *value)
{
	if (strcmp(name, "objects") == 0)
		r->objects_listed = count_of(r, file, name, value);
	else if (strcmp(name, "bytes") == 0)
		r->bytes_listed = count_of(r, file, name, value);
	else if (strcmp(name, "skipped") == 0)
		r->skipped = count_of(r, file, name, value);
}

static FILE *
open_in(struct history *r, const char *file)
{
	struct buf path = {0};
	FILE *f;

	buf_addf(&path, "%s/%s", r->work, file);
	f = fopen(buf_str(&path), "re");
	if (f == NULL && errno != ENOENT)
		history_problem(r, "%s: %s", path.p, strerror(errno));
	buf_free(&path);
	return f;
}

/* 1 when the file is there. */
static int
read_values(struct history *r, const char *file, take_value *take)
{
	char *line = NULL, *eq;
	size_t cap = 0;
	ssize_t len;
	FILE *f = open_in(r, file);

	if (f == NULL)
		return 0;
	while ((len = getline(&line, &cap, f)) != -1) {
		if (len > 0 && line[len - 1] == '\n')
			line[len - 1] = '\0';
		if ((eq = strchr(line, '=')) == NULL) {
			history_problem(
			    r, "%s/%s: a line is not NAME=value: %.100s", r->work, file, line);
			continue;
		}
		*eq = '\0';
		take(r, file, line, eq + 1);
	}
	free(line);
	fclose(f);
	return 1;
}

/* A run that was killed leaves "running" behind, but not its lock. */
static int
is_killed(const struct history *r)
{
	struct buf path = {0};
	int fd, free_lock = 0;

	buf_addf(&path, "%s/.lock", r->work);
	fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC);
	buf_free(&path);
	if (fd == -1)
		return errno == ENOENT;
	free_lock = flock(fd, LOCK_SH | LOCK_NB) == 0;
	close(fd);
	return free_lock;
}

/* --- batches --- */

static int
is_batch_name(const char *s, size_t len)
{
	return len >= 5 && len < sizeof(((struct history_batch *)0)->name) &&
	    strspn(s, "0123456789") >= len;
}

static int
compare_names(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	return n != m ? (n < m ? -1 : 1) : strcmp(a, b);
}

static int
compare_batches(const void *a, const void *b)
{
	const struct history_batch *x = a, *y = b;

	return compare_names(x->name, y->name);
}

/* A file of a folder. batch: its number, or HISTORY_LISTING where its name is none. */
typedef void take_file(
    struct history_reader *d, const char *path, const char *name, uint32_t batch);

static uint32_t
find_batch(struct history *r, const char *name, size_t len)
{
	struct history_batch key = {0}, *found;

	if (!is_batch_name(name, len) || r->n_batches == 0)
		return HISTORY_LISTING;
	memcpy(key.name, name, len);
	found = bsearch(&key, r->batches, r->n_batches, sizeof(key), compare_batches);
	return found != NULL ? (uint32_t)(found - r->batches) : HISTORY_LISTING;
}

static void
add_batch(struct history_reader *d, const char *name, size_t len)
{
	struct history *r = d->r;

	if (!is_batch_name(name, len))
		return;
	if (r->n_batches == d->cap_batches) {
		d->cap_batches = d->cap_batches != 0 ? 2 * d->cap_batches : 512;
		r->batches = xrealloc(r->batches, d->cap_batches * sizeof(*r->batches));
	}
	r->batches[r->n_batches] = (struct history_batch){0};
	memcpy(r->batches[r->n_batches++].name, name, len);
}

/* Each file of the folder whose name ends in suffix; take NULL: its name is that of a batch. */
static void
each_file(struct history_reader *d, const char *folder, const char *suffix, take_file *take)
{
	struct buf path = {0};
	size_t suffix_len = strlen(suffix), folder_len;
	struct dirent *entry;
	DIR *dir;

	buf_addf(&path, "%s/%s", d->r->work, folder);
	folder_len = path.len;
	dir = opendir(buf_str(&path));
	if (dir == NULL && errno != ENOENT)
		history_problem(d->r, "%s: %s", path.p, strerror(errno));
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		size_t len = strlen(name);

		if (name[0] == '.' || len <= suffix_len ||
		    strcmp(name + len - suffix_len, suffix) != 0)
			continue;
		len -= suffix_len;
		if (take == NULL) {
			add_batch(d, name, len);
			continue;
		}
		path.len = folder_len;
		buf_addf(&path, "/%s", name);
		take(d, buf_str(&path), name, find_batch(d->r, name, len));
	}
	if (dir != NULL)
		closedir(dir);
	buf_free(&path);
}

/* Every batch that any file is about, by name. */
static void
find_batches(struct history_reader *d)
{
	static const struct {
		const char *folder, *suffix;
	} names[] = {{"keys", ".tsv"}, {"stats", ".ndjson"}, {"put", ".json"}, {"failed", ""},
	    {"merged", ".csv"}, {"merged", ".csv.part"}, {"ledger", ".tsv.part"}};
	struct history *r = d->r;
	size_t kept = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		each_file(d, names[i].folder, names[i].suffix, NULL);
	if (r->n_batches > 0)
		qsort(r->batches, r->n_batches, sizeof(*r->batches), compare_batches);
	for (size_t i = 0; i < r->n_batches; i++)
		if (kept == 0 || strcmp(r->batches[i].name, r->batches[kept - 1].name) != 0)
			r->batches[kept++] = r->batches[i];
	r->n_batches = kept;
}

/* Of the run, or of something else that keeps its stats in the same folder (verify)? */
static int
is_of_run(const char *name, uint32_t batch)
{
	return batch != HISTORY_LISTING || strcmp(name, "listing.ndjson") == 0 ||
	    strcmp(name, "one.ndjson") == 0;
}

static void
take_stats_file(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	if (is_of_run(name, batch))
		history_take_stats(d, path, batch);
}

static void
take_begun(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	(void)path;
	(void)name;
	if (batch != HISTORY_LISTING)
		d->r->batches[batch].state = HISTORY_BEGUN;
}

static void
take_receipt(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	struct history_batch *b = history_batch_at(d->r, batch);
	json_error_t why;
	json_t *o;

	(void)name;
	if (b == NULL)
		return;
	o = json_load_file(path, 0, &why);
	b->state = HISTORY_DONE; /* its existence alone says that */
	if (json_is_object(o)) {
		b->objects = history_number(o, "objects");
		b->rows = history_number(o, "rows");
		b->bytes = history_number(o, "bytes");
		b->uri = history_string(o, "uri", URI_LEN_MAX);
		b->etag = history_string(o, "etag", 200);
		b->crc32c = history_string(o, "crc32c", 20);
		if (json_object_get(o, "objects") == NULL || json_object_get(o, "rows") == NULL)
			history_problem(d->r,
			    "%s: says nothing of objects and rows: of an older version", path);
	} else {
		history_problem(d->r,
		    "%s: is not a JSON object: batch %s counts as done, with nothing", path,
		    b->name);
	}
	json_decref(o);
}

/* The first line of what a failed attempt said. */
static char *
read_cause(struct history *r, const char *path)
{
	char cause[CAUSE_LEN_MAX] = "";
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		history_problem(r, "%s: %s", path, strerror(errno));
		return xstrdup("its messages cannot be read");
	}
	if (fgets(cause, sizeof(cause), f) != NULL)
		cause[strcspn(cause, "\n")] = '\0';
	fclose(f);
	return xstrdup(cause[0] != '\0' ? cause : "it was killed");
}

static void
take_failure(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	struct history *r = d->r;
	struct history_batch *b = history_batch_at(r, batch);
	struct history_failure *f = &r->failures[r->n_failures];

	if (strchr(name, '.') != NULL) /* N.part: its messages so far */
		return;
	if (b != NULL && b->state != HISTORY_DONE) { /* else it is history */
		b->state = HISTORY_FAILED;
		b->cause = read_cause(r, path);
	} else if (b == NULL && r->n_failures < sizeof(r->failures) / sizeof(r->failures[0])) {
		snprintf(f->what, sizeof(f->what), "%s", name);
		f->cause = read_cause(r, path);
		r->n_failures++;
	}
}

static void
take_reject(struct history *r, char *line, uint32_t batch)
{
	char *tab;

	if (r->rejects == NULL)
		r->rejects = xcalloc(HISTORY_REJECTS_MAX, sizeof(*r->rejects));
	line[strcspn(line, "\n")] = '\0';
	tab = strchr(line, '\t');
	r->rejects[r->n_rejects++] = (struct history_reject){
	    .batch = batch,
	    .uri = xstrndup(line, tab != NULL ? (size_t)(tab - line) : strlen(line)),
	    .reason = xstrdup(tab != NULL ? tab + 1 : ""),
	};
}

/* Counts them, or, once they are counted, keeps the first of them. */
static void
read_rejects(struct history *r, const char *path, uint32_t batch, int keep)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;

	if (f == NULL) {
		history_problem(r, "%s: %s", path, strerror(errno));
		return;
	}
	while (getline(&line, &cap, f) != -1) {
		if (keep && r->n_rejects < HISTORY_REJECTS_MAX)
			take_reject(r, line, batch);
		else if (!keep)
			r->batches[batch].rejected++;
	}
	free(line);
	fclose(f);
}

static void
take_rejects(struct history_reader *d, const char *path, const char *name, uint32_t batch)
{
	(void)name;
	if (batch != HISTORY_LISTING)
		read_rejects(d->r, path, batch, 0);
}

/* --- the whole --- */

static int
by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Sums, and what only all files together show. */
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
		    "%s/stats: %zu done batches have no stats: their requests and times "
		    "are not counted",
		    r->work, silent);
}

static void
keep_rejects(struct history *r)
{
	struct buf path = {0};

	for (uint32_t i = 0; i < r->n_batches && r->n_rejects < HISTORY_REJECTS_MAX; i++) {
		if (r->batches[i].rejected == 0)
			continue;
		buf_reset(&path);
		buf_addf(&path, "%s/reject/%s.tsv", r->work, r->batches[i].name);
		read_rejects(r, buf_str(&path), i, 1);
	}
	buf_free(&path);
}

/* Of what went wrong: the failed batches first, then others. */
static void
read_events(struct history_reader *d)
{
	struct history *r = d->r;
	struct buf path = {0};

	for (int failed = 1; failed >= 0; failed--) {
		for (uint32_t i = 0; i < r->n_batches && r->n_events < HISTORY_EVENTS_MAX; i++) {
			if ((r->batches[i].state == HISTORY_FAILED) != failed)
				continue;
			buf_reset(&path);
			buf_addf(&path, "%s/log/%s.ndjson", r->work, r->batches[i].name);
			history_take_events(d, buf_str(&path), i);
		}
	}
	buf_reset(&path);
	buf_addf(&path, "%s/log/listing.ndjson", r->work);
	if (r->n_events < HISTORY_EVENTS_MAX)
		history_take_events(d, buf_str(&path), HISTORY_LISTING);
	buf_free(&path);
}

/* Does anything in it look like a work folder's? */
static int
is_work_folder(const char *work)
{
	static const char *const marks[] = {
	    "settings", "status", "run.json", "keys", "stats", "put"};
	struct buf path = {0};
	int found = 0;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && !found; i++) {
		struct stat st;

		buf_reset(&path);
		buf_addf(&path, "%s/%s", work, marks[i]);
		found = stat(buf_str(&path), &st) == 0;
	}
	buf_free(&path);
	return found;
}

static void
read_all(struct history_reader *d)
{
	struct history *r = d->r;
	uint64_t batch = 0;
	const char *value;

	if (!read_values(r, "settings", take_setting))
		history_problem(
		    r, "%s/settings: missing: what was merged from where is not known", r->work);
	read_values(r, "status", take_status);
	if (strcmp(r->state, "running") == 0 && is_killed(r))
		r->state = "killed";
	r->listing_complete = read_values(r, "keys/complete", take_totals);
	find_batches(d);
	/* until the listing is complete only full batches are cut */
	if (!r->listing_complete && (value = history_setting(r, "BATCH")) != NULL &&
	    num_parse(value, 1, UINT32_MAX, &batch) == 0)
		r->objects_listed = r->n_batches * batch;
	each_file(d, "stats", ".ndjson", take_stats_file);
	for (size_t i = 0; i < r->n_spans; i++)
		if (r->spans[i].batch != HISTORY_LISTING)
			r->batches[r->spans[i].batch].state = HISTORY_BEGUN;
	each_file(d, "merged", ".csv", take_begun);
	each_file(d, "merged", ".csv.part", take_begun);
	each_file(d, "ledger", ".tsv.part", take_begun);
	each_file(d, "put", ".json", take_receipt);
	each_file(d, "failed", "", take_failure);
	each_file(d, "reject", ".tsv", take_rejects);
	history_measure(r);
	add_up(r);
	/* a plan alone has no status yet */
	if (strcmp(r->state, "none") == 0 && r->n_state[HISTORY_LEFT] < r->n_batches) {
		r->state = "unknown";
		history_problem(
		    r, "%s/status: missing: how the last run ended is not known", r->work);
	}
	keep_rejects(r);
	read_events(d);
	/* a folder gives its files in no order */
	qsort(r->problems,
	    r->n_problems < HISTORY_PROBLEMS_MAX ? r->n_problems : HISTORY_PROBLEMS_MAX,
	    sizeof(r->problems[0]), by_text);
}

struct history *
history_read(const char *work, struct err *e)
{
	struct history *r;
	struct history_reader d = {0};
	struct stat st;

	if (stat(work, &st) == -1) {
		err_errno(e, EXIT_USAGE, "%s", work);
		return NULL;
	}
	if (!S_ISDIR(st.st_mode) || !is_work_folder(work)) {
		err_set(e, EXIT_USAGE, "%s: not a work folder", work);
		return NULL;
	}
	d.r = r = xcalloc(1, sizeof(*r));
	r->work = xstrdup(work);
	r->state = "none";
	read_all(&d);
	return r;
}

const char *
history_setting(const struct history *r, const char *name)
{
	for (size_t i = 0; i < r->n_settings; i++)
		if (strcmp(r->settings[i].name, name) == 0)
			return r->settings[i].value;
	return NULL;
}

static void
free_lists(struct history *r)
{
	for (size_t i = 0; i < r->n_settings; i++) {
		free(r->settings[i].name);
		free(r->settings[i].value);
	}
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
		free(r->batches[i].crc32c);
		free(r->batches[i].cause);
	}
	free_lists(r);
	free(r->batches);
	free(r->spans);
	free(r->attempts);
	free(r->sessions);
	free(r->rejects);
	free(r->events);
	free(r->work);
	free(r);
}
