#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "work/batch_name.h"
#include "work/rejects.h"
#include "work/source_name.h"

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

/* Appends text as a field in which only a tab and a line feed are escaped. */
static void
add_field(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\t' || *text == '\n')
			buf_adds(out, *text == '\t' ? "\\t" : "\\n");
		else
			buf_addc(out, *text);
	}
}

/* Appends the lines of a file; escaped: they are csvcat's. */
static int
collect(struct buf *out, const struct work_folder *w, const char *name, int escaped, struct err *e)
{
	struct tsv t;
	int rc = tsv_open(&t, w, name, e);

	if (rc == -1 && errno == ENOENT) {
		tsv_close(&t);
		return 0;
	}
	while (rc == 0 && (rc = tsv_next(&t, 2, e)) == 1) {
		if (escaped) {
			source_name_unescape(t.field[0]);
			source_name_unescape(t.field[1]);
			buf_adds(out, "s3://");
		}
		add_field(out, t.field[0]);
		buf_addc(out, '\t');
		add_field(out, t.field[1]);
		buf_addc(out, '\n');
		rc = 0;
	}
	tsv_close(&t);
	return rc;
}

int
rejects_collect(const struct work_folder *w, uint32_t batch, struct err *e)
{
	char s3get[BATCH_NAME_PATH], csvcat[BATCH_NAME_PATH], all[BATCH_NAME_PATH];
	struct buf out = {0};
	int rc = -1;

	batch_name_path(s3get, "reject", batch, ".s3get");
	batch_name_path(csvcat, "reject", batch, ".csvcat");
	batch_name_path(all, "reject", batch, ".tsv");
	if (collect(&out, w, s3get, 0, e) == 0 && collect(&out, w, csvcat, 1, e) == 0)
		rc = out.len > 0 ? work_folder_write(w, all, out.p, out.len, e)
				 : work_folder_remove(w, all, e);
	buf_free(&out);
	if (rc == -1 || work_folder_remove(w, s3get, e) == -1)
		return -1;
	return work_folder_remove(w, csvcat, e);
}

int
rejects_remove(const struct work_folder *w, uint32_t batch, struct err *e)
{
	static const char *const suffixes[] = {".s3get", ".csvcat", ".tsv"};
	char path[BATCH_NAME_PATH];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (work_folder_remove(w, batch_name_path(path, "reject", batch, suffixes[i]), e) ==
		    -1)
			return -1;
	return 0;
}
