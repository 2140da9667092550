/*
 * What the two parts of sheaf-work know of each other.
 */
#ifndef SHEAF_WORK_H
#define SHEAF_WORK_H

#include "base/err.h"

/* Prints what was asked for. The exit status, or -1 with e filled. */
typedef int sheaf_work_run(int argc, char **argv, struct err *e);

struct sheaf_work_command {
	const char *name;
	sheaf_work_run *run;
};

/* About settings and values; the last one has no name. */
extern const struct sheaf_work_command sheaf_work_values[];

/* Fills e and returns -1. */
int sheaf_work_usage(struct err *e);

#endif
