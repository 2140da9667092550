/*
 * Opening files whose folder others may have filled. A symbolic link is followed only where we or
 * root made it, and within a run of the pipeline (SHEAF_NOFOLLOW is set) not at all: nothing in a
 * work folder is a link. What lies below /dev and /proc is always followed (/dev/stdout,
 * /dev/fd/3).
 */
#ifndef SHEAF_BASE_PATH_H
#define SHEAF_BASE_PATH_H

#include <sys/types.h>

/* As open(2). -1 with errno, ELOOP for a link that is not followed. */
int path_open(const char *path, int flags, mode_t mode);

/* 1 if the link at path would be followed, or there is none. */
int path_is_followed(const char *path);

#endif
