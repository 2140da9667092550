/* What cannot be a header, or shows that a file is no text in an encoding that extends ASCII. Pure;
 * internal to lib/csv. */
#ifndef SHEAF_CSV_CSV_HEADER_H
#define SHEAF_CSV_CSV_HEADER_H

#include <stddef.h>

#include "base/err.h"

/* Looks at a header of n bytes, without its line end. 0, or -1 with e filled, without a name. */
int csv_header_check(char delim, const char *p, size_t n, struct err *e);

#endif
