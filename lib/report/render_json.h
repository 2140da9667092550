/*
 * What the formats made of JSON share. Every value and member ends with a comma, which the end of
 * its object or array takes back. Not for others.
 */
#ifndef SHEAF_REPORT_RENDER_JSON_H
#define SHEAF_REPORT_RENDER_JSON_H

#include "report/render.h"

void json_name(struct buf *out, const char *name);
void json_text(struct buf *out, const char *text); /* NULL: null */
void json_text_member(struct buf *out, const char *name, const char *text);
void json_number_member(struct buf *out, const char *name, double v);
void json_end(struct buf *out, const char *closing);

/* All members but the batches, the object left open. No list becomes longer than list_max bytes. */
void json_head(struct buf *out, const struct report *p, size_t list_max);

#endif
