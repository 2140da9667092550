#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { CAUSE_ROOM = 128 }; /* bytes kept for strerror's text when the text before it is too long */

int
err_set(struct err *e, int status, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return -1;
	e->status = status;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
err_errno(struct err *e, int status, const char *fmt, ...)
{
	int saved = errno;
	size_t len;
	va_list ap;

	if (e == NULL)
		return -1;
	e->status = status;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	len = strlen(e->text);
	if (len > sizeof(e->text) - CAUSE_ROOM)
		len = sizeof(e->text) - CAUSE_ROOM;
	snprintf(e->text + len, sizeof(e->text) - len, ": %s",
	    saved == ELOOP ? "a symbolic link, which is not followed" : strerror(saved));
	errno = saved;
	return -1;
}

void
err_nomem(void)
{
	fputs("out of memory\n", stderr);
	exit(EXIT_FAILED);
}
