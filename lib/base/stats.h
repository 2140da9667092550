/*
 * What one run of a program did: one JSON object on one line, appended to the file of --stats with
 * a single write, so that many processes may share a file. Fields and units: docs/work-folder.md.
 */
#ifndef SHEAF_BASE_STATS_H
#define SHEAF_BASE_STATS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct stats {
	const char *program; /* borrowed */
	int64_t start_ms;    /* Unix time */
	int64_t start_mono_ms;
	struct buf fields; /* the members added so far */
};

/* Notes the time. */
void stats_begin(struct stats *s, const char *program);

void stats_add_u64(struct stats *s, const char *name, uint64_t value);
/* Escaped; bytes that are not UTF-8 become U+FFFD. */
void stats_add_str(struct stats *s, const char *name, const char *value);
/* json is one whole JSON value. */
void stats_add_json(struct stats *s, const char *name, const char *json);

/*
 * Adds wall time, CPU time and peak memory, appends the line to path (NULL: writes nothing) and
 * frees s. status is the exit status that the program is about to give. 0, or -1 with e filled.
 */
int stats_end(struct stats *s, const char *path, int status, struct err *e);

#endif
