/*
 * The part of a merge that matches columns by name. The rows of a source are written in the order
 * of the columns known when they arrive; columns that later sources add are appended to them at the
 * end. Internal to lib/csv.
 */
#ifndef SHEAF_CSV_CSV_BY_NAME_H
#define SHEAF_CSV_CSV_BY_NAME_H

#include "csv/csv_merge_state.h"

/* Takes a source's header, complete and without its line end. 0, or -1 with e filled. */
int csv_by_name_header(struct csv_merge *m, const char *p, size_t n, struct err *e);

/* Takes the rows that end in the piece at hand, where fields change places. */
enum csv_merge_status csv_by_name_rows(struct csv_merge *m, struct err *e);

/* Takes one row; m->record holds the part of it that was in earlier pieces. */
enum csv_merge_status csv_by_name_row(
    struct csv_merge *m, const struct csv_row *row, struct err *e);

/* The source has ended and its rows wait in the spool: notes what the end needs to know of it. 0,
 * or -1 with e filled. */
int csv_by_name_wait(struct csv_merge *m, struct err *e);

/* After the last source: writes the rows that wait. 0, or -1 with e filled. */
int csv_by_name_finish(struct csv_merge *m, struct err *e);

#endif
