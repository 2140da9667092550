/*
 * The three ways in which the work folder writes an object's URI (docs/work-folder.md): keys/N.tsv
 * has s3://bucket/key; a member of the tar stream is named bucket/key; ledger and rejects have that
 * name as a field of a line, with a tab, a line feed and a backslash as \t, \n and \\. Pure.
 */
#ifndef SHEAF_WORK_SOURCE_NAME_H
#define SHEAF_WORK_SOURCE_NAME_H

#include "base/buf.h"

/* Appends a name (or any text) as a field. */
void source_name_escape(struct buf *out, const char *name);

/* Turns a field back into the name, in place. */
void source_name_unescape(char *field);

/* Whether that name is the object of that URI. */
int source_name_is(const char *name, const char *uri);

#endif
