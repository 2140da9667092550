/*
 * The columns of a merge: those of the output, and where a source's fields go. Pure. A header is
 * the text of its record, without its line end.
 */
#ifndef SHEAF_CSV_CSV_COLUMNS_H
#define SHEAF_CSV_CSV_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "csv/csv.h"

struct csv_columns {
	struct buf names; /* one after another, each with a NUL behind it; they may hold NUL */
	uint32_t *at;	  /* owned: where in names each begins */
	size_t n, cap;
	uint32_t *slots; /* owned hash table: a column's number plus 1, 0: free */
	size_t n_slots;	 /* a power of two */
	int fixed;	 /* given by the user: no column is added */
	int drop_extra;	 /* with fixed: others are left out silently */
};

/* For each column of the output, the source's field, or SIZE_MAX where it has none. */
struct csv_column_map {
	size_t *from; /* owned */
	size_t n, cap;
	int identity; /* field i goes to column i, for all fields */
};

void csv_columns_free(struct csv_columns *c);
void csv_column_map_free(struct csv_column_map *m);

int csv_columns_has(const struct csv_columns *c, const char *name);

/* Takes a list, written as a CSV record, as the only columns. -1 with EXIT_USAGE: a name twice. */
int csv_columns_fix(
    struct csv_columns *c, char delim, const char *list, int drop_extra, struct err *e);

/* 0 when two headers have the same names in the same order; -1 with e filled: "another header than
 * the files before it: lacks 'b', adds 'c'". c takes the columns of the first one, for which it is
 * to be empty or as the last call left it. */
int csv_columns_same(struct csv_columns *c, char delim, const char *first, size_t first_len,
    const char *p, size_t n, struct err *e);

/* Is that name among a header's? */
int csv_header_has(char delim, const char *p, size_t n, const char *name);

/* Matches a header by name: makes the map, and adds the columns that are new. -1 with e filled: a
 * name twice in the header, a column that is not among the fixed ones, or all columns together take
 * more than CSV_HEADER_MAX bytes. */
int csv_columns_join(struct csv_columns *c, struct csv_column_map *m, char delim, const char *p,
    size_t n, struct err *e);

/* Drops the columns behind the first n. */
void csv_columns_cut(struct csv_columns *c, size_t n);

/* Appends the header record, without a line end; nothing where there are no columns. */
void csv_columns_header(const struct csv_columns *c, char delim, struct buf *out);

#endif
