#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "sums/crc32c.h"
#include "work/batch_name.h"
#include "work/lines.h"
#include "work/plan_keys.h"
#include "work/tsv.h"

enum { READ_LEN = 65536 };

static int
open_keys(struct plan_keys *k, const struct work_folder *w, const char *overlay, uint32_t batch,
    struct err *e)
{
	char path[BATCH_NAME_PATH];
	int fd = -1;

	k->objects = k->bytes = 0;
	k->crc32c = 0;
	if (overlay != NULL)
		fd = work_folder_file(w, batch_name_path(path, overlay, batch, ".tsv"), e);
	if (fd == -1 && (overlay == NULL || errno == ENOENT))
		fd = work_folder_file(w, batch_name_path(path, "keys", batch, ".tsv"), e);
	buf_reset(&k->path);
	buf_addf(&k->path, "%s/%s", w->path, path);
	return fd;
}

static uint64_t
count_lines(const char *p, size_t len)
{
	const char *end = p + len;
	uint64_t n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n;
}

int
plan_keys_sum(struct plan_keys *k, const struct work_folder *w, const char *overlay, uint32_t batch,
    struct err *e)
{
	int fd = open_keys(k, w, overlay, batch, e);
	char in[READ_LEN];
	ssize_t n;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	while ((n = io_read(fd, in, sizeof(in))) > 0) {
		k->crc32c = crc32c(k->crc32c, in, (size_t)n);
		k->objects += count_lines(in, (size_t)n);
	}
	if (n == -1)
		err_errno(e, EXIT_FAILED, "%s", buf_str(&k->path));
	close(fd);
	return n == -1 ? -1 : 1;
}

/* A line of a listing: URI, size, ETag, time. 0, or -1 where it is none. */
static int
take_line(struct plan_keys *k, const char *line, size_t len)
{
	const char *size, *etag, *time, *end = line + len;
	size_t uri_len, shorter;
	uint64_t bytes;
	int order;

	if (len < 5 || memcmp(line, "s3://", 5) != 0 || memchr(line, '\0', len) != NULL ||
	    (size = memchr(line, '\t', len)) == NULL ||
	    (etag = memchr(size + 1, '\t', (size_t)(end - size - 1))) == NULL ||
	    (time = memchr(etag + 1, '\t', (size_t)(end - etag - 1))) == NULL ||
	    memchr(time + 1, '\t', (size_t)(end - time - 1)) != NULL ||
	    num_parse_n(size + 1, (size_t)(etag - size - 1), 0, INT64_MAX, &bytes) == -1)
		return -1;
	uri_len = (size_t)(size - line);
	shorter = uri_len < k->last.len ? uri_len : k->last.len;
	order = shorter > 0 ? memcmp(line, k->last.p, shorter) : 0;
	if (order < 0 || (order == 0 && uri_len <= k->last.len))
		k->ascends = 0;
	buf_reset(&k->last);
	buf_add(&k->last, line, uri_len);
	k->crc32c = crc32c(crc32c(k->crc32c, line, len), "\n", 1);
	k->bytes += bytes;
	k->objects++;
	return 0;
}

int
plan_keys_scan(struct plan_keys *k, const struct work_folder *w, const char *overlay,
    uint32_t batch, struct err *e)
{
	int fd = open_keys(k, w, overlay, batch, e), rc = 0;
	enum lines_event ev = LINES_LINE;
	struct lines l;
	char *line;
	size_t len;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	k->ascends = 1;
	lines_begin(&l, fd, TSV_LINE_MAX);
	while (rc == 0 && (ev = lines_next(&l, &line, &len)) == LINES_LINE)
		rc = take_line(k, line, len);
	if (ev == LINES_ERROR) {
		rc = err_errno(e, EXIT_FAILED, "%s", buf_str(&k->path));
	} else if (rc == -1 || ev != LINES_END) {
		rc = err_set(e, EXIT_FAILED, "%s: line %llu is %s", buf_str(&k->path),
		    (unsigned long long)l.number,
		    ev == LINES_UNENDED ? "cut short" : "no line of a listing");
	}
	lines_end(&l);
	return rc == -1 ? -1 : 1;
}

void
plan_keys_free(struct plan_keys *k)
{
	buf_free(&k->path);
	buf_free(&k->last);
}

int
plan_keys_skipped(const struct work_folder *w, uint32_t batch, uint64_t *lines, struct err *e)
{
	char path[BATCH_NAME_PATH], in[READ_LEN];
	int fd = work_folder_file(w, batch_name_path(path, "keys", batch, ".skipped"), e);
	ssize_t n;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	while ((n = io_read(fd, in, sizeof(in))) > 0)
		*lines += count_lines(in, (size_t)n);
	if (n == -1)
		err_errno(e, EXIT_FAILED, "%s/%s", w->path, path);
	close(fd);
	return n == -1 ? -1 : 0;
}

uint32_t
plan_keys_files(const struct work_folder *w, const char *folder, uint32_t *end, struct buf *stray)
{
	DIR *dir = work_folder_list(w, folder);
	struct dirent *entry;
	uint32_t files = 0, n;

	*end = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		size_t len = strlen(name);

		if (len < 4 || strcmp(name + len - 4, ".tsv") != 0)
			continue;
		if (batch_name_parse(name, len - 4, &n) == 0) {
			files++;
			*end = n >= *end ? n + 1 : *end;
		} else if (stray != NULL && stray->len == 0) {
			buf_adds(stray, name);
		}
	}
	if (dir != NULL)
		closedir(dir);
	return files;
}
