/*
 * run.json: the claim of a run on its destination (docs/work-folder.md). One is in the work folder,
 * the same at DEST_sheaf/run.json, where somebody else may have written it.
 */
#ifndef SHEAF_WORK_CLAIM_H
#define SHEAF_WORK_CLAIM_H

#include "base/err.h"
#include "work/work_folder.h"

enum { CLAIM_MAX = 65536 /* bytes of the file */ };

struct claim {
	char id[33];	  /* 32 lower-case hex digits */
	char created[32]; /* RFC 3339 */
	char *src, *dest; /* owned */
};

/* Reads the len bytes at text; name is for messages. 0, or -1 with e filled: not JSON, or a field
 * is missing or not what it must be. claim_free is needed in both cases. */
int claim_parse(struct claim *c, const char *text, size_t len, const char *name, struct err *e);

/* Reads run.json of a work folder; a missing file is an error. */
int claim_load(struct claim *c, const struct work_folder *w, struct err *e);

/* Whether the len bytes at text, found at the prefix that the setting name has, are of the same run
 * as run.json. 0, or -1 with e filled: whose they are. */
int claim_check(const struct work_folder *w, const char *text, size_t len, const char *name,
    const char *prefix, struct err *e);

void claim_free(struct claim *c);

#endif
