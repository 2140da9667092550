/* lib/s3/s3_etag, lib/aws/region: what becomes part of a header or of a host's name. */
#include <stdlib.h>

#include "aws/region.h"
#include "s3/s3_etag.h"
#include "tap.h"

/* text NULL: refused. */
static const struct {
	const char *sent, *tag;
} etags[] = {
    {"\"abc\"", "abc"},
    {"abc", "abc"},
    {"W/\"abc\"", "abc"},
    {"W/abc", "W/abc"},
    {"\"\"", ""},
    {"", ""},
    {"\"W/\"", "W/"},
    {"\"!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\"", "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
    {"\"", NULL},
    {"\"a", NULL},
    {"a\"", NULL},
    {"\"a\"b\"", NULL},
    {"W/\"", NULL},
    {"w/\"a\"", NULL},
    {"\"a b\"", NULL},
    {"\"a\tb\"", NULL},
    {"\"a\r\nX: 1\"", NULL},
    {"\"\x7f\"", NULL},
    {"\"\xc3\xa9\"", NULL},
};

static const char *const regions[] = {"us-east-1", "a", "1", "cn-north-1", "aws-global", "default",
    "r23456789012345678901234567890123456789012345678901234567890123"};
static const char *const no_regions[] = {"", "-", "-a", "a-", "A", "us_east_1", "a.b", "a/b", "a@b",
    "a b", "a\n", "\xc3\xa9", "a:443",
    "r234567890123456789012345678901234567890123456789012345678901234"};

int
main(void)
{
	char tag[S3_ETAG_LEN], longest[S3_ETAG_LEN + 2];

	for (size_t i = 0; i < sizeof(etags) / sizeof(etags[0]); i++) {
		int rc = s3_etag_read(tag, etags[i].sent, strlen(etags[i].sent));

		OK(rc == (etags[i].tag != NULL ? 0 : -1), "etag %zu: taken, or refused", i);
		OK_STR(tag, etags[i].tag != NULL ? etags[i].tag : "", "etag %zu: its tag", i);
	}
	OK(s3_etag_read(tag, "a\0b", 3) == -1, "a NUL");
	memset(longest, 'x', sizeof(longest));
	OK(s3_etag_read(tag, longest, S3_ETAG_LEN - 1) == 0 && strlen(tag) == S3_ETAG_LEN - 1,
	    "as long as it may be");
	OK(s3_etag_read(tag, longest, S3_ETAG_LEN) == -1 && tag[0] == '\0', "too long");
	longest[0] = longest[S3_ETAG_LEN] = '"';
	OK(s3_etag_read(tag, longest, S3_ETAG_LEN + 1) == 0, "the quotes do not count");
	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
		OK(region_is_name(regions[i]), "%s is the name of a region", regions[i]);
	for (size_t i = 0; i < sizeof(no_regions) / sizeof(no_regions[0]); i++)
		OK(!region_is_name(no_regions[i]), "no region, %zu", i);
	return tap_done();
}
