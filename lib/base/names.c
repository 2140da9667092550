#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/names.h"

struct names {
	FILE *file;
	const char *path; /* borrowed */
	int end;	  /* the byte that ends a name */
	struct buf name;
};

struct names *
names_open(const char *path, int nul, struct err *e)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	struct names *n;

	if (file == NULL) {
		err_errno(e, EXIT_FAILED, "%s", path);
		return NULL;
	}
	n = xcalloc(1, sizeof(*n));
	n->file = file;
	n->path = path;
	n->end = nul ? '\0' : '\n';
	return n;
}

/* Reads up to the end of a name. 1; 0 at the end of the list; -1 with e filled. */
static int
read_name(struct names *n, struct err *e)
{
	int c;

	buf_reset(&n->name);
	while ((c = getc_unlocked(n->file)) != EOF && c != n->end) {
		if (c == '\0')
			return err_set(
			    e, EXIT_FAILED, "%s: a name contains NUL (--null?)", n->path);
		if (n->name.len == PATH_MAX)
			return err_set(
			    e, EXIT_FAILED, "%s: a name of more than %d bytes", n->path, PATH_MAX);
		buf_addc(&n->name, (char)c);
	}
	if (ferror(n->file))
		return err_errno(e, EXIT_FAILED, "%s", n->path);
	return c != EOF || n->name.len > 0;
}

int
names_next(struct names *n, const char **name, struct err *e)
{
	int rc;

	do
		rc = read_name(n, e);
	while (rc == 1 && n->name.len == 0);
	if (rc != 1)
		return rc;
	*name = buf_str(&n->name);
	if (n->file == stdin && strcmp(*name, "-") == 0)
		return err_set(e, EXIT_FAILED,
		    "-: standard input is the list of names, so it cannot be a file");
	return 1;
}

void
names_close(struct names *n)
{
	if (n == NULL)
		return;
	if (n->file != stdin)
		fclose(n->file);
	buf_free(&n->name);
	free(n);
}
