/*
 * Audits the batches by what the work folder has: plan, ledger, rejects and receipt must agree.
 */
#ifndef SHEAF_WORK_AUDIT_BATCH_H
#define SHEAF_WORK_AUDIT_BATCH_H

#include "work/audit.h"

/* All batches: each planned object is planned once, is in the ledger of its batch or among its
 * rejects; objects, rows, bytes and CRC32C add up to those of the receipt; all have one header,
 * unless columns were matched by name. */
void audit_batch_all(struct audit *a);

/* Whether all that is known of a batch agrees, or it has no receipt; with merged, too, that the
 * merged rows are those that were stored. What does not agree is told. */
int audit_batch_sound(struct audit *a, uint32_t n, int merged);

#endif
