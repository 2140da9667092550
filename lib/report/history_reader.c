#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/iso_time.h"
#include "base/num.h"
#include "report/history_reader.h"

void
history_problem(struct history *r, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (r->n_problems < HISTORY_PROBLEMS_MAX) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		r->problems[r->n_problems] = xstrdup(text);
	}
	r->n_problems++;
}

struct history_batch *
history_batch_at(struct history *r, uint32_t batch)
{
	return batch != HISTORY_LISTING ? &r->batches[batch] : NULL;
}

uint64_t
history_number(const json_t *o, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(o, name));

	if (v <= 0)
		return 0;
	return v < HISTORY_NUMBER_MAX ? (uint64_t)v : (uint64_t)HISTORY_NUMBER_MAX;
}

char *
history_string(const json_t *o, const char *name, size_t max)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? xstrndup(s, strnlen(s, max)) : NULL;
}

int64_t
history_time_ms(const char *s)
{
	const char *point;
	uint64_t ms = 0;
	int64_t t;

	if (s == NULL || iso_time_parse(s, &t) == -1)
		return 0;
	if ((point = strchr(s, '.')) != NULL && strspn(point + 1, "0123456789") >= 3)
		(void)num_parse_n(point + 1, 3, 0, 999, &ms);
	return t * 1000 + (int64_t)ms;
}
