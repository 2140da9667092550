#include "work/release.h"
#include "work/batch_name.h"
#include "work/ledger_walk.h"

/* The first difference goes into e. */
struct check {
	char name[BATCH_NAME_SIZE];
	int differs;
	struct err *e;
};

static void
take(void *arg, enum ledger_walk_event ev, const char *uri, uint64_t line,
    const struct ledger_line *l)
{
	struct check *c = arg;

	(void)line;
	if (c->differs || ev == LEDGER_WALK_MERGED || ev == LEDGER_WALK_REJECTED)
		return;
	c->differs = 1;
	if (ev == LEDGER_WALK_MISSING)
		err_set(c->e, EXIT_FAILED,
		    "%s: is planned in batch %s but was not merged; the batch will be made again",
		    uri, c->name);
	else
		err_set(c->e, EXIT_FAILED,
		    "s3://%s: was merged in batch %s but is not planned there; the batch will be "
		    "made again",
		    l->name, c->name);
}

int
release_check(const struct work_folder *w, uint32_t batch, struct err *e)
{
	struct check c = {.e = e};

	batch_name(c.name, batch);
	return ledger_walk(w, batch, take, &c, e) == -1 || c.differs ? -1 : 0;
}

int
release_merged(const struct work_folder *w, uint32_t batch, struct err *e)
{
	char held[BATCH_NAME_PATH], final[BATCH_NAME_PATH];

	struct err ignored;

	batch_name_path(held, "merged", batch, ".csv.held");
	batch_name_path(final, "merged", batch, ".csv");
	if (release_check(w, batch, e) == 0)
		return work_folder_rename(w, held, final, e);
	(void)work_folder_remove(w, held, &ignored);
	return -1;
}
