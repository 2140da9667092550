/* lib/aws/ini: AWS's INI dialect; what botocore reads from the same text was tried with botocore
 * itself. */
#include <stdlib.h>

#include "aws/ini.h"
#include "base/buf.h"
#include "tap.h"

static const char *
shown(const char *s)
{
	return s != NULL ? s : "(none)";
}

static const char config[] = "\xef\xbb\xbf# a comment\n"
			     "; another = one\n"
			     "\n"
			     "[default]  # what stands behind is ignored\r\n"
			     "Region=eu-west-1\r\n"
			     "output : json # no comment\n"
			     "empty =\n"
			     "url = http://127.0.0.1:9000/a=b\n"
			     "colon:first = x\n"
			     "[profile  \"two words\"]\n"
			     "  region = a\n"
			     "  output = b\n"
			     "[profile x]\n"
			     "s3 =\n"
			     "    # a comment among them\n"
			     "    addressing_style = path\n"
			     "\n"
			     "    max = a = b\n"
			     "  deeper_than_s3 = yes\n"
			     "s3_other = 1\n"
			     "long = a\n"
			     "  b = c\n"
			     "\td\n"
			     "[services  'mine' ]\n"
			     "s3 =\n"
			     "  endpoint_url = http://h\n"
			     "[ padded ]\n"
			     "last = no line feed";

static void
test_config(void)
{
	struct err e = {0};
	struct ini *ini = ini_parse(config, sizeof(config) - 1, &e);
	const struct ini_section *s;

	OK(ini != NULL, "a config file%s", e.text);
	s = ini_section(ini, NULL, "default");
	OK_STR(shown(ini_get(s, "region")), "eu-west-1", "a key in another case, CRLF");
	OK_STR(shown(ini_get(s, "REGION")), "eu-west-1", "asked for in a third");
	OK_STR(shown(ini_get(s, "output")), "json # no comment",
	    "a colon; # inside a line is no comment");
	OK_STR(shown(ini_get(s, "empty")), "", "an empty value");
	OK_STR(shown(ini_get(s, "url")), "http://127.0.0.1:9000/a=b",
	    "only the first delimiter counts");
	OK_STR(shown(ini_get(s, "colon")), "first = x", "whichever comes first");
	OK(ini_get(s, "absent") == NULL && ini_get(NULL, "region") == NULL, "none");
	OK(ini_section(ini, "profile", "default") == NULL, "[default] is no [profile default]");
	s = ini_section(ini, "profile", "two words");
	OK_STR(shown(ini_get(s, "region")), "a", "a quoted name, indented settings");
	OK_STR(shown(ini_get(s, "output")), "b", "the second is not the first's continuation");
	s = ini_section(ini, "profile", "x");
	OK(s != NULL && s == ini_section(ini, NULL, "profile x"), "a profile");
	OK(ini_section(ini, NULL, "x") == NULL && ini_section(ini, "profile", "two") == NULL,
	    "not by a part of its name");
	OK_STR(shown(ini_get_nested(s, "s3", "addressing_style")), "path", "nested");
	OK_STR(shown(ini_get_nested(s, "s3", "max")), "a = b", "nested, behind a blank line");
	OK_STR(shown(ini_get_nested(s, "s3", "deeper_than_s3")), "yes", "nested, less deep");
	OK(ini_get_nested(s, "s3", "long") == NULL && ini_get_nested(s, "s4", "max") == NULL &&
		ini_get_nested(s, "s3_other", "max") == NULL,
	    "nested, none");
	OK(ini_get(s, "addressing_style") == NULL, "a nested key is not one of the section's");
	OK_STR(shown(ini_get(s, "s3_other")), "1", "what comes behind the nested");
	OK_STR(shown(ini_get(s, "long")), "a\nb = c\nd", "a value of three lines");
	s = ini_section(ini, "services", "mine");
	OK_STR(shown(ini_get_nested(s, "s3", "endpoint_url")), "http://h", "services");
	OK_STR(shown(ini_get(ini_section(ini, NULL, "padded"), "last")), "no line feed",
	    "the last line");
	ini_free(ini);
	ini_free(NULL);
	ini = ini_parse("", 0, &e);
	OK(ini != NULL && ini_section(ini, NULL, "default") == NULL, "an empty file");
	OK(ini_section(NULL, NULL, "default") == NULL, "no file");
	ini_free(ini);
}

static void
test_refused(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
	    {"key = v", "line 1: a setting before the first section"},
	    {"[a]\nkey", "line 2: neither '[section]' nor 'key = value'"},
	    {"[a]\r\rkey", "line 3: neither '[section]' nor 'key = value'"},
	    {"[a]\r\n\r\nkey", "line 3: neither '[section]' nor 'key = value'"},
	    {"[a]\n = v", "line 2: a value without a key"},
	    {"[a\n", "line 1: '[' without ']'"},
	    {"[]\n", "line 1: a section without a name"},
	    {"[ ]\n", "line 1: a section without a name"},
	    {"[a]\n[b]\n[a]\n", "line 3: [a] is repeated"},
	    {"[a]\nk=1\nl=2\nK=3\n", "line 4: 'K' is repeated in [a]"},
	    {"[a]\ns3 =\n  path\n", "line 3: a nested setting is 'key = value'"},
	    {"[a]\ns3 =\n  x = 1\n  path\n", "line 4: a nested setting is 'key = value'"},
	};
	struct buf big = {0};
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e.status = 0;
		OK(ini_parse(bad[i].text, strlen(bad[i].text), &e) == NULL &&
			e.status == EXIT_USAGE,
		    "refused: %zu", i);
		OK_STR(e.text, bad[i].why, "saying where and why");
	}
	OK(ini_parse("[a]\nk=\0\n", 8, &e) == NULL, "a NUL is refused");
	OK_STR(e.text, "line 2: a NUL byte", "saying so");
	OK(ini_parse("[a", 2, NULL) == NULL, "nobody need ask why");
	buf_room(&big, INI_LEN_MAX + 1);
	memset(big.p, ' ', INI_LEN_MAX + 1);
	OK(ini_parse(big.p, INI_LEN_MAX + 1, &e) == NULL && strstr(e.text, "longer than") != NULL,
	    "too long a file");
	memset(big.p, '\n', INI_LEN_MAX);
	OK(ini_parse(big.p, INI_LEN_MAX, &e) == NULL &&
		strstr(e.text, "more than 20000 lines") != NULL,
	    "too many lines");
	big.len = 0;
	buf_adds(&big, "[a]\nk = v\n");
	for (int i = 0; i < 15000; i++)
		buf_adds(&big, " 12345678\n");
	OK(ini_parse(big.p, big.len, &e) == NULL && strstr(e.text, "a value longer than") != NULL,
	    "too long a value");
	buf_free(&big);
}

int
main(void)
{
	test_config();
	test_refused();
	return tap_done();
}
