#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "work/audit.h"
#include "work/batch_name.h"
#include "work/known_values.h"

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

/* A receipt that is of no use is told. */
static void
load_one(struct audit *a)
{
	const char *one = a->is_backup ? "backup/one.json" : "one.json";
	struct err e;
	int rc = receipt_load(&a->one.receipt, &a->work, one, &e);

	if (rc == -1)
		audit_problem(a, "%s", e.text);
	else if (rc == 1 && a->one.receipt.lacks != NULL)
		audit_problem(a, "%s/%s: not a receipt: %s is missing or of the wrong type",
		    a->work.path, one, a->one.receipt.lacks);
	else
		a->one.made = rc == 1;
}

int
audit_begin(struct audit *a, const char *work, const char *backup, audit_tell *tell, void *arg,
    struct err *e)
{
	const char *value;
	int rc;

	*a = (struct audit){.is_backup = backup != NULL, .tell = tell, .arg = arg};
	if (work_folder_open(&a->work, work, e) == -1)
		return -1;
	if ((rc = known_values_load(&a->settings, &a->work, "settings", e)) != 1)
		return rc == -1 ? -1
				: err_set(e, EXIT_FAILED,
				      "%s/settings: missing: not the work folder of a merge", work);
	value = values_get(&a->settings, "UNION");
	a->is_union = value != NULL && strcmp(value, "1") == 0;
	a->src = values_get(&a->settings, "SRC");
	a->dest = backup != NULL ? backup : values_get(&a->settings, "DEST");
	if (a->src == NULL || a->dest == NULL)
		return err_set(e, EXIT_FAILED, "%s/settings: no SRC or no DEST", work);
	if (plan_load(&a->plan, &a->work, NULL, e) == -1)
		return -1;
	a->n_batches = a->plan.n;
	a->batches = xcalloc((size_t)a->n_batches + 1, sizeof(*a->batches));
	load_one(a);
	return 0;
}

/* plan_tell */
static void
take_plan(void *arg, uint32_t batch, const char *why)
{
	audit_problem(arg, "%s%s", why, batch != UINT32_MAX ? PLAN_REMEDY : "");
}

int
audit_plan(struct audit *a, struct err *e)
{
	if (!a->plan.complete)
		return err_set(e, EXIT_FAILED, "%s: the listing is not complete", a->work.path);
	return plan_check(&a->plan, &a->work, NULL, take_plan, a, e) == -1 ? -1 : 0;
}

void
audit_end(struct audit *a)
{
	for (uint32_t n = 0; n < a->n_batches; n++)
		receipt_free(&a->batches[n].receipt);
	receipt_free(&a->one.receipt);
	twice_free(&a->twice);
	values_free(&a->settings);
	plan_free(&a->plan);
	work_folder_close(&a->work);
	free(a->batches);
	a->batches = NULL;
	a->n_batches = 0;
}
