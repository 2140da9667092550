/*
 * Writing JSON. A member or value is written with a comma behind it; what closes the object or
 * array drops the last one.
 */
#ifndef SHEAF_BASE_JSON_H
#define SHEAF_BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Appends a string with its quotes and without a comma. Bytes that are not UTF-8 become U+FFFD;
 * characters that a terminal would obey (printable_is) are escaped. */
void json_quote(struct buf *out, const char *s, size_t len);

/* Appends `"name":`. */
void json_name(struct buf *out, const char *name);

/* NULL: null. */
void json_text(struct buf *out, const char *text);
void json_text_member(struct buf *out, const char *name, const char *text);
void json_bytes_member(struct buf *out, const char *name, const char *s, size_t len);

void json_u64_member(struct buf *out, const char *name, uint64_t value);
void json_number_member(struct buf *out, const char *name, double value);

/* json is one whole JSON value. */
void json_raw_member(struct buf *out, const char *name, const char *json);

/* Closes an object or array: drops the comma before, appends closing and a comma. */
void json_end(struct buf *out, const char *closing);

/* Closes the outermost object with `}` and a line feed. */
void json_end_line(struct buf *out);

#endif
