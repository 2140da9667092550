#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "sums/crc32c.h"
#include "work/batch_name.h"
#include "work/lines.h"
#include "work/plan.h"
#include "work/plan_keys.h"
#include "work/values.h"

enum {
	GAP_MAX = 100000, /* batches that may lack below the highest name */
};

/* Also what a script may compute with. */
#define NUMBER_MAX UINT64_C(1000000000000000)

const char *const plan_total_names[PLAN_TOTALS] = {"objects", "bytes", "batches", "skipped"};

static const char *
complete_of(struct buf *out, const char *overlay)
{
	buf_addf(out, "%s/complete", overlay != NULL ? overlay : "keys");
	return buf_str(out);
}

/* --- keys/complete --- */

struct reading {
	struct plan *plan;
	unsigned seen; /* a bit for each total */
	size_t cap;
};

static const char *
take_total(struct reading *r, const char *name, const char *value)
{
	for (unsigned i = 0; i < PLAN_TOTALS; i++) {
		if (strcmp(name, plan_total_names[i]) != 0)
			continue;
		if (r->seen & 1U << i)
			return "has a name that came before";
		r->seen |= 1U << i;
		return num_parse(value, 0, NUMBER_MAX, &r->plan->total[i]) == 0 &&
			(*value != '0' || value[1] == '\0')
		    ? NULL
		    : "must be a number";
	}
	return "is no total and no batch";
}

/* What is wrong with a line; NULL: nothing is. */
static const char *
take_line(struct reading *r, char *line)
{
	char *value = strchr(line, '='), *crc;
	struct plan *p = r->plan;
	uint32_t n;

	if (value == NULL)
		return "is not NAME=value";
	*value++ = '\0';
	if (batch_name_parse(line, strlen(line), &n) == -1)
		return take_total(r, line, value);
	if (n != p->n || r->seen != 0) /* the totals come last, so that nothing can lack before */
		return "is not the batch that comes next";
	if (p->n == r->cap) {
		r->cap = 2 * r->cap + 512;
		p->batches = xrealloc(p->batches, r->cap * sizeof(*p->batches));
	}
	if ((crc = strchr(value, ' ')) == NULL)
		return "has no checksum";
	*crc++ = '\0';
	if (num_parse(value, 0, NUMBER_MAX, &p->batches[n].objects) == -1 ||
	    crc32c_parse(crc, &p->batches[n].crc32c) == -1)
		return "is not a number of objects and a checksum";
	p->n++;
	return NULL;
}

/* What is wrong with the whole. */
static const char *
check_totals(const struct reading *r)
{
	const struct plan *p = r->plan;
	uint64_t objects = 0;

	if (r->seen != (1U << PLAN_TOTALS) - 1)
		return "it is empty or cut short";
	if (p->batches == NULL)
		return p->total[PLAN_BATCHES] < UINT32_MAX ? NULL : "it has too many batches";
	for (uint32_t n = 0; n < p->n; n++)
		objects += p->batches[n].objects;
	if (p->n != p->total[PLAN_BATCHES] || objects != p->total[PLAN_OBJECTS])
		return "its batches do not add up to its totals";
	return NULL;
}

static int
damaged(const struct work_folder *w, const char *path, const char *why, struct err *e)
{
	return err_set(e, EXIT_FAILED,
	    "%s/%s: is damaged: %s; delete it, and make merge goes on listing", w->path, path, why);
}

/* line: its name, or all of it. */
static int
bad_line(const struct work_folder *w, const char *path, const struct lines *l, const char *line,
    const char *why, struct err *e)
{
	struct buf text = {0};

	buf_addf(&text, "line %llu (%.20s) %s", (unsigned long long)l->number, line, why);
	damaged(w, path, buf_str(&text), e);
	buf_free(&text);
	return -1;
}

static int
read_complete(
    struct reading *r, const struct work_folder *w, const char *path, int fd, struct err *e)
{
	enum lines_event ev;
	const char *why = NULL;
	struct lines l;
	char *line = NULL;
	size_t len;
	int rc = 0;

	lines_begin(&l, fd, PLAN_LINE_MAX);
	while (why == NULL && (ev = lines_next(&l, &line, &len)) != LINES_END) {
		if (ev == LINES_ERROR) {
			rc = err_errno(e, EXIT_FAILED, "%s/%s", w->path, path);
			break;
		}
		if (ev == LINES_UNENDED)
			why = "is cut short";
		else if (ev == LINES_LONG || strlen(line) != len)
			why = "is not NAME=value";
		else
			why = take_line(r, line);
	}
	if (why != NULL)
		rc = bad_line(w, path, &l, ev != LINES_LONG ? line : "too long", why, e);
	else if (rc == 0 && (why = check_totals(r)) != NULL)
		rc = damaged(w, path, why, e);
	lines_end(&l);
	return rc;
}

