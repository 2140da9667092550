/*
 * The sources of a merge: files, or the members of a tar stream; gzip is decompressed. What makes a
 * source bad goes to a callback, which decides whether the merge goes on without it.
 */
#ifndef SHEAF_MERGE_MERGE_INPUT_H
#define SHEAF_MERGE_MERGE_INPUT_H

#include <stdint.h>

#include "base/err.h"
#include "csv/csv_merge.h"
#include "merge/merge_output.h"

struct merge_input_ops {
	/* A source is bad; why holds the cause, without the source's name. 0: leave it out and go
	 * on; -1 with e filled: stop. */
	int (*bad)(void *arg, const char *name, const char *why, struct err *e);
};

struct merge_input;

/* Pointers are borrowed. output is only compared with the sources: it must not be one of them.
 * max_expand: the bound on what gzip may expand to, as in decompress_new. */
struct merge_input *merge_input_new(struct csv_merge *merge, const struct merge_output *output,
    unsigned max_expand, const struct merge_input_ops *ops, void *arg);
void merge_input_free(struct merge_input *in);

/* Adds a file; "-" is standard input. 0, or -1 with e filled. */
int merge_input_file(struct merge_input *in, const char *path, struct err *e);

/* Adds the members of the tar stream on standard input. 0, or -1 with e filled. */
int merge_input_tar(struct merge_input *in, struct err *e);

/* Bytes of all sources so far, as they were stored. */
uint64_t merge_input_bytes(const struct merge_input *in);

#endif
