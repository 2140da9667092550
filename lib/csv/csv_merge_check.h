/* What is wrong with a source of a merge, and on which line. Internal to lib/csv. */
#ifndef SHEAF_CSV_CSV_MERGE_CHECK_H
#define SHEAF_CSV_CSV_MERGE_CHECK_H

#include "csv/csv_merge_state.h"

/* Fills e with "NAME: line N: what" and returns -1. */
int csv_merge_check_failed(
    const struct csv_merge *m, uint64_t line, const char *what, struct err *e);

/* The physical line where a record of the piece at hand begins. */
uint64_t csv_merge_check_line(const struct csv_merge *m, const struct csv_row *row);

/* Fills e for a fault that ends what was taken so far. */
void csv_merge_check_fault(const struct csv_merge *m, enum csv_fault fault, struct err *e);

/* The header's bytes so far, in m->header, will be no header: 0, or -1 with e filled where they
 * show why. */
int csv_merge_check_begun_header(const struct csv_merge *m, struct err *e);

/* Looks at the first byte behind a header of one column, at an offset of the piece at p: 0, or -1
 * with e filled. */
int csv_merge_check_behind_header(struct csv_merge *m, const char *p, size_t at, struct err *e);

/* Must csv_merge_check_ends look at the source's pieces? */
static inline int
csv_merge_check_has_ends(const struct csv_merge *m)
{
	return m->header_cr || m->n_fields == 1;
}

/* Looks at line ends, and at what follows them, in the piece at hand: m->scan.fault. */
void csv_merge_check_ends(struct csv_merge *m);

/* A header of n bytes does not go with the others, as e says: adds what may be the cause. */
void csv_merge_check_explain(const struct csv_merge *m, const char *p, size_t n, struct err *e);

/* After the last source: -1 with e filled if only the first one has its header, and several were
 * left out that agree in another. */
int csv_merge_check_first(const struct csv_merge *m, struct err *e);

/* The same as csv_merge_check_row where the number of fields differs. */
int csv_merge_check_width(const struct csv_merge *m, const struct csv_row *row, struct err *e);

/* 0, or -1 with e filled: the row has more or fewer fields than the header and is not padded. */
static inline int
csv_merge_check_row(const struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	return row->delims + 1 == m->n_fields ? 0 : csv_merge_check_width(m, row, e);
}

#endif
