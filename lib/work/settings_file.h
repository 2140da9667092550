/*
 * The settings file of a work folder: the version of the folder's format, and the settings that it
 * belongs to, which are those that shape the merged bytes.
 */
#ifndef SHEAF_WORK_SETTINGS_FILE_H
#define SHEAF_WORK_SETTINGS_FILE_H

#include "base/buf.h"
#include "base/err.h"
#include "work/settings.h"
#include "work/values.h"

/* Its first line, version=2; the second is crc32c=1a2b3c4d, of all that follow. Work folders of
 * version 1 have neither. */
enum { SETTINGS_FILE_VERSION = 2 };

/* These, and a NAME=value line for each setting, its value from get. */
void settings_file_write(struct buf *out, settings_get *get, void *arg);

/* Compares the environment with a file, or NULL: there is none. Whether any setting differs: their
 * names are appended to names, a line each, and what differs to told. */
int settings_file_differ(struct buf *names, struct buf *told, struct values *kept);

/* Checks a file: a version that is known, known names, proper values, nothing lost. -1 with e
 * filled. */
int settings_file_check(const struct values *v, const char *path, struct err *e);

/* The version alone. */
int settings_file_check_version(const struct values *v, const char *path, struct err *e);

#endif
