/*
 * A work folder made of a fuzzer's input: "@NAME" begins the file of that name; what follows, up to
 * the next line that begins with "@", is its content. "@>NAME" makes a symbolic link to what
 * follows. Names that lead out of the folder are skipped.
 */
#ifndef SHEAF_FUZZ_FOLDER_H
#define SHEAF_FUZZ_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

static int
folder_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void
folder_remove(const char *path)
{
	nftw(path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
folder_put(const char *folder, const char *name, const char *text, size_t len)
{
	int link = *name == '>', fd;
	const char *slash;
	struct buf path = {0}, to = {0};

	name += link;
	slash = strchr(name, '/');
	if (*name == '\0' || *name == '/' || strstr(name, "..") != NULL || strcmp(name, ".") == 0 ||
	    (slash != NULL && (strchr(slash + 1, '/') != NULL || slash[1] == '\0')) ||
	    strncmp(name, "./", 2) == 0 || strlen(name) > 200)
		return;
	buf_addf(&path, "%s/%.*s", folder, slash != NULL ? (int)(slash - name) : 0, name);
	if (slash != NULL)
		mkdir(buf_str(&path), 0700);
	buf_reset(&path);
	buf_addf(&path, "%s/%s", folder, name);
	buf_add(&to, text, len < 100 ? len : 100);
	if (link)
		(void)!symlink(buf_str(&to), buf_str(&path));
	else if ((fd = open(buf_str(&path), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600)) !=
	    -1) {
		(void)!write(fd, text, len);
		close(fd);
	}
	buf_free(&path);
	buf_free(&to);
}

/* Makes the folder; its name goes to path, which holds a template for mkdtemp. */
static inline void
folder_make(char *path, const char *p, size_t n)
{
	const char *end = p + n;

	if (mkdtemp(path) == NULL)
		abort();
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p)), *next;
		struct buf name = {0};

		if (*p != '@' || lf == NULL)
			break;
		buf_add(&name, p + 1, (size_t)(lf - p - 1));
		for (next = lf; (next = memchr(next, '\n', (size_t)(end - next))) != NULL; next++)
			if (next + 1 < end && next[1] == '@')
				break;
		next = next != NULL ? next + 1 : end;
		if (strlen(buf_str(&name)) == name.len)
			folder_put(path, name.p, lf + 1, (size_t)(next - lf - 1));
		buf_free(&name);
		p = next;
	}
}

#endif