int
plan_load(struct plan *p, const struct work_folder *w, const char *overlay, struct err *e)
{
	struct reading r = {.plan = p};
	struct buf path = {0};
	uint32_t files, end;
	int fd, rc = 0;

	*p = (struct plan){0};
	fd = work_folder_file(w, complete_of(&path, overlay), e);
	if (fd != -1) {
		p->complete = 1;
		rc = read_complete(&r, w, path.p, fd, e);
	} else if (errno != ENOENT) {
		rc = -1;
	}
	if (rc == -1 || p->batches != NULL) {
		buf_free(&path);
		return rc;
	}
	files = plan_keys_files(w, "keys", &end, NULL);
	if (p->complete) {
		p->n = end < p->total[PLAN_BATCHES] ? end : (uint32_t)p->total[PLAN_BATCHES];
		p->lost = (uint32_t)p->total[PLAN_BATCHES] - p->n;
		if (p->lost > GAP_MAX) {
			p->lost = 0;
			rc = damaged(w, path.p, "it has more batches than there are files", e);
		}
	} else {
		p->n = end - files < GAP_MAX ? end : files;
	}
	buf_free(&path);
	return rc;
}

void
plan_free(struct plan *p)
{
	free(p->batches);
	*p = (struct plan){0};
}

/* --- checking --- */

struct checking {
	const struct plan *plan;
	const struct work_folder *w;
	const char *overlay;
	plan_tell *tell;
	void *arg;
	int found;
	uint64_t full; /* objects of a full batch */
};

