/*
 * lib/work/audit: whatever is in a work folder, the listing of a destination and a tar stream, an
 * audit ends, and what it finds is text.
 */
#include <stdint.h>

#include "folder.h"
#include "work/audit.h"
#include "work/audit_batch.h"
#include "work/audit_dest.h"
#include "work/audit_rows.h"
#include "work/counts.h"
#include "work/known_values.h"
#include "work/merged_file.h"
#include "work/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
tell(void *arg, const char *discrepancy)
{
	size_t *n = arg;

	*n += 1;
	if (*discrepancy == '\0')
		abort();
}

/* plan_tell */
static void
ignore(void *arg, uint32_t batch, const char *why)
{
	(void)arg;
	(void)batch;
	if (*why == '\0')
		abort();
}

/* The questions of scripts. */
static void
ask(const struct work_folder *w)
{
	static const char *const files[] = {"settings", "status"};
	struct counts c;
	struct plan p;
	struct values v;
	struct err e;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)known_values_load(&v, w, files[i], &e);
		values_free(&v);
	}
	if (plan_load(&p, w, "refresh", &e) == 0)
		(void)plan_check(&p, w, "refresh", ignore, NULL, &e);
	plan_free(&p);
	if (plan_load(&p, w, NULL, &e) == 0) {
		(void)counts_make(&c, w, &p, 1, &e);
		if (c.batches > 200000)
			abort();
		for (uint32_t i = 0; i < c.batches && i < 1000; i++)
			(void)merged_file_whole(w, i, &e);
	}
	plan_free(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/dev/shm/sheaf-fuzz-XXXXXX";
	struct buf list = {0}, tar = {0};
	struct audit a;
	struct err e;
	size_t told = 0;
	int fd;

	folder_make(path, (const char *)data, size);
	buf_addf(&list, "%s/dest.tsv", path);
	buf_addf(&tar, "%s/rows.tar", path);
	if (audit_begin(&a, path, size % 2 ? NULL : "s3://b/k/", tell, &told, &e) == 0) {
		(void)audit_plan(&a, &e);
		audit_batch_all(&a);
		(void)audit_dest(&a, buf_str(&list), &e);
		if ((fd = open(buf_str(&tar), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) != -1) {
			(void)audit_rows(&a, fd, &e);
			close(fd);
		}
		if (a.problems != told)
			abort();
	}
	ask(&a.work);
	audit_end(&a);
	folder_remove(path);
	buf_free(&list);
	buf_free(&tar);
	return 0;
}
