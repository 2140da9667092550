/*
 * lib/base/names: names that end with a line feed or a NUL, the last one without; empty ones, those
 * that contain what the other kind ends with, and ones of PATH_MAX bytes.
 */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/names.h"
#include "tap.h"

/* The names in a file of n bytes, each in brackets, then "!" and the message if there is one. */
static const char *
listed(const char *text, size_t n, int nul)
{
	static struct buf out;
	char path[] = "/tmp/sheaf-names-XXXXXX";
	int fd = mkstemp(path), rc;
	struct names *names;
	const char *name;
	struct err e;

	buf_reset(&out);
	if (fd == -1 || io_write_all(fd, text, n) == -1)
		abort();
	close(fd);
	if ((names = names_open(path, nul, &e)) == NULL)
		abort();
	while ((rc = names_next(names, &name, &e)) == 1)
		buf_addf(&out, "[%s]", name);
	if (rc == -1)
		buf_addf(&out, "!%s", strchr(e.text, ' ') + 1);
	names_close(names);
	unlink(path);
	return buf_str(&out);
}

static void
longest(void)
{
	struct buf text = {0};

	for (int i = 0; i < PATH_MAX; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\ny\n");
	OK(strlen(listed(text.p, text.len, 0)) == PATH_MAX + 5, "a name of PATH_MAX bytes");
	text.p[PATH_MAX] = 'x';
	OK_STR(listed(text.p, text.len, 0), "!a name of more than 4096 bytes", "and one of more");
	buf_free(&text);
}

int
main(void)
{
	struct err e;

	OK_STR(listed("a\nb c\n", 6, 0), "[a][b c]", "lines");
	OK_STR(listed("a\nb", 3, 0), "[a][b]", "the last line without its line feed");
	OK_STR(listed("\n\na\n\n", 5, 0), "[a]", "empty lines are skipped");
	OK_STR(listed("", 0, 0), "", "no name at all");
	OK_STR(listed("a\0b\nc\0", 6, 1), "[a][b\nc]", "with NUL a name may contain a line feed");
	OK_STR(listed("a\0\0b", 4, 1), "[a][b]", "empty names, and no NUL at the end");
	OK_STR(listed("a\nb\0c\n", 6, 0), "[a]!a name contains NUL (--null?)", "the wrong kind");
	longest();
	OK(names_open("/nowhere/at all", 0, &e) == NULL && e.status == EXIT_FAILED &&
		strncmp(e.text, "/nowhere/at all: No such file", 29) == 0,
	    "a list that is not there");
	return tap_done();
}
