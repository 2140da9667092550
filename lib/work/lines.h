/*
 * A file read line by line, in bounded memory whatever it holds.
 */
#ifndef SHEAF_WORK_LINES_H
#define SHEAF_WORK_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct lines {
	int fd;		 /* owned */
	size_t max;	 /* bytes of a line */
	struct buf held; /* read, not given out yet */
	size_t at;
	int at_end;
	uint64_t number; /* of the last line given, from 1 */
};

enum lines_event {
	LINES_ERROR = -1, /* errno says why */
	LINES_END,
	LINES_LINE,
	LINES_UNENDED, /* the last line, without a line feed */
	LINES_LONG,    /* a line over max bytes was skipped */
};

/* Takes over fd, which may be -1. */
void lines_begin(struct lines *l, int fd, size_t max);

/* The next line, without its line feed and NUL-terminated; valid until the next call. It may hold
 * NUL bytes. */
enum lines_event lines_next(struct lines *l, char **line, size_t *len);

void lines_end(struct lines *l);

#endif
