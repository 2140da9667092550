/* lib/base/json: every byte in a string, members; lib/base/utf8 below it. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/utf8.h"
#include "python.h"
#include "tap.h"

static char folder[] = "/tmp/sheaf-json-XXXXXX";
static char file[64];

static void
write_file(const struct buf *b)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	io_write_all(fd, b->p, b->len);
	close(fd);
}

static void
test_json_quote(void)
{
	static const char check[] =
	    "import json, sys\n"
	    "x = json.loads(open(sys.argv[1], 'rb').read().decode('utf-8'))\n"
	    "assert x[0] == ''.join(map(chr, range(128))), x[0]\n"
	    "assert x[1] == '\\ufffd' * 128, x[1]\n"
	    "assert x[2] == '\\u0080\\u07ff\\u0800\\ud7ff\\ue000\\uffff\\U00010000\\U0010ffff', "
	    "x[2]\n"
	    "assert x[3] == 'a\\ufffd\\ufffdb' and x[4] == '', x\n";
	static const char borders[] = "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf"
				      "\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";
	struct buf out = {0};
	char low[128], high[128];

	for (int i = 0; i < 128; i++) {
		low[i] = (char)i;
		high[i] = (char)(i + 128);
	}
	buf_addc(&out, '[');
	json_quote(&out, low, 128);
	buf_addc(&out, ',');
	json_quote(&out, high, 128);
	buf_addc(&out, ',');
	json_quote(&out, borders, sizeof(borders) - 1);
	buf_addc(&out, ',');
	json_quote(&out,
	    "a\xe2\x82"
	    "b",
	    4);
	buf_addc(&out, ',');
	json_quote(&out, NULL, 0);
	buf_addc(&out, ']');
	write_file(&out);
	OK(python(check, file), "every byte, as JSON has it");
	buf_free(&out);
}

static void
test_members(void)
{
	struct buf out = {0};

	buf_addc(&out, '{');
	json_end_line(&out);
	OK_STR(buf_str(&out), "{}\n", "an empty object");
	buf_reset(&out);
	buf_addc(&out, '{');
	json_text_member(&out, "a\"", "b\n");
	json_text_member(&out, "none", NULL);
	json_bytes_member(&out, "two", "c\0d", 3);
	json_u64_member(&out, "most", UINT64_MAX);
	json_number_member(&out, "half", 0.5);
	json_raw_member(&out, "raw", "[1,2]");
	json_name(&out, "list");
	buf_addc(&out, '[');
	json_text(&out, "x,");
	json_end(&out, "]");
	json_end_line(&out);
	OK_STR(buf_str(&out),
	    "{\"a\\\"\":\"b\\n\",\"none\":null,\"two\":\"c\\u0000d\","
	    "\"most\":18446744073709551615,\"half\":0.5,\"raw\":[1,2],\"list\":[\"x,\"]}\n",
	    "one of each member");
	buf_free(&out);
}

/* Every sequence of up to four bytes from a set that holds all borders, against a decoder by the
 * table of RFC 3629. */
static size_t
by_table(const unsigned char *s, size_t len)
{
	static const unsigned char rows[][9] = {
	    /* bytes, then the range of each */
	    {1, 0x00, 0x7f},
	    {2, 0xc2, 0xdf, 0x80, 0xbf},
	    {3, 0xe0, 0xe0, 0xa0, 0xbf, 0x80, 0xbf},
	    {3, 0xe1, 0xec, 0x80, 0xbf, 0x80, 0xbf},
	    {3, 0xed, 0xed, 0x80, 0x9f, 0x80, 0xbf},
	    {3, 0xee, 0xef, 0x80, 0xbf, 0x80, 0xbf},
	    {4, 0xf0, 0xf0, 0x90, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
	    {4, 0xf1, 0xf3, 0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
	    {4, 0xf4, 0xf4, 0x80, 0x8f, 0x80, 0xbf, 0x80, 0xbf},
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		size_t i = 0;

		while (i < rows[r][0] && i < len && s[i] >= rows[r][1 + 2 * i] &&
		    s[i] <= rows[r][2 + 2 * i])
			i++;
		if (i == rows[r][0])
			return i;
	}
	return 0;
}

static void
test_utf8(void)
{
	static const unsigned char set[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
	    0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5,
	    0xff};
	enum { N = sizeof(set) };
	unsigned char s[4];
	int same = 1;

	for (size_t i = 0; i < (size_t)N * N * N * N; i++) {
		s[0] = set[i % N];
		s[1] = set[i / N % N];
		s[2] = set[i / N / N % N];
		s[3] = set[i / N / N / N];
		for (size_t len = 0; len <= 4; len++)
			same &= utf8_char((const char *)s, len) == by_table(s, len);
	}
	OK(same, "UTF-8 as RFC 3629 has it");
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(file, sizeof(file), "%s/file", folder);
	test_json_quote();
	test_members();
	test_utf8();
	unlink(file);
	OK(rmdir(folder) == 0, "nothing is left behind");
	return tap_done();
}
