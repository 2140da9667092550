#include <string.h>
#include <strings.h>

#include "base/num.h"

int
num_parse_n(const char *s, size_t len, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (len == 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(unsigned char)s[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digit, &v))
			return -1;
	}
	if (v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

int
num_parse(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	return num_parse_n(s, strlen(s), min, max, out);
}

int
num_parse_bytes(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(s, "0123456789");
	const char *unit = s + digits;
	unsigned shift = 0;
	uint64_t v;

	if (*unit != '\0') {
		const char *u = strchr(units, *unit & ~0x20);

		if (u == NULL || *u == '\0' || (unit[1] != '\0' && strcasecmp(unit + 1, "iB") != 0))
			return -1;
		shift = (unsigned)(u - units + 1) * 10;
	}
	if (num_parse_n(s, digits, 0, UINT64_MAX >> shift, &v) == -1)
		return -1;
	v <<= shift;
	if (v < min || v > max)
		return -1;
	*out = v;
	return 0;
}
