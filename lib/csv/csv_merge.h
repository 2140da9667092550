/*
 * Merging CSV sources, one after another, into one CSV. Input comes in pieces of any size, output
 * goes to a function, in large runs. Memory is bounded by a few MiB, and for a header by a few
 * times CSV_HEADER_MAX (csv.h): a source whose header is longer is no good.
 *
 * Strict mode wants the same header everywhere and copies rows as they are. In union mode (or with
 * a list of columns) columns are matched by name. Rows whose place is not known yet wait in an
 * unlinked temporary file: in union mode until all columns are known, with hold until their source
 * is whole; so do records of over 1 MiB whose columns have another order.
 */
#ifndef SHEAF_CSV_CSV_MERGE_H
#define SHEAF_CSV_CSV_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct csv_merge_opt {
	char delim;
	int by_name; /* union: columns matched by name */
	const char
	    *columns;	/* a CSV record: exactly these, in this order; NULL: all. Implies by_name */
	int drop_extra; /* with columns: others are dropped, not an error */
	int pad;	/* short rows are filled up */
	const char
	    *source_column; /* a last column of this name holds the source's name; NULL: none */
	const char *source_prefix; /* what is put before the name there; NULL: nothing */
	int hold;    /* nothing of a source is given out before it is whole (rejects) */
	int no_sums; /* checksums are not wanted: they are 0 */
};

struct csv_merge_source {
	const char *name; /* borrowed */
	uint64_t rows;
	uint64_t bytes;	 /* of its rows as written */
	uint32_t crc32c; /* of the same */
};

struct csv_merge_ops {
	int (*write)(void *arg, const char *p, size_t n, struct err *e);
	/* One source's rows have their place in the output, though not all of them may have been
	 * given to write() yet; in the order of the output. May be NULL. */
	int (*source)(void *arg, const struct csv_merge_source *s, struct err *e);
};

struct csv_merge_totals {
	uint64_t sources, rows, bytes;
	uint32_t crc32c; /* of the whole output */
	const char
	    *header; /* as written, with its line feed; NULL: none was. Points into the merge */
	size_t header_bytes;
	uint32_t header_crc32c;
};

/* How a step ended. */
enum csv_merge_status {
	CSV_MERGE_OK,
	CSV_MERGE_BAD,	 /* the source is no good; e is filled: "NAME: line 3: ...". What was given
			    out of it stays, unless hold */
	CSV_MERGE_FATAL, /* the output or temporary space failed; e is filled */
};

struct csv_merge;

/* opt and ops are borrowed. NULL with e filled (columns with a name twice). */
struct csv_merge *csv_merge_new(
    const struct csv_merge_opt *opt, const struct csv_merge_ops *ops, void *arg, struct err *e);
void csv_merge_free(struct csv_merge *m);

/* A source begins (name is borrowed until it is over), its bytes, its end. After CSV_MERGE_BAD the
 * source is over: the next may begin. */
void csv_merge_begin(struct csv_merge *m, const char *name);
enum csv_merge_status csv_merge_data(struct csv_merge *m, const char *p, size_t n, struct err *e);
enum csv_merge_status csv_merge_end(struct csv_merge *m, struct err *e);

/* Drops the source begun, where something else is wrong with it. */
enum csv_merge_status csv_merge_drop(struct csv_merge *m, struct err *e);

/* After the last source: what has waited is written. */
enum csv_merge_status csv_merge_finish(
    struct csv_merge *m, struct csv_merge_totals *t, struct err *e);

#endif
