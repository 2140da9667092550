#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

int
path_is_followed(const char *path)
{
	struct stat st;

	if (strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0)
		return 1;
	if (lstat(path, &st) == -1 || !S_ISLNK(st.st_mode))
		return 1;
	return getenv("SHEAF_NOFOLLOW") == NULL && (st.st_uid == geteuid() || st.st_uid == 0);
}

int
path_open(const char *path, int flags, mode_t mode)
{
	int fd = open(path, flags | O_NOFOLLOW, mode);

	if (fd != -1 || errno != ELOOP)
		return fd;
	if (!path_is_followed(path)) {
		errno = ELOOP;
		return -1;
	}
	return open(path, flags, mode);
}
