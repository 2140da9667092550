#include "work/ledger.h"
#include "base/num.h"
#include "sums/crc32c.h"
#include "work/source_name.h"

void
ledger_add(struct buf *out, const struct ledger_line *l)
{
	source_name_escape(out, l->name);
	buf_addc(out, '\t');
	buf_addu(out, l->bytes);
	buf_addc(out, '\t');
	buf_addu(out, l->rows);
	buf_addc(out, '\t');
	buf_addx(out, l->crc32c);
	buf_addc(out, '\n');
}

int
ledger_next(struct tsv *t, struct ledger_line *l, struct err *e)
{
	int rc = tsv_next(t, 4, e);

	if (rc != 1)
		return rc;
	source_name_unescape(t->field[0]);
	l->name = t->field[0];
	if (num_parse(t->field[1], 0, INT64_MAX, &l->bytes) == -1 ||
	    num_parse(t->field[2], 0, INT64_MAX, &l->rows) == -1 ||
	    crc32c_parse(t->field[3], &l->crc32c) == -1)
		return tsv_bad(t, "is not a name, bytes, rows and a CRC32C", e);
	return 1;
}
