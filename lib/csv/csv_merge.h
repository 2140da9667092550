/*
 * Merges CSV sources, one after another, into one CSV. Input comes in pieces of any size; output
 * goes to a function, in large runs. Memory is bounded: a few MiB, and for headers a few times
 * CSV_HEADER_MAX (csv.h), which no header may exceed.
 *
 * In strict mode every source must have the first one's header, and rows are copied unchanged. In
 * union mode, or with a list of columns, columns are matched by name. Rows that cannot be written
 * yet wait in an unlinked temporary file: in union mode until all columns are known; with `hold`
 * until their source has ended well. So do records of over 1 MiB whose fields change places.
 */
#ifndef SHEAF_CSV_CSV_MERGE_H
#define SHEAF_CSV_CSV_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct csv_merge_opt {
	char delim;
	int by_name; /* union: columns are matched by name */
	const char
	    *columns;	/* a CSV record: exactly these, in this order; NULL: all. Implies by_name */
	int drop_extra; /* with columns: other columns are dropped instead of being an error */
	int pad;	/* short rows are filled up with empty fields */
	const char
	    *source_column; /* adds a last column of this name with the source's name; NULL: none */
	const char *source_prefix; /* is put before that name; NULL: nothing */
	int hold;    /* nothing of a source is written before it has ended well (rejects) */
	int no_sums; /* compute no checksums; all are 0 */
};

struct csv_merge_source {
	const char *name; /* borrowed */
	uint64_t rows;
	uint64_t bytes;	 /* of its rows as written */
	uint32_t crc32c; /* of the same bytes */
};

struct csv_merge_ops {
	int (*write)(void *arg, const char *p, size_t n, struct err *e);
	/* A source is in the output; called in the order of the output. Some of its rows may not
	 * have been passed to write() yet. May be NULL. */
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

/* How a call ended. */
enum csv_merge_status {
	CSV_MERGE_OK,
	CSV_MERGE_BAD, /* the source is bad; e is filled: "NAME: line 3: ...". Rows of it that were
			    written stay; with hold there are none */
	CSV_MERGE_FATAL, /* the output or temporary space failed; e is filled */
};

struct csv_merge;

/* opt and ops are borrowed. NULL with e filled (columns with a name twice). */
struct csv_merge *csv_merge_new(
    const struct csv_merge_opt *opt, const struct csv_merge_ops *ops, void *arg, struct err *e);
void csv_merge_free(struct csv_merge *m);

/* A source begins (name is borrowed until it ends), its bytes, its end. After CSV_MERGE_BAD the
 * source is over and the next may begin. */
void csv_merge_begin(struct csv_merge *m, const char *name);
enum csv_merge_status csv_merge_data(struct csv_merge *m, const char *p, size_t n, struct err *e);
enum csv_merge_status csv_merge_end(struct csv_merge *m, struct err *e);

/* Drops the source that has begun, when the caller has found it bad. */
enum csv_merge_status csv_merge_drop(struct csv_merge *m, struct err *e);

/* After the last source: writes the rows that waited. */
enum csv_merge_status csv_merge_finish(
    struct csv_merge *m, struct csv_merge_totals *t, struct err *e);

#endif
