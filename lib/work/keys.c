#include <string.h>

#include "base/num.h"
#include "work/keys.h"

int
keys_next(struct tsv *t, struct keys_line *l, struct err *e)
{
	int rc = tsv_next(t, 4, e);

	if (rc != 1)
		return rc;
	*l = (struct keys_line){
	    .uri = t->field[0],
	    .etag = t->field[2],
	    .mtime = t->field[3],
	};
	if (strncmp(l->uri, "s3://", 5) != 0 ||
	    num_parse(t->field[1], 0, INT64_MAX, &l->size) == -1)
		return tsv_bad(t, "is not a URI, a size, an ETag and a time", e);
	return 1;
}
