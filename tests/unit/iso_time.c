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
	test_format();
	return tap_done();
}