static void found(struct checking *c, uint32_t batch, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
found(struct checking *c, uint32_t batch, const char *fmt, ...)
{
	char why[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	c->found++;
	c->tell(c->arg, batch, why);
}

static void
found_missing(struct checking *c, uint32_t batch)
{
	char path[BATCH_NAME_PATH];

	found(c, batch, "%s/%s: is missing", c->w->path,
	    batch_name_path(path, "keys", batch, ".tsv"));
}

/* Files that the plan does not have, and batches that have no file. */
static void
check_names(struct checking *c)
{
	const struct plan *p = c->plan;
	char path[BATCH_NAME_PATH];
	struct buf stray = {0};
	uint32_t end;

	plan_keys_files(c->w, "keys", &end, &stray);
	if (stray.len > 0)
		found(c, UINT32_MAX, "%s/keys/%s: is not in the plan; delete it", c->w->path,
		    buf_str(&stray));
	buf_free(&stray);
	if (p->complete && p->lost == 0 && end > p->n)
		found(c, UINT32_MAX, "%s/%s: is not in the plan; delete it", c->w->path,
		    batch_name_path(path, "keys", end - 1, ".tsv"));
	for (uint32_t i = 0; i < p->lost; i++)
		found_missing(c, p->n + i);
}

static void
check_sums(struct checking *c)
{
	const struct plan *p = c->plan;
	struct plan_keys k = {0};
	struct err e;

	for (uint32_t n = 0; n < p->n; n++) {
		const struct plan_batch *b = &p->batches[n];
		int rc = plan_keys_sum(&k, c->w, c->overlay, n, &e);

		if (rc == 0)
			found_missing(c, n);
		else if (rc == -1)
			found(c, n, "%s", e.text);
		else if (k.objects != b->objects)
			found(c, n, "%s: has %llu objects, and %llu were planned", buf_str(&k.path),
			    (unsigned long long)k.objects, (unsigned long long)b->objects);
		else if (k.crc32c != b->crc32c)
			found(c, n, "%s: is not what was planned", buf_str(&k.path));
	}
	plan_keys_free(&k);
}

/* What a batch's file shows without a plan. */
struct seen {
	uint64_t objects;
	int ascends, told;
};

/* Batches that do not look as the listing cut them: all but the last one are full, and in order. */
static void
check_shape(struct checking *c, struct seen *seen)
{
	char path[BATCH_NAME_PATH];

	for (uint32_t n = 0; n < c->plan->n; n++) {
		if (seen[n].told)
			continue;
		batch_name_path(path, "keys", n, ".tsv");
		if (seen[n].objects != c->full && c->full != 0 && n + 1 < c->plan->n)
			found(c, n, "%s/%s: has %llu objects, and %llu were planned", c->w->path,
			    path, (unsigned long long)seen[n].objects, (unsigned long long)c->full);
		else if (!seen[n].ascends && !work_folder_has(c->w, "unordered"))
			found(c, n, "%s/%s: is not in the order of the listing", c->w->path, path);
	}
}

static void
check_files(struct checking *c)
{
	const struct plan *p = c->plan;
	struct seen *seen = xcalloc((size_t)p->n + 1, sizeof(*seen));
	struct plan_keys k = {0};
	uint64_t objects = 0, bytes = 0;
	struct err e;

	for (uint32_t n = 0; n < p->n; n++) {
		int rc = plan_keys_scan(&k, c->w, c->overlay, n, &e), before = c->found;

		if (rc == 0)
			found_missing(c, n);
		else if (rc == -1)
			found(c, n, "%s", e.text);
		seen[n] = (struct seen){k.objects, k.ascends, c->found > before};
		objects += k.objects;
		bytes += k.bytes;
	}
	if (!p->complete) {
		check_shape(c, seen);
	} else if (c->found == 0 &&
	    (objects != p->total[PLAN_OBJECTS] || bytes != p->total[PLAN_BYTES])) {
		check_shape(c, seen);
		if (c->found == 0)
			found(c, p->n > 0 ? p->n - 1 : UINT32_MAX,
			    "%s/keys: the plan has %llu objects and %llu bytes, the files %llu and "
			    "%llu",
			    c->w->path, (unsigned long long)p->total[PLAN_OBJECTS],
			    (unsigned long long)p->total[PLAN_BYTES], (unsigned long long)objects,
			    (unsigned long long)bytes);
	}
	plan_keys_free(&k);
	free(seen);
}

int
plan_check(const struct plan *p, const struct work_folder *w, const char *overlay, plan_tell *tell,
    void *arg, struct err *e)
{
	struct checking c = {.plan = p, .w = w, .overlay = overlay, .tell = tell, .arg = arg};
	struct values v;
	const char *batch;
	int rc = values_load(&v, w, "settings", e);

	if (rc == 1 && (batch = values_get(&v, "BATCH")) != NULL)
		(void)num_parse(batch, 1, UINT32_MAX, &c.full);
	values_free(&v);
	if (rc == -1)
		return -1;
	check_names(&c);
	if (p->batches != NULL)
		check_sums(&c);
	else
		check_files(&c);
	return c.found;
}

/* --- writing --- */

static int
add_batches(
    struct buf *out, const struct work_folder *w, const char *overlay, uint32_t n, struct err *e)
{
	struct plan_keys k = {0};
	char name[BATCH_NAME_SIZE];
	uint64_t objects = 0, bytes = 0, skipped = 0;
	int rc = 1;

	for (uint32_t i = 0; i < n && rc == 1; i++) {
		rc = plan_keys_scan(&k, w, overlay, i, e);
		buf_addf(out, "%s=%llu %08x\n", batch_name(name, i), (unsigned long long)k.objects,
		    (unsigned)k.crc32c);
		objects += k.objects;
		bytes += k.bytes;
	}
	if (rc == 0)
		rc = err_set(e, EXIT_FAILED, "%s: is missing", buf_str(&k.path));
	for (uint32_t i = 0; i <= n && rc != -1; i++) /* n: behind the last object */
		rc = plan_keys_skipped(w, i, &skipped, e);
	buf_addf(out, "objects=%llu\nbytes=%llu\nbatches=%lu\nskipped=%llu\n",
	    (unsigned long long)objects, (unsigned long long)bytes, (unsigned long)n,
	    (unsigned long long)skipped);
	plan_keys_free(&k);
	return rc;
}

int
plan_write(const struct work_folder *w, const char *overlay, struct err *e)
{
	struct buf out = {0}, path = {0};
	uint32_t end, over = 0;
	int rc;

	plan_keys_files(w, "keys", &end, NULL);
	if (overlay != NULL)
		plan_keys_files(w, overlay, &over, NULL);
	rc = add_batches(&out, w, overlay, end > over ? end : over, e);
	if (rc == 0)
		rc = work_folder_write(w, complete_of(&path, overlay), out.p, out.len, e);
	buf_free(&out);
	buf_free(&path);
	return rc;
}
