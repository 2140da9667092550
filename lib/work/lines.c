#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "work/lines.h"

enum { READ_LEN = 32768 };

void
lines_begin(struct lines *l, int fd, size_t max)
{
	*l = (struct lines){.fd = fd, .max = max};
}

/* Reads more behind what is held. 0, or -1 with errno. */
static int
fill(struct lines *l)
{
	ssize_t n;

	if (l->at > 0 && l->held.p != NULL) {
		memmove(l->held.p, l->held.p + l->at, l->held.len - l->at);
		l->held.len -= l->at;
		l->at = 0;
	}
	n = io_read(l->fd, buf_room(&l->held, READ_LEN), READ_LEN);
	if (n == -1)
		return -1;
	l->held.len += (size_t)n;
	l->at_end = n == 0;
	return 0;
}

enum lines_event
lines_next(struct lines *l, char **line, size_t *len)
{
	size_t seen = 0; /* bytes of held that have no line feed */
	int skipping = 0;

	for (;;) {
		size_t have = l->held.len - l->at;
		char *p = have > 0 ? l->held.p + l->at : NULL, *lf = NULL;

		if (have > seen && p != NULL)
			lf = memchr(p + seen, '\n', have - seen);
		if (lf != NULL && (skipping || (size_t)(lf - p) > l->max)) {
			l->at += (size_t)(lf - p) + 1;
			l->number++;
			return LINES_LONG;
		}
		if (lf != NULL) {
			*lf = '\0';
			*line = p;
			*len = (size_t)(lf - p);
			l->at += *len + 1;
			l->number++;
			return LINES_LINE;
		}
		if (have > l->max) {
			skipping = 1;
			l->at = l->held.len; /* dropped */
			have = 0;
		}
		seen = have;
		if (l->at_end)
			break;
		if (fill(l) == -1)
			return LINES_ERROR;
	}
	if (seen == 0 && !skipping)
		return LINES_END;
	l->number++;
	(void)buf_str(&l->held);
	*line = l->held.p + l->at;
	*len = seen;
	l->at = l->held.len;
	return skipping ? LINES_LONG : LINES_UNENDED;
}

void
lines_end(struct lines *l)
{
	if (l->fd != -1)
		close(l->fd);
	buf_free(&l->held);
	*l = (struct lines){.fd = -1};
}
