/*
 * The columns of a merge's output, and where each field of a source goes. Pure. A header is passed
 * as the bytes of its record, without the line end.
 */
#ifndef SHEAF_CSV_CSV_COLUMNS_H
#define SHEAF_CSV_CSV_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "csv/csv.h"

struct csv_columns {
	struct buf names; /* one after another, each followed by a NUL; may contain NUL */
	uint32_t *at;	  /* owned: where each begins in names */
	size_t n, cap;
	uint32_t *slots; /* owned hash table: a column's index plus 1, or 0: free */
	size_t n_slots;	 /* a power of two */
	int fixed;	 /* the user gave the columns: none is added */
	int drop_extra;	 /* with fixed: other columns are dropped without an error */
};

/* For each output column the index of the source's field, or SIZE_MAX where it has none. */
struct csv_column_map {
	size_t *from; /* owned */
	size_t n, cap;
	int identity; /* field i goes to column i, for all fields */
};

void csv_columns_free(struct csv_columns *c);
void csv_column_map_free(struct csv_column_map *m);

int csv_columns_has(const struct csv_columns *c, const char *name);

/* Makes a list, written as a CSV record, the only columns. -1 with EXIT_USAGE if a name is in it
 * twice. */
int csv_columns_fix(
    struct csv_columns *c, char delim, const char *list, int drop_extra, struct err *e);

/* 0 if two headers have the same names in the same order. Else -1 with e filled: "another header
 * than the files before it: lacks 'b', adds 'c'". c caches the first header's columns: pass it
 * empty, then as the last call left it. */
int csv_columns_same(struct csv_columns *c, char delim, const char *first, size_t first_len,
    const char *p, size_t n, struct err *e);

/* Do two headers have the same names in the same order? */
int csv_columns_equal(char delim, const char *p, size_t n, const char *q, size_t m);

/* Does the header have a column of that name? */
int csv_columns_in_header(char delim, const char *p, size_t n, const char *name);

/* Matches a header by name: fills the map, and adds columns that are new. -1 with e filled if a
 * name is in the header twice, a column is not among the fixed ones, or all columns together exceed
 * CSV_HEADER_MAX bytes. */
int csv_columns_join(struct csv_columns *c, struct csv_column_map *m, char delim, const char *p,
    size_t n, struct err *e);

/* Keeps only the first n columns. */
void csv_columns_cut(struct csv_columns *c, size_t n);

/* Appends the header record, without a line end; nothing if there are no columns. */
void csv_columns_header(const struct csv_columns *c, char delim, struct buf *out);

#endif
