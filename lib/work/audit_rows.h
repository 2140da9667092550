/*
 * Audits the merged objects themselves: the rows of each source by their CRC32C.
 */
#ifndef SHEAF_WORK_AUDIT_ROWS_H
#define SHEAF_WORK_AUDIT_ROWS_H

#include "work/audit.h"

/* Reads the tar stream that s3get makes of the merged objects. -1 with e filled where it cannot be
 * read or is damaged. The batches have been audited before. */
int audit_rows(struct audit *a, int fd, struct err *e);

#endif
