/* What is wrong with a source of a merge, and on which line. Internal to lib/csv. */
#ifndef SHEAF_CSV_CSV_MERGE_CHECK_H
#define SHEAF_CSV_CSV_MERGE_CHECK_H

#include "csv/csv_merge_state.h"

/* Fills e with "NAME: line N: what" and returns -1. */
int csv_merge_check_failed(
    const struct csv_merge *m, uint64_t line, const char *what, struct err *e);

/* The physical line where a record of the piece at hand begins. */
uint64_t csv_merge_check_line(const struct csv_merge *m, const struct csv_row *row);

/* The same as csv_merge_check_row where the number of fields differs. */
int csv_merge_check_width(const struct csv_merge *m, const struct csv_row *row, struct err *e);

/* 0, or -1 with e filled: the row has more or fewer fields than the header and is not padded. */
static inline int
csv_merge_check_row(const struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	return row->delims + 1 == m->n_fields ? 0 : csv_merge_check_width(m, row, e);
}

#endif
