/* lib/base/iso_time: points in time, from and to text. */
#include "base/iso_time.h"
#include "tap.h"

static void
test_parse(void)
{
	static const struct {
		const char *text;
		int64_t time; /* 0: none */
	} cases[] = {
	    {"2026-11-23T13:45:00Z", 1795441500},
	    {"2026-11-23T13:45:00UTC", 1795441500},
	    {"2026-11-23T13:45:00.999Z", 1795441500},
	    {"2026-11-23T13:45:00.123456+00:00", 1795441500},
	    {"2026-11-23T15:45:00+02:00", 1795441500},
	    {"2026-11-23T08:15:00-0530", 1795441500},
	    {"1970-01-01T00:00:01Z", 1},
	    {"2026-11-23T13:45:00", 0},
	    {"2026-11-23T13:45:00Zx", 0},
	    {"2026-11-23T13:45:00z", 0},
	    {"2026-11-23T13:45:00 UTC", 0},
	    {"2026-11-23T13:45:00+25:00", 0},
	    {"2026-11-23T13:45:00+2:00", 0},
	    {"2026-11-23T13:45:00+02:0", 0},
	    {"2026-11-23T13:45:00+02:000", 0},
	    {"2026-11-23T13:45:00+", 0},
	    {"2026-11-23T25:45:00Z", 0},
	    {"2026-13-23T13:45:00Z", 0},
	    {"2026-11-23 13:45:00Z", 0},
	    {"2026-11-23", 0},
	    {" 2026-11-23T13:45:00Z", 0},
	    {"-026-11-23T13:45:00Z", 0},
	    {"soon", 0},
	    {"", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t t = 0;
		int rc = iso_time_parse(cases[i].text, &t);

		OK(rc == (cases[i].time != 0 ? 0 : -1) && t == cases[i].time, "'%s'",
		    cases[i].text);
	}
}

static void
test_plain(void)
{
	static const char *const plain[] = {"2026-11-23T13:45:00Z", "2026-11-23T13:45:00.000Z",
	    "2026-11-23T13:45:00.1Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:60.123456789Z"};
	static const char *const not [] = {"2026-11-23T13:45:00", "2026-11-23T13:45:00.Z",
	    "2026-11-23T13:45:00+02:00", "2026-00-23T13:45:00Z", "2026-13-23T13:45:00Z",
	    "2026-11-00T13:45:00Z", "2026-11-32T13:45:00Z", "2026-11-23T24:45:00Z",
	    "2026-11-23T13:60:00Z", "2026-11-23T13:45:61Z", "2026-11-23t13:45:00Z",
	    "2026-11-23T13:45:00.0x0Z", "2026-11-23T13:45:00Z\n", "2026-1x-23T13:45:00Z", ""};
	int64_t t;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		OK(iso_time_is_plain(plain[i], strlen(plain[i])) &&
			iso_time_parse(plain[i], &t) == 0,
		    "'%s' is plain, and a time", plain[i]);
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		OK(!iso_time_is_plain(not [i], strlen(not [i])), "'%s' is not plain", not [i]);
}

static void
test_format(void)
{
	char text[ISO_TIME_LEN + 1], ms[ISO_TIME_MS_LEN + 1];

	iso_time_format(1795441500, text);
	OK_STR(text, "2026-11-23T13:45:00Z", "a time");
	iso_time_format(-1, text);
	OK_STR(text, "1970-01-01T00:00:00Z", "before 1970");
	iso_time_format(INT64_MAX, text);
	OK_STR(text, "9999-12-31T23:59:59Z", "behind 9999");
	iso_time_format_ms(1795441500007, ms);
	OK_STR(ms, "2026-11-23T13:45:00.007Z", "with milliseconds");
	iso_time_format_ms(-1, ms);
	OK_STR(ms, "1970-01-01T00:00:00.000Z", "before 1970");
}

int
main(void)
{
	test_parse();
	test_plain();
	test_format();
	return tap_done();
}
