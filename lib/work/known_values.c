#include <string.h>

#include "base/iso_time.h"
#include "base/num.h"
#include "work/known_values.h"
#include "work/settings.h"
#include "work/settings_file.h"
#include "work/share.h"

enum type { NUMBER, TIME, STATE, SHARE };

static const struct known {
	const char *file, *name;
	enum type type;
} known[] = {
    {"status", "state", STATE},
    {"status", "started", TIME},
    {"status", "ended", TIME},
    {"status", "jobs", NUMBER},
    {"status", "batches", NUMBER},
    {"status", "done", NUMBER},
    {"status", "failed", NUMBER},
    {"status", "rejects_max", SHARE},
};

enum { KNOWN = sizeof(known) / sizeof(known[0]) };

/* The largest number that a script may compute with. */
#define NUMBER_MAX UINT64_C(1000000000000000)

static const struct known *
find(const char *file, const char *name)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (strcmp(known[i].file, file) == 0 &&
		    (name == NULL || strcmp(known[i].name, name) == 0))
			return &known[i];
	return NULL;
}

int
known_values_has(const char *file, const char *name)
{
	const struct setting *s;

	if (strcmp(file, "settings") == 0)
		return strcmp(name, "version") == 0 ||
		    ((s = settings_find(name)) != NULL && s->shapes);
	return find(file, name) != NULL;
}

static int
is_state(const char *value)
{
	static const char *const states[] = {"running", "done", "failed", "interrupted"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i], value) == 0)
			return 1;
	return 0;
}

/* What the value should have been; NULL: it is that. */
static const char *
fault(const struct known *k, const char *value)
{
	struct share share;
	uint64_t n;
	int64_t t;

	switch (k->type) {
	case NUMBER:
		if (num_parse(value, 0, NUMBER_MAX, &n) == 0 && (*value != '0' || n == 0))
			return NULL;
		return "a number";
	case TIME: return *value == '\0' || iso_time_parse(value, &t) == 0 ? NULL : "a time";
	case SHARE:
		return *value == '\0' || share_parse(&share, value) == 0
		    ? NULL
		    : "a number or a percentage";
	case STATE: return is_state(value) ? NULL : "running, done, failed or interrupted";
	}
	return "known";
}

static int
check(const struct values *v, const char *path, const char *file, struct err *e)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct known *k = find(file, v->at[i].name);
		const char *why;

		if (k == NULL)
			return err_set(
			    e, EXIT_FAILED, "%s: %s: not a name of this file", path, v->at[i].name);
		if ((why = fault(k, v->at[i].value)) != NULL)
			return err_set(e, EXIT_FAILED, "%s: %s=%.100s: must be %s", path, k->name,
			    v->at[i].value, why);
	}
	return 1;
}

int
known_values_load(struct values *v, const struct work_folder *w, const char *file, struct err *e)
{
	struct buf path = {0};
	int rc;

	*v = (struct values){0};
	if (strcmp(file, "settings") != 0 && find(file, NULL) == NULL)
		return err_set(e, EXIT_USAGE, "%s: neither settings nor status", file);
	if ((rc = values_load(v, w, file, e)) != 1)
		return rc;
	buf_addf(&path, "%s/%s", w->path, file);
	if (strcmp(file, "settings") == 0)
		rc = settings_file_check(v, buf_str(&path), e) == -1 ? -1 : 1;
	else
		rc = check(v, buf_str(&path), file, e);
	buf_free(&path);
	return rc;
}
