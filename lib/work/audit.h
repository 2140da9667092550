/*
 * The state of an audit: is every object of a plan in exactly one merged object, with all its rows?
 * audit_batch, audit_dest and audit_rows do the checks. Discrepancies are told one by one, and the
 * audit goes on; what stops it is an error.
 */
#ifndef SHEAF_WORK_AUDIT_H
#define SHEAF_WORK_AUDIT_H

#include <stdint.h>

#include "base/err.h"
#include "work/plan.h"
#include "work/receipt.h"
#include "work/twice.h"
#include "work/values.h"
#include "work/work_folder.h"

struct audit_object {
	struct receipt receipt;
	int made;    /* the receipt is there and has all its fields */
	int at_dest; /* the listing of the destination has it */
	int read;    /* the tar stream had it */
};

struct audit_sums {
	uint64_t objects, rows, bytes;
	uint32_t crc32c;
};

typedef void audit_tell(void *arg, const char *discrepancy);

struct audit {
	struct work_folder work;
	struct values settings;
	const char *src, *dest; /* prefixes; borrowed */
	int is_backup;		/* dest is a second destination */
	int is_union;		/* columns were matched by name */
	struct plan plan;
	uint32_t n_batches;	      /* plan.n */
	struct audit_object *batches; /* owned */
	struct audit_object one;      /* the single object of ONE=1 */
	struct twice twice;
	struct audit_sums all; /* of the rows of all batches, in their order */
	uint64_t bytes;	       /* of all merged objects */
	uint64_t rejected, problems;
	audit_tell *tell;
	void *arg;
};

/*
 * Opens the work folder and reads its settings and its plan. backup: the prefix of a second
 * destination, which is audited instead of DEST; NULL: DEST. -1 with e filled: there is no work
 * folder, or its plan cannot be read. audit_end is needed in both cases.
 */
int audit_begin(struct audit *a, const char *work, const char *backup, audit_tell *tell, void *arg,
    struct err *e);
void audit_end(struct audit *a);

/* Are the files in keys/ what was planned? -1 with e filled: the listing is not complete. */
int audit_plan(struct audit *a, struct err *e);

/* Tells a discrepancy and counts it. */
void audit_problem(struct audit *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Tells of the merged object of that batch: "s3://b/d/merged-00042.csv: what". */
void audit_problem_at(struct audit *a, uint32_t batch, const char *what);

#endif
