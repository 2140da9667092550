/* lib/http/fetch_msg: what may be sent, and what is refused before it is. */
#include <stdlib.h>

#include "http/fetch_msg.h"
#include "tap.h"

static struct fetch_msg m;
static char why[200];

static void
begin(const char *method, const char *origin, const char *target)
{
	fetch_msg_reset(&m);
	m.method = method;
	buf_adds(&m.origin, origin);
	buf_adds(&m.target, target);
	why[0] = '\0';
}

static int
check(void)
{
	return fetch_msg_check(&m, why, sizeof(why));
}

static void
test_good(void)
{
	static const char *const origins[] = {"http://a", "https://b-1_x.example.com:8443",
	    "http://127.0.0.1:1", "https://[fd00:ec2::254]:80", "http://[::1]"};

	begin("GET", "https://b.example.com", "/a%20b/c?list-type=2&prefix=x%0D%0A");
	fetch_msg_header(&m, "If-Match", "\"abc\"");
	fetch_msg_header(&m, "x-amz-meta-name", "a b\tc\xc3\xa9");
	fetch_msg_header(&m, "x-empty", "");
	OK(check() == 0, "a request %s", why);
	OK_STR(buf_str(&m.headers),
	    "If-Match: \"abc\"\r\nx-amz-meta-name: a b\tc\xc3\xa9\r\nx-empty: \r\n", "its headers");
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		begin("PUT", origins[i], "/");
		OK(check() == 0, "%s %s", origins[i], why);
	}
}

static void
test_origins(void)
{
	static const char *const bad[] = {"", "http://", "ftp://a", "a", "HTTP://a", "http://a b",
	    "http://a\r\nX: y", "https://a\n", "http://a/b", "http://a?b", "http://a#b",
	    "http://u@a", "http://a\\b", "http://\xc3\xa9.com", "http://a\x7f", "https:///",
	    "http://a\tb", "http://\"a\"", "http://a<b>", "http://{a}"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin("GET", bad[i], "/");
		OK(check() == -1 && strstr(why, "host") != NULL, "origin %zu is refused", i);
	}
	begin("GET", "http://a", "/");
	buf_add(&m.origin, "\0b", 2);
	OK(check() == -1, "a NUL in an origin");
}

static void
test_targets(void)
{
	static const char *const bad[] = {"", "x", "*", "http://a/", "/a b", "/a\r\nX: y",
	    "/a HTTP/1.1\r\nHost: b\r\n\r\nGET /", "/\x01", "/\x7f", "/\xc3\xa9", "/a#b", "/\t"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin("GET", "http://a", bad[i]);
		OK(check() == -1 && strstr(why, "path") != NULL, "target %zu is refused", i);
	}
	begin("GET", "http://a", "/a");
	buf_add(&m.target, "\0b", 2);
	OK(check() == -1, "a NUL in a target");
	begin("GET /x\r\n", "http://a", "/");
	OK(check() == -1 && strstr(why, "method") != NULL, "a method with a line end");
	begin("", "http://a", "/");
	OK(check() == -1, "no method");
}

static void
test_headers(void)
{
	static const char *const names[] = {"", "a b", "a:", "a\r\nb", "\xc3\xa9", "(a)", "a\x01"};
	char value[] = "a?b";

	for (int c = 1; c < 256; c++) {
		begin("GET", "http://a", "/");
		value[1] = (char)c;
		fetch_msg_header(&m, "If-Match", value);
		if ((check() == 0) != (c == '\t' || (c >= 0x20 && c != 0x7f)))
			OK(0, "byte %d in a value", c);
	}
	begin("GET", "http://a", "/");
	fetch_msg_header(&m, "If-Match", "x\r\nX-Injected: 1");
	fetch_msg_header(&m, "Other", "y");
	OK(check() == -1, "a line end in a value");
	OK_STR(why, "the header If-Match has a control character", "the message");
	OK_STR(buf_str(&m.headers), "Other: y\r\n", "it is not among the headers");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin("GET", "http://a", "/");
		fetch_msg_header(&m, names[i], "v");
		OK(check() == -1, "name %zu is refused", i);
	}
	OK(strchr(why, '\x01') == NULL, "a message has no control character");
	begin("GET", "http://a", "/");
	OK(check() == 0, "the next message is judged anew");
}

static void
test_limits(void)
{
	char *long_text = xmalloc(FETCH_MSG_LEN_MAX + 2);

	memset(long_text, 'x', FETCH_MSG_LEN_MAX + 1);
	long_text[FETCH_MSG_LEN_MAX + 1] = '\0';
	begin("GET", "http://a", "/");
	for (int i = 0; i < FETCH_MSG_HEADERS_MAX; i++)
		fetch_msg_header(&m, "a", "b");
	OK(check() == 0, "as many headers as there may be");
	fetch_msg_header(&m, "late", "b");
	OK(check() == -1 && strstr(why, "late") != NULL, "one more: %s", why);
	begin("GET", "http://a", "/");
	fetch_msg_header(&m, "long", long_text);
	OK(check() == -1, "a value too long: %s", why);
	begin("GET", "http://a", "/");
	buf_add(&m.target, long_text, FETCH_MSG_LEN_MAX - m.origin.len - 1);
	OK(check() == 0, "the longest target");
	buf_addc(&m.target, 'x');
	OK(check() == -1 && strstr(why, "65536") != NULL, "one byte more: %s", why);
	free(long_text);
}

int
main(void)
{
	test_good();
	test_origins();
	test_targets();
	test_headers();
	test_limits();
	fetch_msg_free(&m);
	return tap_done();
}
