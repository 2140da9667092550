/* The state of a merge. Internal to lib/csv: shared by csv_merge, csv_merge_check, csv_by_name. */
#ifndef SHEAF_CSV_CSV_MERGE_STATE_H
#define SHEAF_CSV_CSV_MERGE_STATE_H

#include "base/buf.h"
#include "base/spool.h"
#include "csv/csv.h"
#include "csv/csv_columns.h"
#include "csv/csv_merge.h"
#include "csv/csv_merge_out.h"

enum { CSV_MERGE_BOM_LEN = 3, CSV_MERGE_CTRL_Z = 0x1a /* DOS ended text files with it */ };

struct csv_merge {
	const struct csv_merge_opt *opt; /* borrowed */
	struct csv_merge_out out;
	int by_name; /* columns are matched by name */
	int waits;   /* by name, and the columns are not known until the last source has ended */
	char delim;

	/* the source at hand */
	const char *name;	      /* borrowed */
	char lead[CSV_MERGE_BOM_LEN]; /* its first bytes, until they are enough to tell a BOM */
	size_t lead_len;
	int lead_done, has_header;
	int held_cr;	/* the last byte was a CR, which waits for the next one */
	char last_byte; /* of all so far */
	struct csv_scan scan;
	struct csv_marks marks;
	struct csv_rows rows;
	uint64_t piece_line;   /* physical line where the piece begins */
	uint64_t record_line;  /* and where the record began that goes on into this piece */
	char record_begin;     /* that record's first byte */
	int header_cr;	       /* a CR alone ended its header */
	int look_behind;       /* what follows its header is to be looked at */
	struct buf header;     /* the part of its header record that was in earlier pieces */
	size_t n_fields;       /* of its header */
	size_t width;	       /* fields of its rows as written, without a source column */
	int in_place;	       /* its fields are the output's first ones, in the same order */
	size_t columns_before; /* by name: output columns when it began */
	int sets_header;       /* strict: the output's header is this source's */
	struct buf tail;       /* what ends each of its rows: the source column, a line feed */

	/* strict */
	struct csv_columns columns; /* by name: the output's; strict: filled for error messages */
	size_t first_len;	    /* length of the first header, which out.header begins with */
	char *first_name;	    /* owned: of the source that it is from */
	uint64_t n_first;	    /* sources that have it */
	struct buf other;	    /* another header, and how many had it that were refused */
	uint64_t n_other;

	/* by name */
	struct csv_column_map map;
	struct buf map_header; /* the header that map was made for; empty: none */
	size_t place_max;      /* rows of at most that length are moved in memory */
	struct spool record;   /* the part of the record at hand that was in earlier pieces */
	uint64_t *delim_at;    /* owned */
	size_t delim_cap;
	struct spool waiting; /* for each source that waits: struct waiting, then its name */
};

#endif
