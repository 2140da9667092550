/*
 * The file of a shared send schedule, mapped. Whoever else may write to it can fill it with
 * anything and cut it short at any moment: values from it need bounds, and where it is cut short
 * (or its disk is full) the mapping turns into memory of this process alone, all zeros, instead of
 * ending the program with SIGBUS.
 */
#ifndef SHEAF_HTTP_PACE_FILE_H
#define SHEAF_HTTP_PACE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* How the file begins: the layout and the clock that its times are of (pace_clock.h). */
struct pace_file_head {
	uint64_t magic;
	uint64_t clock;
};

/*
 * Maps len bytes, at most a page, of the file, which begin with a head; creates it, all else zeros.
 * One that was cut short gets its length again. One of another clock (of another machine, or from
 * before it was started anew) or of another version is left alone: the schedule is then in a file
 * beside it, path.CLOCK. NULL with e filled (EXIT_USAGE) if it is no pace file. One mapping at a
 * time; the first installs a handler of SIGBUS.
 */
void *pace_file_map(const char *path, size_t len, struct err *e);
void pace_file_unmap(void *map, size_t len);

#endif
