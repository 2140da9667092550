/*
 * The files that a merge writes (csvcat): the merged CSV, its ledger, its summary, its rejects.
 * Each appears complete or not at all, in an order that makes the merged CSV the last one: where it
 * is, the others are. Functions that return int give 0, or -1 with e filled.
 */
#ifndef SHEAF_MERGE_MERGE_OUTPUT_H
#define SHEAF_MERGE_MERGE_OUTPUT_H

#include <sys/stat.h>

#include "base/err.h"
#include "csv/csv_merge.h"

/* File names as outfile_open takes them; NULL: the file is not wanted, except that an output of
 * NULL is standard output. */
struct merge_output_names {
	const char *output, *ledger, *about, *rejects;
};

struct merge_output;

/* Refuses, with EXIT_USAGE, two names of one file, which would be overwritten; devices may be
 * shared. stats: the file of --stats, or NULL. */
int merge_output_check(const struct merge_output_names *names, const char *stats, struct err *e);

/* Opens them all. NULL with e filled. */
struct merge_output *merge_output_open(const struct merge_output_names *names, struct err *e);

/* Does st describe one of these files, being regular? */
int merge_output_is(const struct merge_output *o, const struct stat *st);

/* Does st describe the file that the merged CSV will replace? */
int merge_output_replaces(const struct merge_output *o, const struct stat *st);

/* Writes merged bytes. */
int merge_output_write(struct merge_output *o, const char *p, size_t n, struct err *e);

/* Adds a source's line to the ledger, if there is one. */
int merge_output_source(struct merge_output *o, const struct csv_merge_source *s, struct err *e);

/* Lists a source that was left out; only where rejects are wanted. */
int merge_output_reject(struct merge_output *o, const char *name, const char *why, struct err *e);

/* All sources are in: writes what is left and gives the files their names. */
int merge_output_commit(struct merge_output *o, const struct csv_merge_totals *t, struct err *e);

/* Frees o. Without a commit first, files are removed; but standard output gets all bytes that were
 * written to it: -1 with e filled if it cannot. merge_output_close(NULL) is fine. */
int merge_output_close(struct merge_output *o, struct err *e);

#endif
