/* What the formats made of JSON share. */
#ifndef SHEAF_REPORT_RENDER_JSON_H
#define SHEAF_REPORT_RENDER_JSON_H

#include "base/json.h"
#include "report/render.h"

/* All members but the batches, the object left open. No list becomes longer than list_max bytes. */
void json_head(struct buf *out, const struct report *p, size_t list_max);

#endif
