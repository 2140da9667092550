#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/iso_time.h"
#include "base/uri.h"
#include "work/claim.h"

/* A prefix that settings could have. */
static char *
get_prefix(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	struct uri u;

	if (s == NULL || uri_parse(s, strlen(s), &u, NULL) == -1)
		return NULL;
	uri_free(&u);
	return xstrdup(s);
}

static int
take_fields(struct claim *c, const json_t *o)
{
	const char *id = json_string_value(json_object_get(o, "id"));
	const char *created = json_string_value(json_object_get(o, "created"));
	int64_t t;

	if (id == NULL || strlen(id) != sizeof(c->id) - 1 ||
	    strspn(id, "0123456789abcdef") != sizeof(c->id) - 1)
		return -1;
	if (created == NULL || strlen(created) >= sizeof(c->created) ||
	    iso_time_parse(created, &t) == -1)
		return -1;
	memcpy(c->id, id, sizeof(c->id));
	memcpy(c->created, created, strlen(created) + 1);
	c->src = get_prefix(o, "src");
	c->dest = get_prefix(o, "dest");
	return c->src != NULL && c->dest != NULL ? 0 : -1;
}

int
claim_parse(struct claim *c, const char *text, size_t len, const char *name, struct err *e)
{
	json_t *o;
	int rc;

	*c = (struct claim){.src = NULL};
	if (len > CLAIM_MAX)
		return err_set(
		    e, EXIT_FAILED, "%s: longer than %d bytes: not of sheaf", name, CLAIM_MAX);
	o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	rc = json_is_object(o) ? take_fields(c, o) : -1;
	json_decref(o);
	return rc == 0
	    ? 0
	    : err_set(e, EXIT_FAILED, "%s: not JSON with id, created, src and dest", name);
}

int
claim_load(struct claim *c, const struct work_folder *w, struct err *e)
{
	struct buf text = {0}, name = {0};
	int rc;

	*c = (struct claim){.src = NULL};
	buf_addf(&name, "%s/run.json", w->path);
	rc = work_folder_read(w, "run.json", CLAIM_MAX, &text, e);
	if (rc == 0)
		err_set(e, EXIT_FAILED, "%s: missing", buf_str(&name));
	rc = rc == 1 ? claim_parse(c, text.p, text.len, buf_str(&name), e) : -1;
	buf_free(&text);
	buf_free(&name);
	return rc;
}

static int
is_same(const struct claim *a, const struct claim *b)
{
	return strcmp(a->id, b->id) == 0 && a->src != NULL && b->src != NULL &&
	    strcmp(a->src, b->src) == 0 && strcmp(a->dest, b->dest) == 0;
}

int
claim_check(const struct work_folder *w, const char *text, size_t len, const char *name,
    const char *prefix, struct err *e)
{
	struct claim ours, theirs = {.src = NULL};
	int rc = claim_load(&ours, w, e);

	if (rc == 0 && claim_parse(&theirs, text, len, "its _sheaf/run.json", e) == -1)
		rc = err_set(e, EXIT_FAILED,
		    "%s=%s: belongs to another run, and its _sheaf/run.json is not of sheaf; use "
		    "another %s",
		    name, prefix, name);
	else if (rc == 0 && !is_same(&ours, &theirs))
		rc = err_set(e, EXIT_FAILED,
		    "%s=%s: belongs to another run, begun %s with SRC=%s DEST=%s; use another %s, "
		    "or the work folder of that run",
		    name, prefix, theirs.created, theirs.src, theirs.dest, name);
	claim_free(&ours);
	claim_free(&theirs);
	return rc;
}

void
claim_free(struct claim *c)
{
	free(c->src);
	free(c->dest);
	*c = (struct claim){.src = NULL};
}
