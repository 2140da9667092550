/*
 * Files of NAME=value lines in the work folder: settings, status, keys/complete
 * (docs/work-folder.md).
 */
#ifndef SHEAF_WORK_VALUES_H
#define SHEAF_WORK_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "work/work_folder.h"

enum {
	VALUES_MAX = 64,	 /* lines of a file */
	VALUES_FILE_MAX = 65536, /* bytes */
};

struct values {
	size_t n;
	struct {
		const char *name, *value; /* point into text */
	} at[VALUES_MAX];
	struct buf text;
};

/*
 * Reads a file. 1; 0 where it does not exist; -1 with e filled: it cannot be read, is too long, or
 * a line is not NAME=value. A name is made of letters, digits and underscores, a value holds no
 * control character but tabs, and no name is repeated. The lines that are right are in v in any
 * case. values_free is needed in all cases.
 */
int values_load(struct values *v, const struct work_folder *w, const char *name, struct err *e);

/* NULL where there is none of that name. Points into v. */
const char *values_get(const struct values *v, const char *name);

void values_free(struct values *v);

#endif
