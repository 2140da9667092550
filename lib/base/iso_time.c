#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/iso_time.h"
#include "base/num.h"

/* "Z", "UTC", "+02:00", "+0200": seconds east of Greenwich. */
static int
parse_zone(const char *s, int64_t *offset)
{
	size_t minutes_at = strlen(s) == 6 && s[3] == ':' ? 4 : 3;
	uint64_t hours, minutes;

	*offset = 0;
	if (strcmp(s, "Z") == 0 || strcmp(s, "UTC") == 0)
		return 0;
	if ((*s != '+' && *s != '-') || strlen(s) != minutes_at + 2 ||
	    num_parse_n(s + 1, 2, 0, 23, &hours) == -1 ||
	    num_parse_n(s + minutes_at, 2, 0, 59, &minutes) == -1)
		return -1;
	*offset = (int64_t)(hours * 3600 + minutes * 60);
	if (*s == '-')
		*offset = -*offset;
	return 0;
}

int
iso_time_parse(const char *s, int64_t *out)
{
	struct tm tm = {0};
	int64_t offset;
	const char *p;

	if (!isdigit((unsigned char)*s) || (p = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm)) == NULL)
		return -1;
	if (*p == '.')
		p += 1 + strspn(p + 1, "0123456789");
	if (parse_zone(p, &offset) == -1)
		return -1;
	*out = (int64_t)timegm(&tm) - offset;
	return 0;
}

/* Two digits, not above max. */
static int
is_pair(const char *s, int max)
{
	int tens = s[0] - '0', ones = s[1] - '0';

	return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 && tens * 10 + ones <= max;
}

int
iso_time_is_plain(const char *s, size_t len)
{
	size_t i = 20;

	if (len < ISO_TIME_LEN || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' ||
	    s[16] != ':' || !is_pair(s, 99) || !is_pair(s + 2, 99) || !is_pair(s + 5, 12) ||
	    !is_pair(s + 8, 31) || !is_pair(s + 11, 23) || !is_pair(s + 14, 59) ||
	    !is_pair(s + 17, 60) || memcmp(s + 5, "00", 2) == 0 || memcmp(s + 8, "00", 2) == 0)
		return 0;
	if (len == ISO_TIME_LEN)
		return s[19] == 'Z';
	while (i < len - 1 && s[i] >= '0' && s[i] <= '9')
		i++;
	return s[19] == '.' && i == len - 1 && i > 20 && s[i] == 'Z';
}

void
iso_time_format(int64_t t, char out[ISO_TIME_LEN + 1])
{
	const int64_t last = 253402300799;
	time_t clock = (time_t)(t < 0 ? 0 : t > last ? last : t);
	struct tm tm;

	gmtime_r(&clock, &tm);
	strftime(out, ISO_TIME_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void
iso_time_format_ms(int64_t t_ms, char out[ISO_TIME_MS_LEN + 1])
{
	iso_time_format(t_ms / 1000, out);
	snprintf(out + ISO_TIME_LEN - 1, ISO_TIME_MS_LEN - ISO_TIME_LEN + 2, ".%03uZ",
	    t_ms > 0 ? (unsigned)(t_ms % 1000) : 0);
}
