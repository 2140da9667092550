#include <stdio.h>

#include "csv/csv_merge_check.h"

int
csv_merge_check_failed(const struct csv_merge *m, uint64_t line, const char *what, struct err *e)
{
	return err_set(
	    e, EXIT_FAILED, "%.2000s: line %llu: %.2000s", m->name, (unsigned long long)line, what);
}

uint64_t
csv_merge_check_line(const struct csv_merge *m, const struct csv_row *row)
{
	if (row->base > 0)
		return m->record_line;
	return m->piece_line + csv_lines(m->rows.p, (size_t)(row->p - m->rows.p));
}

int
csv_merge_check_width(const struct csv_merge *m, const struct csv_row *row, struct err *e)
{
	uint64_t n = row->delims + 1;
	char what[100];

	if (n < m->n_fields && m->opt->pad)
		return 0;
	snprintf(what, sizeof(what), "%llu field%s, but the header has %zu", (unsigned long long)n,
	    n == 1 ? "" : "s", m->n_fields);
	return csv_merge_check_failed(m, csv_merge_check_line(m, row), what, e);
}
