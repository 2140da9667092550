/*
 * The output of a merge: the header once, then the rows of each source, in large runs and with
 * their checksums. While rows are spooled, those of the source at hand go to a temporary file
 * instead, from which they are copied to the output later.
 *
 * Internal to lib/csv. Functions that return int give 0, or -1 with e filled.
 */
#ifndef SHEAF_CSV_CSV_MERGE_OUT_H
#define SHEAF_CSV_CSV_MERGE_OUT_H

#include "base/buf.h"
#include "base/spool.h"
#include "csv/csv_merge.h"

enum { CSV_MERGE_OUT_LEN = 256 * 1024 /* bytes collected before they are written */ };

struct csv_merge_out {
	const struct csv_merge_opt *opt; /* borrowed, as are ops and arg */
	const struct csv_merge_ops *ops;
	void *arg;
	int spooling; /* rows go to the spool instead of the output */

	struct buf header; /* with its line feed; empty until it is known */
	int header_written;

	struct csv_merge_source src; /* the source at hand */
	uint64_t spool_from;	     /* where its rows begin in the spool */
	struct buf bytes;   /* not written yet; the first `done` belong to sources that have */
	size_t done;	    /* ended, the others to the source at hand */
	struct spool spool; /* rows that wait */
	struct csv_merge_totals totals;
};

void csv_merge_out_init(struct csv_merge_out *o, const struct csv_merge_opt *opt,
    const struct csv_merge_ops *ops, void *arg);
void csv_merge_out_free(struct csv_merge_out *o);

/* Completes a header whose columns are in o->header: adds the source column and a line feed. */
void csv_merge_out_end_header(struct csv_merge_out *o);

/* Appends a delimiter and the source column's value for a source of that name. */
void csv_merge_out_add_source(const struct csv_merge_out *o, struct buf *to, const char *name);

/* Writes the header, unless it was written or is empty. */
int csv_merge_out_header(struct csv_merge_out *o, struct err *e);

/* A source begins; name is borrowed until it ends. */
void csv_merge_out_begin(struct csv_merge_out *o, const char *name);

/* Writes what was collected. */
int csv_merge_out_flush(struct csv_merge_out *o, struct err *e);

/* Room for n more bytes of its rows, n at most CSV_MERGE_OUT_LEN; NULL with e filled. The caller
 * adds what it wrote there to o->bytes.len. */
static inline char *
csv_merge_out_room(struct csv_merge_out *o, size_t n, struct err *e)
{
	if (o->bytes.len + n > CSV_MERGE_OUT_LEN && csv_merge_out_flush(o, e) == -1)
		return NULL;
	return buf_room(&o->bytes, n);
}

/* Adds n bytes to its rows. */
int csv_merge_out_add(struct csv_merge_out *o, const char *p, size_t n, struct err *e);

/* Adds len bytes of the spool, from offset on, to its rows. Not while spooling. */
int csv_merge_out_add_spooled(
    struct csv_merge_out *o, uint64_t offset, uint64_t len, struct err *e);

/* The source has ended and its rows are in the output: adds it to the totals and reports it. */
int csv_merge_out_end(struct csv_merge_out *o, struct err *e);

/* The source has ended and its rows, all that the spool holds, may be written: moves them to the
 * output and ends the source. */
int csv_merge_out_release(struct csv_merge_out *o, struct err *e);

/* Drops the spooled rows of the source at hand. Rows that were not spooled stay. */
int csv_merge_out_drop(struct csv_merge_out *o, struct err *e);

#endif
