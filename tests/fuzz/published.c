/*
 * lib/work/published: any archive is unpacked or refused, and nothing but files of a work folder is
 * in the folder afterwards. The input is a tar stream, compressed or not.
 */
#include <stdint.h>

#include "folder.h"
#include "work/published.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
check_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)path;
	if (type != FTW_F && type != FTW_D)
		abort();
	if (at->level > 2 || (st->st_mode & 077) != 0)
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/dev/shm/sheaf-fuzz-XXXXXX";
	struct buf dir = {0}, file = {0};
	struct err e = {.text = ""};
	int fd;

	if (mkdtemp(path) == NULL)
		abort();
	buf_addf(&dir, "%s/work", path);
	buf_addf(&file, "%s/archive", path);
	fd = open(buf_str(&file), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) == -1)
		abort();
	if (published_unpack(fd, buf_str(&dir), "s3://b/d/", 3, &e) == -1 && e.text[0] == '\0')
		abort();
	close(fd);
	if (nftw(dir.p, check_one, 8, FTW_PHYS) != 0)
		abort();
	folder_remove(path);
	buf_free(&dir);
	buf_free(&file);
	return 0;
}
