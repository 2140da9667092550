#include <string.h>

#include "base/num.h"
#include "work/share.h"

enum {
	COUNT_MAX = 999999999,
	DECIMALS = 4,
	UNIT = 10000, /* 10 to the power of DECIMALS */
};

static int
parse_percentage(struct share *s, const char *text, size_t len)
{
	const char *point = memchr(text, '.', len);
	size_t whole = point != NULL ? (size_t)(point - text) : len;
	size_t decimals = point != NULL ? len - whole - 1 : 0;
	uint64_t n, part = 0;

	if (num_parse_n(text, whole, 0, 100, &n) == -1 || (whole > 1 && *text == '0'))
		return -1;
	if (point != NULL &&
	    (decimals > DECIMALS || num_parse_n(point + 1, decimals, 0, UNIT - 1, &part) == -1))
		return -1;
	for (size_t i = decimals; i < DECIMALS; i++)
		part *= 10;
	*s = (struct share){.is_percentage = 1, .percent_e4 = n * UNIT + part};
	return s->percent_e4 <= (uint64_t)100 * UNIT ? 0 : -1;
}

int
share_parse(struct share *s, const char *text)
{
	size_t len = strlen(text);
	uint64_t n;

	if (len > 0 && text[len - 1] == '%')
		return parse_percentage(s, text, len - 1);
	if (num_parse(text, 0, COUNT_MAX, &n) == -1 || (len > 1 && *text == '0'))
		return -1;
	*s = (struct share){.count = n};
	return 0;
}

uint64_t
share_of(const struct share *s, uint64_t n)
{
	const uint64_t all = (uint64_t)100 * UNIT;
	uint64_t part;

	if (!s->is_percentage)
		return s->count;
	if (s->percent_e4 == 0)
		return 0;
	/* n may be so large that the product does not fit */
	part = n / all * s->percent_e4 + n % all * s->percent_e4 / all;
	return part > 0 ? part : 1;
}
