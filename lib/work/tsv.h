/*
 * Tab-separated files, a line at a time, so that a file of any size takes little memory.
 */
#ifndef SHEAF_WORK_TSV_H
#define SHEAF_WORK_TSV_H

#include <stdint.h>

#include "base/err.h"
#include "work/lines.h"
#include "work/work_folder.h"

enum { TSV_FIELDS = 4, TSV_LINE_MAX = 65536 /* bytes */ };

struct tsv {
	struct lines lines;
	struct buf path; /* for messages */
	char *field[TSV_FIELDS];
};

/* Opens name in the folder, or with w NULL the file of that path. 0, or -1 with e filled; errno is
 * ENOENT where the file does not exist. tsv_close is needed in both cases. */
int tsv_open(struct tsv *t, const struct work_folder *w, const char *name, struct err *e);

/* 1: a line with n fields, valid until the next call; 0: the end; -1: the file cannot be read, or
 * its line does not have n fields or no line feed (e is filled). */
int tsv_next(struct tsv *t, unsigned n, struct err *e);

/* Fills e with the file, the line and what is wrong with it; returns -1. */
int tsv_bad(const struct tsv *t, const char *what, struct err *e);

void tsv_close(struct tsv *t);

#endif
