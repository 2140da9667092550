/* lib/base/err, lib/base/buf, lib/base/num. */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"
#include "tap.h"

static void
test_err(void)
{
	struct err e;
	struct buf big = {0};

	OK(err_set(&e, EXIT_USAGE, "%s: %d", "s3://b/k", 404) == -1 && e.status == EXIT_USAGE,
	    "always -1");
	OK_STR(e.text, "s3://b/k: 404", "the text");
	errno = ENOENT;
	OK(err_errno(&e, EXIT_FAILED, "a/b") == -1 && e.status == EXIT_FAILED, "always -1");
	OK_STR(e.text, "a/b: No such file or directory", "the cause behind it");
	OK(err_set(NULL, EXIT_FAILED, "x") == -1 && err_errno(NULL, EXIT_FAILED, "x") == -1,
	    "nobody need ask why");
	for (int i = 0; i < 10000; i++)
		buf_addc(&big, 'x');
	err_set(&e, EXIT_FAILED, "%s", buf_str(&big));
	OK(strlen(e.text) == sizeof(e.text) - 1, "a long text is cut");
	errno = ENOSPC;
	err_errno(&e, EXIT_FAILED, "%s", buf_str(&big));
	OK(strstr(e.text, "xxx: No space left on device") != NULL, "but never the cause");
	buf_free(&big);
}

static void
test_buf(void)
{
	struct buf b = {0};
	char *s;
	int same = 1;

	OK_STR(buf_str(&b), "", "an empty buffer is an empty string");
	OK(b.len == 0, "of no bytes");
	buf_free(&b);
	OK(b.p == NULL && b.cap == 0, "freed, empty");
	buf_add(&b, NULL, 0);
	OK(b.len == 0, "nothing is added");
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, (char)(i % 251));
	for (size_t i = 0; i < 100000; i++)
		same &= b.p[i] == (char)(i % 251);
	OK(same && b.len == 100000 && b.cap >= b.len, "it grows");
	buf_reset(&b);
	OK(b.len == 0 && b.cap >= 100000, "empty, its memory kept");
	buf_adds(&b, "a");
	buf_add(&b, "\0b", 2);
	buf_addf(&b, "%05d%s", 42, "c");
	OK(b.len == 9 && memcmp(b.p, "a\0b00042c", 10 - 1) == 0, "bytes, strings, formats");
	OK(buf_str(&b)[9] == '\0' && b.len == 9, "a NUL behind them, not counted");
	buf_reset(&b);
	while (b.len < b.cap)
		buf_addc(&b, 'x');
	OK(strlen(buf_str(&b)) == b.len, "also where it was full");
	OK(buf_room(&b, 1000) == b.p + b.len && b.cap - b.len >= 1000, "room");
	buf_free(&b);

	s = xstrndup("abc", 2);
	OK_STR(s, "ab", "xstrndup");
	free(s);
	s = xstrndup("a\0c", 3);
	OK(memcmp(s, "a\0c", 4) == 0, "xstrndup copies NULs");
	free(s);
	s = xcalloc(0, 0);
	OK(s != NULL && s[0] == '\0', "xcalloc of nothing is something");
	s = xrealloc(s, 0);
	OK(s != NULL, "so is xrealloc's");
	free(s);
}

struct number {
	const char *text;
	int rc;
	uint64_t value;
};

static void
test_num(void)
{
	static const struct number plain[] = {
	    {"0", 0, 0}, {"42", 0, 42}, {"00042", 0, 42}, {"18446744073709551615", 0, UINT64_MAX},
	    {"18446744073709551616", -1, 7}, {"18446744073709551620", -1, 7},
	    {"99999999999999999999", -1, 7}, {"", -1, 7}, {" 1", -1, 7}, {"1 ", -1, 7},
	    {"+1", -1, 7}, {"-1", -1, 7}, {"0x10", -1, 7}, {"1.0", -1, 7}, {"1\n", -1, 7},
	    {"\xd9\xa1", -1, 7}, /* an Arabic digit */
	};

	uint64_t v;

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		v = 7;
		OK(num_parse(plain[i].text, 0, UINT64_MAX, &v) == plain[i].rc, "'%s' is %sa number",
		    plain[i].text, plain[i].rc == 0 ? "" : "not ");
		OK(v == plain[i].value, "its value, or what was there");
	}
	v = 7;
	OK(num_parse("4", 5, 9, &v) == -1 && num_parse("10", 5, 9, &v) == -1 && v == 7,
	    "out of bounds");
	OK(num_parse("5", 5, 9, &v) == 0 && v == 5 && num_parse("9", 5, 9, &v) == 0 && v == 9,
	    "bounds are in");
	OK(num_parse_n("123x", 3, 0, 1000, &v) == 0 && v == 123, "the first three bytes");
	OK(num_parse_n("1\0002", 3, 0, 1000, &v) == -1, "a NUL is no digit");
}

static void
test_num_bytes(void)
{
	static const struct number bytes[] = {
	    {"0", 0, 0},
	    {"17", 0, 17},
	    {"1K", 0, 1024},
	    {"1k", 0, 1024},
	    {"5MiB", 0, 5 << 20},
	    {"5mib", 0, 5 << 20},
	    {"2G", 0, UINT64_C(2) << 30},
	    {"3TiB", 0, UINT64_C(3) << 40},
	    {"16777215T", 0, UINT64_C(16777215) << 40},
	    {"16777216T", -1, 7},
	    {"K", -1, 7},
	    {"", -1, 7},
	    {"1KB", -1, 7},
	    {"1B", -1, 7},
	    {"1P", -1, 7},
	    {"1 ", -1, 7},
	    {"1 iB", -1, 7},
	    {"1 K", -1, 7},
	    {"1K ", -1, 7},
	    {"1.5G", -1, 7},
	    {"-1K", -1, 7},
	    {"1\xcb", -1, 7},
	};
	uint64_t v;

	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		v = 7;
		OK(num_parse_bytes(bytes[i].text, 0, UINT64_MAX, &v) == bytes[i].rc,
		    "'%s' is %sa number of bytes", bytes[i].text, bytes[i].rc == 0 ? "" : "not ");
		OK(v == bytes[i].value, "its value, or what was there");
	}
	OK(num_parse_bytes("1K", 0, 1023, &v) == -1 && num_parse_bytes("1K", 1024, 1024, &v) == 0 &&
		v == 1024,
	    "bounds are bytes");
}

int
main(void)
{
	test_err();
	test_buf();
	test_num();
	test_num_bytes();
	return tap_done();
}
