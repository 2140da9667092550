#include <string.h>

#include "work/batch_name.h"
#include "work/counts.h"
#include "work/receipt.h"
#include "work/rejects.h"

int
counts_is_done(const struct work_folder *w, uint32_t batch, int backup)
{
	char path[BATCH_NAME_PATH];

	return work_folder_has(w, batch_name_path(path, "put", batch, ".json")) &&
	    (!backup || work_folder_has(w, batch_name_path(path, "backup", batch, ".json")));
}

/* The batches of the plan that have a file with that suffix in the folder. */
static uint64_t
count_files(
    const struct work_folder *w, const struct plan *p, const char *folder, const char *suffix)
{
	DIR *dir = work_folder_list(w, folder);
	struct dirent *entry;
	uint64_t n = 0;
	uint32_t batch;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t digits = strspn(entry->d_name, "0123456789");

		n += strcmp(entry->d_name + digits, suffix) == 0 &&
		    batch_name_parse(entry->d_name, digits, &batch) == 0 && batch < p->n;
	}
	if (dir != NULL)
		closedir(dir);
	return n;
}

/* Objects of a done batch, with those that it left out. */
static int
add_objects(struct counts *c, const struct work_folder *w, uint32_t batch, struct err *e)
{
	struct rejects rejects = {0};
	struct receipt r;
	char path[BATCH_NAME_PATH];
	int rc = receipt_load(&r, w, batch_name_path(path, "put", batch, ".json"), e);

	if (rc == 1) {
		c->objects += r.objects;
		receipt_free(&r);
		rc = rejects_load(&rejects, w, batch_name_path(path, "reject", batch, ".tsv"), e);
		c->objects += rejects.n;
		rejects_free(&rejects);
	}
	return rc;
}

int
counts_make(
    struct counts *c, const struct work_folder *w, const struct plan *p, int objects, struct err *e)
{
	struct err why;
	int rc = 0;

	*c = (struct counts){
	    .batches = (uint64_t)p->n + p->lost,
	    .done = count_files(w, p, "put", ".json"),
	    .failed = count_files(w, p, "failed", ""),
	};
	for (uint32_t n = 0; n < p->n && objects; n++)
		if (add_objects(c, w, n, &why) == -1 && rc == 0)
			rc = err_set(e, EXIT_FAILED, "%s", why.text);
	return rc;
}
