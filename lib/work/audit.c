#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "work/audit.h"
#include "work/batch_name.h"

void
audit_problem(struct audit *a, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->problems++;
	a->tell(a->arg, text);
}

void
audit_problem_at(struct audit *a, uint32_t batch, const char *what)
{
	char name[BATCH_NAME_SIZE];
	struct buf uri = {0};

	batch_name_object(&uri, a->dest, batch_name(name, batch));
	audit_problem(a, "%s: %s", buf_str(&uri), what);
	buf_free(&uri);
}

/* The number of batches that keys/complete has; each of them must have its keys. */
static int
count_batches(struct audit *a, struct err *e)
{
	struct values complete;
	char path[BATCH_NAME_PATH];
	uint64_t n = 0;
	const char *value;
	int rc = values_load(&complete, &a->work, "keys/complete", e);

	if (rc == 0)
		rc = err_set(e, EXIT_FAILED, "%s: the listing is not complete", a->work.path);
	value = values_get(&complete, "batches");
	if (rc == 1 && (value == NULL || num_parse(value, 0, UINT32_MAX - 1, &n) == -1))
		rc =
		    err_set(e, EXIT_FAILED, "%s/keys/complete: no number of batches", a->work.path);
	values_free(&complete);
	if (rc == -1)
		return -1;
	while (a->n_batches < n &&
	    work_folder_has(&a->work, batch_name_path(path, "keys", a->n_batches, ".tsv")))
		a->n_batches++;
	if (a->n_batches < n)
		audit_problem(a, "%s/%s: missing, and keys/complete has %llu batches", a->work.path,
		    path, (unsigned long long)n);
	a->batches = xcalloc((size_t)a->n_batches + 1, sizeof(*a->batches));
	return 0;
}

int
audit_begin(struct audit *a, const char *work, const char *backup, audit_tell *tell, void *arg,
    struct err *e)
{
	const char *one = backup != NULL ? "backup/one.json" : "one.json";
	const char *value;
	int rc;

	*a = (struct audit){.is_backup = backup != NULL, .tell = tell, .arg = arg};
	if (work_folder_open(&a->work, work, e) == -1)
		return -1;
	if ((rc = values_load(&a->settings, &a->work, "settings", e)) != 1)
		return rc == -1 ? -1
				: err_set(e, EXIT_FAILED,
				      "%s/settings: missing: not the work folder of a merge", work);
	value = values_get(&a->settings, "UNION");
	a->is_union = value != NULL && strcmp(value, "1") == 0;
	a->src = values_get(&a->settings, "SRC");
	a->dest = backup != NULL ? backup : values_get(&a->settings, "DEST");
	if (a->src == NULL || a->dest == NULL)
		return err_set(e, EXIT_FAILED, "%s/settings: no SRC or no DEST", work);
	if (count_batches(a, e) == -1)
		return -1;
	rc = receipt_load(&a->one.receipt, &a->work, one, e);
	if (rc == 1 && a->one.receipt.lacks != NULL)
		return err_set(e, EXIT_FAILED,
		    "%s/%s: not a receipt: %s is missing or of the wrong type", work, one,
		    a->one.receipt.lacks);
	a->one.made = rc == 1;
	return rc == -1 ? -1 : 0;
}

void
audit_end(struct audit *a)
{
	for (uint32_t n = 0; n < a->n_batches; n++)
		receipt_free(&a->batches[n].receipt);
	receipt_free(&a->one.receipt);
	twice_free(&a->twice);
	values_free(&a->settings);
	work_folder_close(&a->work);
	free(a->batches);
	a->batches = NULL;
	a->n_batches = 0;
}
