#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "work/tsv.h"

int
tsv_open(struct tsv *t, const struct work_folder *w, const char *name, struct err *e)
{
	int fd;

	*t = (struct tsv){0};
	if (w != NULL)
		buf_addf(&t->path, "%s/", w->path);
	buf_adds(&t->path, name);
	fd = w != NULL ? work_folder_file(w, name, e) : open(name, O_RDONLY | O_CLOEXEC);
	lines_begin(&t->lines, fd, TSV_LINE_MAX);
	if (fd == -1 && w == NULL)
		err_errno(e, EXIT_FAILED, "%s", name);
	return fd == -1 ? -1 : 0;
}

int
tsv_bad(const struct tsv *t, const char *what, struct err *e)
{
	return err_set(e, EXIT_FAILED, "%.*s: line %llu %s", (int)t->path.len, t->path.p,
	    (unsigned long long)t->lines.number, what);
}

int
tsv_next(struct tsv *t, unsigned n, struct err *e)
{
	char *p, what[40];
	size_t len;

	switch (lines_next(&t->lines, &p, &len)) {
	case LINES_ERROR: return err_errno(e, EXIT_FAILED, "%.*s", (int)t->path.len, t->path.p);
	case LINES_END: return 0;
	case LINES_UNENDED: return tsv_bad(t, "is cut short", e);
	case LINES_LONG: return tsv_bad(t, "is too long", e);
	case LINES_LINE: break;
	}
	if (strlen(p) != len)
		return tsv_bad(t, "holds a NUL byte", e);
	for (unsigned i = 0; i < n; i++) {
		t->field[i] = p;
		p += strcspn(p, "\t");
		if ((*p == '\0') != (i == n - 1)) {
			snprintf(what, sizeof(what), "does not have %u fields", n);
			return tsv_bad(t, what, e);
		}
		*p++ = '\0';
	}
	return 1;
}

void
tsv_close(struct tsv *t)
{
	lines_end(&t->lines);
	buf_free(&t->path);
}
