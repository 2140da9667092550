/*
 * The quick way over rows that need nothing but counting (AVX2, chosen at run time). Pure.
 *
 * Blocks of 64 bytes are turned into bit masks of quotes, delimiters and line feeds; what lies
 * inside quotes is the running parity of the quotes. That is what csv_scan says as long as each
 * opening quote stands at the start of a field, so a block where one does not is left to csv_scan,
 * as are blocks with a CR, a blank line or a row of another length.
 */
#ifndef SHEAF_CSV_FAST_H
#define SHEAF_CSV_FAST_H

#include <stddef.h>
#include <stdint.h>

#include "csv.h"

enum { CSV_FAST_BLOCK = 64 };

/*
 * Goes over whole blocks at p as long as every row that ends in them has want_delims delimiters and
 * ends in a plain LF. The number of bytes gone over; s is as csv_scan would have left it, and *rows
 * has grown by the rows that ended. 0 where the first block is not of that kind, or the processor
 * has no AVX2.
 */
size_t csv_fast_rows(
    struct csv_scan *s, const char *p, size_t n, uint64_t want_delims, uint64_t *rows);

#endif
