#include "work/ledger.h"

void
ledger_add_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '\t')
			buf_adds(out, "\\t");
		else if (*name == '\n')
			buf_adds(out, "\\n");
		else if (*name == '\\')
			buf_adds(out, "\\\\");
		else
			buf_addc(out, *name);
	}
}

void
ledger_add(struct buf *out, const struct ledger_line *l)
{
	ledger_add_name(out, l->name);
	buf_addc(out, '\t');
	buf_addu(out, l->bytes);
	buf_addc(out, '\t');
	buf_addu(out, l->rows);
	buf_addc(out, '\t');
	buf_addx(out, l->crc32c);
	buf_addc(out, '\n');
}
