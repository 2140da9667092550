#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "sums/crc32c.h"
#include "work/batch_name.h"
#include "work/ledger_walk.h"
#include "work/merged_file.h"
#include "work/receipt.h"
#include "work/release.h"

enum { READ_LEN = 65536 };

int
merged_file_check(const struct work_folder *w, uint32_t batch, uint64_t bytes, uint32_t crc32c_want,
    struct err *e)
{
	char path[BATCH_NAME_PATH], in[READ_LEN];
	int fd = work_folder_file(w, batch_name_path(path, "merged", batch, ".csv"), e);
	uint64_t len = 0;
	uint32_t crc = 0;
	ssize_t n;

	if (fd == -1)
		return -1;
	while ((n = io_read(fd, in, sizeof(in))) > 0) {
		crc = crc32c(crc, in, (size_t)n);
		len += (uint64_t)n;
	}
	if (n == -1)
		err_errno(e, EXIT_FAILED, "%s/%s", w->path, path);
	else if (len != bytes || crc != crc32c_want)
		n = err_set(e, EXIT_FAILED, "%s/%s: is not what was written", w->path, path);
	close(fd);
	return n == -1 ? -1 : 0;
}

struct sums {
	uint64_t objects, rows;
};

static void
take(void *arg, enum ledger_walk_event ev, const char *uri, uint64_t line,
    const struct ledger_line *l)
{
	struct sums *s = arg;

	(void)uri;
	(void)line;
	if (ev == LEDGER_WALK_MERGED) {
		s->objects++;
		s->rows += l->rows;
	}
}

int
merged_file_whole(const struct work_folder *w, uint32_t batch, struct err *e)
{
	char path[BATCH_NAME_PATH];
	struct receipt about = {0}; /* the same members, but for those of the stored object */
	struct sums s = {0};
	int rc = -1;

	if (release_check(w, batch, e) == 0 && ledger_walk(w, batch, take, &s, e) == 0)
		rc = receipt_load(&about, w, batch_name_path(path, "about", batch, ".json"), e);
	if (rc == 1)
		rc = merged_file_check(w, batch, about.bytes, about.crc32c, e);
	else if (rc == 0)
		rc = err_set(e, EXIT_FAILED, "%s/%s: is missing", w->path, path);
	if (rc == 0 && (about.objects != s.objects || about.rows != s.rows))
		rc = err_set(
		    e, EXIT_FAILED, "%s/%s: is not of the same merge as the ledger", w->path, path);
	receipt_free(&about);
	return rc;
}
