/* Column names in messages: what is not seen in a name is shown as <U+XXXX>, and explained once per
 * message. Pure; internal to lib/csv. */
#ifndef SHEAF_CSV_CSV_NAME_H
#define SHEAF_CSV_CSV_NAME_H

#include <stddef.h>

#include "base/buf.h"

/* Appends a name, a long one in part. Adds to *unseen what is to be explained; 0 at first. */
void csv_name_show(struct buf *to, const char *name, size_t len, unsigned *unseen);

/* Appends the explanation: " (U+FEFF is a byte order mark)", or nothing. */
void csv_name_explain(struct buf *to, unsigned unseen);

#endif
