/*
 * How batches and their merged objects are named: batch 42 is 00042, its object DEST
 * merged-00042.csv. Pure.
 */
#ifndef SHEAF_WORK_BATCH_NAME_H
#define SHEAF_WORK_BATCH_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { BATCH_NAME_SIZE = 12, BATCH_NAME_PATH = 64 };

/* Writes the name of batch n into out and returns it. */
const char *batch_name(char out[BATCH_NAME_SIZE], uint32_t n);

/* 0, or -1 where the len bytes at s are no batch's name; UINT32_MAX is none's. */
int batch_name_parse(const char *s, size_t len, uint32_t *n);

/* Writes the name of a file of batch n within the work folder, "keys/00042.tsv", into out and
 * returns it. */
const char *batch_name_path(
    char out[BATCH_NAME_PATH], const char *folder, uint32_t n, const char *suffix);

/* Appends the URI of the object of that batch; prefix is DEST. */
void batch_name_object(struct buf *out, const char *prefix, const char *name);

/* 0, or -1 where uri is no object of a batch under that prefix. */
int batch_name_object_parse(const char *uri, const char *prefix, uint32_t *n);

/* 0, or -1 where uri is no object of a batch under any prefix. */
int batch_name_object_of(const char *uri, uint32_t *n);

#endif
