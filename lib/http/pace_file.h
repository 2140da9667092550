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

/*
 * Maps len bytes of the file, at most a page, which begin with magic; creates it, all else zeros.
 * One that was cut short gets its length again. NULL with e filled (EXIT_USAGE) if it is another
 * file. One mapping at a time; the first installs a handler of SIGBUS.
 */
void *pace_file_map(const char *path, uint64_t magic, size_t len, struct err *e);
void pace_file_unmap(void *map, size_t len);

#endif
