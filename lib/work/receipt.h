/*
 * The receipt of a merged object, put/N.json, backup/N.json or one.json (docs/work-folder.md):
 * s3put writes it once the object is stored.
 */
#ifndef SHEAF_WORK_RECEIPT_H
#define SHEAF_WORK_RECEIPT_H

#include <stdint.h>

#include "base/err.h"
#include "work/work_folder.h"

struct receipt {
	char *uri, *etag; /* owned; NULL where the receipt has none */
	uint64_t bytes, objects, rows, header_bytes;
	uint32_t crc32c, header_crc32c;
	int has_crc32c;
	const char *lacks; /* the first field that is missing or of the wrong type; its value here
			      is 0. NULL: nothing is missing */
};

/* 1; 0 where the file does not exist; -1 where it cannot be read or is not a JSON object: e names
 * it. *r is zeroed unless 1 is returned. */
int receipt_load(struct receipt *r, const struct work_folder *w, const char *name, struct err *e);
void receipt_free(struct receipt *r);

#endif
