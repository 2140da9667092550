#include "work/ledger_walk.h"
#include "work/batch_name.h"
#include "work/keys.h"
#include "work/rejects.h"
#include "work/source_name.h"

static int
walk(struct tsv *keys, struct tsv *ledger, const struct rejects *rejects, size_t *rejected,
    ledger_walk_take *take, void *arg, struct err *e)
{
	struct ledger_line l = {0};
	struct keys_line key;
	int have = ledger_next(ledger, &l, e), rc = 0;

	while (have != -1 && (rc = keys_next(keys, &key, e)) == 1) {
		uint64_t at = keys->lines.number;

		if (have == 1 && source_name_is(l.name, key.uri)) {
			take(arg, LEDGER_WALK_MERGED, key.uri, at, &l);
			have = ledger_next(ledger, &l, e);
		} else if (rejects_have(rejects, key.uri)) {
			take(arg, LEDGER_WALK_REJECTED, key.uri, at, NULL);
			(*rejected)++;
		} else {
			take(arg, LEDGER_WALK_MISSING, key.uri, at, NULL);
		}
	}
	for (; have == 1 && rc == 0; have = ledger_next(ledger, &l, e))
		take(arg, LEDGER_WALK_UNPLANNED, "", 0, &l);
	return have == -1 ? -1 : rc;
}

int
ledger_walk(
    const struct work_folder *w, uint32_t batch, ledger_walk_take *take, void *arg, struct err *e)
{
	struct tsv keys = {.lines.fd = -1}, ledger = {.lines.fd = -1};
	struct rejects rejects = {0};
	char path[BATCH_NAME_PATH];
	size_t rejected = 0;
	int rc = -1;

	if (rejects_load(&rejects, w, batch_name_path(path, "reject", batch, ".tsv"), e) == 0 &&
	    tsv_open(&keys, w, batch_name_path(path, "keys", batch, ".tsv"), e) == 0 &&
	    tsv_open(&ledger, w, batch_name_path(path, "ledger", batch, ".tsv"), e) == 0)
		rc = walk(&keys, &ledger, &rejects, &rejected, take, arg, e);
	if (rc == 0 && rejected != rejects.n)
		rc = err_set(e, EXIT_FAILED,
		    "%s/%s: names %zu objects that were left out, and %zu were", w->path,
		    batch_name_path(path, "reject", batch, ".tsv"), rejects.n, rejected);
	tsv_close(&keys);
	tsv_close(&ledger);
	rejects_free(&rejects);
	return rc;
}
