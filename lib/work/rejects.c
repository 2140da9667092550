#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "work/rejects.h"

int
rejects_next(struct tsv *t, struct rejects_line *l, struct err *e)
{
	int rc = tsv_next(t, 2, e);

	if (rc == 1)
		*l = (struct rejects_line){t->field[0], t->field[1]};
	return rc;
}

static int
compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

int
rejects_load(struct rejects *r, const struct work_folder *w, const char *name, struct err *e)
{
	struct rejects_line l;
	struct tsv t;
	int rc = tsv_open(&t, w, name, e);

	if (rc == -1 && errno == ENOENT) {
		tsv_close(&t);
		return 0;
	}
	while (rc == 0 && (rc = rejects_next(&t, &l, e)) == 1) {
		if (r->n == r->cap) {
			r->cap = 2 * r->cap + 8;
			r->uri = xrealloc(r->uri, r->cap * sizeof(*r->uri));
		}
		r->uri[r->n++] = xstrdup(l.uri);
		rc = 0;
	}
	tsv_close(&t);
	if (r->n > 0)
		qsort(r->uri, r->n, sizeof(*r->uri), compare);
	return rc;
}

int
rejects_have(const struct rejects *r, const char *uri)
{
	return r->n > 0 && bsearch(&uri, r->uri, r->n, sizeof(*r->uri), compare) != NULL;
}

void
rejects_free(struct rejects *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->uri[i]);
	free(r->uri);
	*r = (struct rejects){0};
}
