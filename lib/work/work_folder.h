/*
 * Files of a work folder (docs/work-folder.md). Somebody else may have prepared the folder: nothing
 * in it is followed as a symbolic link, and only regular files are opened, so that a FIFO or a
 * device cannot hold up a reader. The folder's own name may be a link.
 */
#ifndef SHEAF_WORK_WORK_FOLDER_H
#define SHEAF_WORK_WORK_FOLDER_H

#include <dirent.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct work_folder {
	char *path; /* as given, for messages; owned */
	int fd;
};

/* 0, or -1 with e filled (EXIT_USAGE). work_folder_close is needed in both cases. */
int work_folder_open(struct work_folder *w, const char *path, struct err *e);
void work_folder_close(struct work_folder *w);

/* Opens the file name ("keys/complete") for reading. A descriptor, or -1 with e filled; errno is
 * ENOENT where the file does not exist. */
int work_folder_file(const struct work_folder *w, const char *name, struct err *e);

/* Whether something exists under that name, whatever it is. */
int work_folder_has(const struct work_folder *w, const char *name);

/* Reads a whole file of at most max bytes into out, which is emptied first. 1; 0 where the file
 * does not exist; -1 with e filled. */
int work_folder_read(
    const struct work_folder *w, const char *name, size_t max, struct buf *out, struct err *e);

/* Writes a file, which appears complete or not at all: name.part is made anew, synced and renamed,
 * so that a link of either name is replaced, not followed. 0, or -1 with e filled. */
int work_folder_write(
    const struct work_folder *w, const char *name, const void *p, size_t len, struct err *e);

/* Renames a file within its subfolder; to is a name like from. 0, or -1 with e filled. */
int work_folder_rename(
    const struct work_folder *w, const char *from, const char *to, struct err *e);

/* Removes a file. 0, also where it does not exist; -1 with e filled. */
int work_folder_remove(const struct work_folder *w, const char *name, struct err *e);

/* Opens a subfolder for readdir. NULL with errno, ENOENT where it does not exist. */
DIR *work_folder_list(const struct work_folder *w, const char *name);

#endif
