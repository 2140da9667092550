#include <string.h>

#include "work/backup.h"
#include "work/batch_name.h"
#include "work/receipt.h"

/* A receipt names PREFIX merged-N.csv. */
static int
take_prefix(struct buf *out, const struct receipt *r, uint32_t batch)
{
	char name[BATCH_NAME_SIZE];
	struct buf object = {0};
	size_t len = r->uri != NULL ? strlen(r->uri) : 0;
	int fits;

	batch_name_object(&object, "", batch_name(name, batch));
	fits = len > object.len && strncmp(r->uri, "s3://", 5) == 0 &&
	    strcmp(r->uri + len - object.len, buf_str(&object)) == 0;
	if (fits)
		buf_add(out, r->uri, len - object.len);
	buf_free(&object);
	return fits;
}

int
backup_prefix(struct buf *out, const struct work_folder *w, uint32_t n, struct err *e)
{
	char path[BATCH_NAME_PATH];
	struct receipt r;
	int rc = 0;

	for (uint32_t i = 0; i < n && rc != 1; i++) {
		int found = receipt_load(&r, w, batch_name_path(path, "backup", i, ".json"), e);

		if (found == 1 && take_prefix(out, &r, i))
			rc = 1;
		else if (found == 1)
			rc = err_set(e, EXIT_FAILED, "%s/%s: its uri is not that of this batch",
			    w->path, path);
		else if (found == -1)
			rc = -1;
		receipt_free(&r);
	}
	return rc;
}
