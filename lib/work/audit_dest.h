/*
 * Audits a destination by its listing: each merged object is there as it was stored, and nothing
 * else is.
 */
#ifndef SHEAF_WORK_AUDIT_DEST_H
#define SHEAF_WORK_AUDIT_DEST_H

#include "work/audit.h"

/* list is a file that `s3ls --long` printed. -1 with e filled where it cannot be read. The batches
 * have been audited before. */
int audit_dest(struct audit *a, const char *list, struct err *e);

#endif
