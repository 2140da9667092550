/*
 * A batch as the work folder has it (docs/work-folder.md): the objects planned, the ledger of what
 * they gave, the rejects and the receipt. Each is read line by line, so that a batch of any size
 * takes no memory but its rejects.
 */
#ifndef SHEAF_WORK_RECORDS_H
#define SHEAF_WORK_RECORDS_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "work/ledger.h"

struct receipt {
	char *uri;  /* owned */
	char *etag; /* owned */
	uint64_t bytes, objects, rows, header_bytes;
	uint32_t crc32c, header_crc32c;
};

/* Reads put/N.json. 0, or -1 with *r zeroed: e names the file and what is wrong with it. */
int receipt_load(struct receipt *r, const char *path, struct err *e);
void receipt_free(struct receipt *r);

/* A tab-separated file, a line at a time. */
enum { TSV_FIELDS = 4 };

struct tsv {
	FILE *f;
	char *path; /* owned */
	char *line; /* owned; fields point into it */
	size_t cap;
	uint64_t number; /* of the line, from 1 */
	char *field[TSV_FIELDS];
};

/* 0, or -1 with e filled. tsv_close is needed in both cases. */
int tsv_open(struct tsv *t, const char *path, struct err *e);

/* 1: a line with n fields; 0: the end; -1: it cannot be read, or has other than n fields or no line
 * feed (e is filled). */
int tsv_next(struct tsv *t, unsigned n, struct err *e);
void tsv_close(struct tsv *t);

/* As tsv_next. The line's name points into the tsv's line. */
int ledger_next(struct tsv *t, struct ledger_line *l, struct err *e);

/* The objects of a batch that were left out, by their URIs. Zero-initialised is none. */
struct rejects {
	char **uri; /* owned */
	size_t n, cap;
};

/* Reads reject/N.tsv; no such file is no rejects. 0, or -1 with e filled and what was read before
 * kept. */
int rejects_load(struct rejects *r, const char *path, struct err *e);
int rejects_have(const struct rejects *r, const char *uri);
void rejects_free(struct rejects *r);

#endif
