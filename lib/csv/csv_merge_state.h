/* What the parts of csv_merge share; nobody else includes it. */
#ifndef SHEAF_CSV_CSV_MERGE_STATE_H
#define SHEAF_CSV_CSV_MERGE_STATE_H

#include "base/buf.h"
#include "base/spool.h"
#include "csv/csv.h"
#include "csv/csv_columns.h"
#include "csv/csv_merge.h"

enum { BOM_LEN = 3, OUT_LEN = 256 * 1024 };

struct csv_merge {
	const struct csv_merge_opt *opt;
	const struct csv_merge_ops *ops;
	void *arg;
	int by_name;
	int waits;    /* by name, and the columns are not known before the last source has ended */
	int spooling; /* rows go to the spool instead of the output */
	char delim;

	/* the source at hand */
	const char *name;
	struct csv_merge_source src;
	char lead[BOM_LEN]; /* its first bytes, until it is known whether they are a BOM */
	size_t lead_len;
	int lead_done, has_header;
	struct csv_scan scan;
	struct csv_marks marks;
	struct csv_rows rows;
	uint64_t piece_line;   /* physical line where the piece begins */
	uint64_t record_line;  /* of the record that began before the piece */
	struct buf header;     /* its header record, as far as it was in earlier pieces */
	size_t n_fields;       /* of its header */
	size_t width;	       /* of its rows as written, before a source column */
	int in_place;	       /* its fields come first in the output, in their order */
	size_t columns_before; /* by name: output columns when it began */
	int sets_header;       /* strict: the job's header is this source's */
	struct buf tail;       /* what each row ends with: the source column and a line feed */
	uint64_t spool_from;

	/* by name */
	struct csv_column_map map;
	struct buf map_header; /* the header that map was made for; empty: none */
	struct spool record;   /* the record at hand, as far as it was in earlier pieces */
	uint64_t *delim_at;    /* owned */
	size_t delim_cap;
	struct spool waiting; /* for each source: its struct waiting and its name */

	/* the output */
	struct csv_columns columns; /* strict: made when another header is to be told */
	struct buf out_header;
	size_t first_len; /* strict: of the first header, as it stood; out_header begins with it */
	int header_written;
	struct buf out;	    /* not given out yet; the first out_done bytes are of sources that */
	size_t out_done;    /* are over, the others of the one at hand */
	struct spool spool; /* rows that wait */
	struct csv_merge_totals totals;
};

/* --- csv_merge.c --- */

/* Bytes of the rows of the source at hand. */
int csv_merge_emit(struct csv_merge *m, const char *p, size_t n, struct err *e);
/* Room for n more of them, n at most OUT_LEN; NULL with e filled. They count once m->out.len has
 * grown. */
char *csv_merge_room(struct csv_merge *m, size_t n, struct err *e);
/* The same for len bytes of the spool from offset on. */
int csv_merge_emit_spool(struct csv_merge *m, uint64_t offset, uint64_t len, struct err *e);
/* Appends a delimiter and the source column's value for a source of that name. */
void csv_merge_add_source(const struct csv_merge *m, struct buf *out, const char *name);
/* Appends to out_header what comes behind its columns. */
void csv_merge_end_header(struct csv_merge *m);
/* Gives out the header, before the first rows. */
int csv_merge_header(struct csv_merge *m, struct err *e);
/* The rows of m->src are all emitted. */
int csv_merge_told(struct csv_merge *m, struct err *e);
/* 0, or -1 with e filled: a row has not as many fields as the header, and is not to be padded. */
int csv_merge_check(struct csv_merge *m, const struct csv_row *row, struct err *e);

/* --- csv_by_name.c --- */

/* The header is whole. 0, or -1 with e filled. */
int csv_by_name_header(struct csv_merge *m, const char *p, size_t n, struct err *e);
/* The rows of the piece at hand, where columns change their places; and one row, of which what was
 * in earlier pieces is in m->record. */
enum csv_merge_status csv_by_name_rows(struct csv_merge *m, struct err *e);
enum csv_merge_status csv_by_name_row(
    struct csv_merge *m, const struct csv_row *row, struct err *e);
/* The source has ended, its rows wait in the spool. */
int csv_by_name_wait(struct csv_merge *m, struct err *e);
/* After the last source: what waits is emitted. */
int csv_by_name_finish(struct csv_merge *m, struct err *e);

#endif
