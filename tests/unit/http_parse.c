/* Answers of HTTP/1.1 servers, good and bad, whole and in pieces of every size. */
#include <stdlib.h>

#include "http/http_parse.h"
#include "tap.h"

struct got {
	char lines[512], body[512];
	size_t lines_len, body_len;
	enum http_event last;
	size_t left; /* bytes behind the end */
};

static void
add(char *to, size_t *len, const char *p, size_t n)
{
	if (*len + n + 1 >= 512)
		abort();
	memcpy(to + *len, p, n);
	*len += n;
	to[*len] = '\0';
}

/* Reads text in pieces of step bytes. Every other piece of a body is refused at first. */
static struct got
read_all(struct http_parse *h, const char *text, size_t step, int to_head, int refuse)
{
	struct got g = {.last = HTTP_MORE};
	size_t n = strlen(text), at = 0, have = 0;
	const char *p = text, *out;
	size_t out_len;

	http_parse_begin(h, to_head);
	while (g.last != HTTP_END && g.last != HTTP_BAD) {
		if (have == 0 && g.last == HTTP_MORE) {
			if (at == n)
				break;
			p = text + at;
			have = n - at < step ? n - at : step;
			at += have;
		}
		g.last = http_parse_next(h, &p, &have, &out, &out_len);
		if (g.last == HTTP_STATUS) {
			char status[8];

			snprintf(status, sizeof(status), "%d|", h->status);
			add(g.lines, &g.lines_len, status, strlen(status));
		} else if (g.last == HTTP_HEADER) {
			add(g.lines, &g.lines_len, h->field.name, h->field.name_len);
			add(g.lines, &g.lines_len, ": ", 2);
			add(g.lines, &g.lines_len, h->field.value, h->field.value_len);
			add(g.lines, &g.lines_len, "|", 1);
		} else if (g.last == HTTP_BODY && refuse) {
			http_parse_untake(h, out_len);
			p -= out_len;
			have += out_len;
			refuse = 0;
		} else if (g.last == HTTP_BODY) {
			add(g.body, &g.body_len, out, out_len);
			refuse = 1;
		}
	}
	g.left = n - at + have;
	return g;
}

static const struct {
	const char *name, *text, *lines, *body;
	int to_head;
	enum http_event last; /* at the end of the text */
	size_t left;
	int close;
} cases[] = {
    {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello",
	"200|Content-Length: 5|ETag: \"x\"|", "hello", 0, HTTP_END, 0, 0},
    {"bytes behind the length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello",
	"200|Content-Length: 2|", "he", 0, HTTP_END, 3, 0},
    {"no bytes", "HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", "200|content-length: 0|", "", 0,
	HTTP_END, 0, 0},
    {"an answer to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200|Content-Length: 5|",
	"", 1, HTTP_END, 0, 0},
    {"204", "HTTP/1.1 204 No Content\r\n\r\n", "204|", "", 0, HTTP_END, 0, 0},
    {"304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
	"304|Content-Length: 9|", "", 0, HTTP_END, 0, 0},
    {"no reason", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", "200|Content-Length: 1|", "a", 0,
	HTTP_END, 0, 0},
    {"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 1\n\na", "200|Content-Length: 1|", "a", 0,
	HTTP_END, 0, 0},
    {"an interim answer before it",
	"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
	"200|Content-Length: 1|", "a", 0, HTTP_END, 0, 0},
    {"chunks",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0A;x=y\r\n0123456789\r\n"
	"0\r\nTrailer: t\r\n\r\nrest",
	"200|Transfer-Encoding: Chunked|", "abc0123456789", 0, HTTP_END, 4, 0},
    {"chunks go before a length",
	"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
	"0\r\n\r\n",
	"200|Content-Length: 100|Transfer-Encoding: chunked|", "a", 0, HTTP_END, 0, 1},
    {"a blank before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", "200|", "",
	0, HTTP_BAD, 7, 1},
    {"until the connection ends", "HTTP/1.1 200 OK\r\nETag: x\r\n\r\nhello", "200|ETag: x|",
	"hello", 0, HTTP_MORE, 0, 1},
    {"Connection: close", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n",
	"200|Connection: x, Close|Content-Length: 0|", "", 0, HTTP_END, 0, 1},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "200|Content-Length: 0|", "", 0,
	HTTP_END, 0, 1},
    {"HTTP/1.0 that keeps the connection",
	"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
	"200|Content-Length: 0|Connection: keep-alive|", "", 0, HTTP_END, 0, 0},
    {"the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
	"200|Content-Length: 1|Content-Length: 1|", "a", 0, HTTP_END, 0, 0},
    {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
	"200|Content-Length: 1|", "", 0, HTTP_BAD, 5, 1},
    {"a length below zero", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "200|", "", 0,
	HTTP_BAD, 2, 1},
    {"an encoding nobody asked for", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "200|",
	"", 0, HTTP_BAD, 2, 1},
    {"a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "200|A: b|", "", 0, HTTP_BAD, 2, 1},
    {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "", "", 0, HTTP_BAD, 0, 1},
    {"HTTP/2", "HTTP/2 200\r\n\r\n", "", "", 0, HTTP_BAD, 0, 1},
    {"101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "", "", 0, HTTP_BAD, 2, 1},
    {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "", "", 0, HTTP_BAD, 2, 1},
    {"a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
	"200|Transfer-Encoding: chunked|", "", 0, HTTP_BAD, 0, 1},
    {"a chunk too large",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
	"200|Transfer-Encoding: chunked|", "", 0, HTTP_BAD, 0, 1},
    {"a chunk longer than said", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
	"200|Transfer-Encoding: chunked|", "a", 0, HTTP_BAD, 0, 1},
    {"blanks around a value", "HTTP/1.1 200 OK\r\nETag:\t \"x\" \t\r\nContent-Length:0\r\n\r\n",
	"200|ETag: \"x\"|Content-Length: 0|", "", 0, HTTP_END, 0, 0},
    {"an empty value", "HTTP/1.1 200 OK\r\nX:\r\nY: \t\r\nContent-Length: 0\r\n\r\n",
	"200|X: |Y: |Content-Length: 0|", "", 0, HTTP_END, 0, 0},
    {"a tab and bytes above ASCII in a value",
	"HTTP/1.1 200 \xc3\xa9\tx\r\nX: a\t\xff\r\nContent-Length: 0\r\n\r\n",
	"200|X: a\t\xff|Content-Length: 0|", "", 0, HTTP_END, 0, 0},
    {"every character of a token",
	"HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09azAZ: x\r\nContent-Length: 0\r\n\r\n",
	"200|!#$%&'*+-.^_`|~09azAZ: x|Content-Length: 0|", "", 0, HTTP_END, 0, 0},
    {"a status line among the headers", "HTTP/1.1 200 OK\r\nHTTP/1.1 503: x\r\n\r\n", "200|", "", 0,
	HTTP_BAD, 0, 1},
    {"a status line without a number", "HTTP/1.1 200 OK\r\nHTTP/: x\r\n\r\n", "200|", "", 0,
	HTTP_BAD, 0, 1},
    {"a second status line", "HTTP/1.1 200 OK\r\nHTTP/1.1 206 OK\r\n\r\n", "200|", "", 0, HTTP_BAD,
	0, 1},
    {"a name with a blank", "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "200|", "", 0, HTTP_BAD, 0, 1},
    {"a name with a slash", "HTTP/1.1 200 OK\r\nA/b: c\r\n\r\n", "200|", "", 0, HTTP_BAD, 0, 1},
    {"a name above ASCII", "HTTP/1.1 200 OK\r\n\xc3\xa9: c\r\n\r\n", "200|", "", 0, HTTP_BAD, 0, 1},
    {"no name", "HTTP/1.1 200 OK\r\n: c\r\n\r\n", "200|", "", 0, HTTP_BAD, 0, 1},
    {"no colon", "HTTP/1.1 200 OK\r\nEtag\r\n\r\n", "200|", "", 0, HTTP_BAD, 0, 1},
    {"a bare CR in a value", "HTTP/1.1 200 OK\r\nX: a\rContent-Length: 3\r\n\r\n", "200|", "", 0,
	HTTP_BAD, 0, 1},
    {"two CRs at the end", "HTTP/1.1 200 OK\r\nX: a\r\r\n\r\n", "200|", "", 0, HTTP_BAD, 0, 1},
    {"a control character in a value", "HTTP/1.1 200 OK\r\nX: \x1b]0;x\x07\r\n\r\n", "200|", "", 0,
	HTTP_BAD, 0, 1},
    {"a DEL in a reason", "HTTP/1.1 200 O\x7fK\r\n\r\n", "", "", 0, HTTP_BAD, 0, 1},
    {"a bare CR in a reason", "HTTP/1.1 200 OK\rX: y\r\n\r\n", "", "", 0, HTTP_BAD, 0, 1},
    {"chunked twice",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	"200|Transfer-Encoding: chunked|", "", 0, HTTP_BAD, 0, 1},
    {"another coding before chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
	"200|", "", 0, HTTP_BAD, 0, 1},
    {"chunked in HTTP/1.0",
	"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"200|Connection: keep-alive|Transfer-Encoding: chunked|", "", 0, HTTP_END, 0, 1},
    {"a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", "200|", "", 0,
	HTTP_BAD, 0, 1},
    {"a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", "200|", "", 0,
	HTTP_BAD, 0, 1},
    {"an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "200|", "", 0, HTTP_BAD, 0,
	1},
    {"two lengths of which the second is longer than any",
	"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 9223372036854775808\r\n\r\nabc",
	"200|Content-Length: 3|", "", 0, HTTP_BAD, 0, 1},
};

static void
test_cases(struct http_parse *h)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int good = 1;

		for (size_t step = 1; step <= strlen(cases[i].text); step++) {
			for (int refuse = 0; refuse < 2; refuse++) {
				struct got g =
				    read_all(h, cases[i].text, step, cases[i].to_head, refuse);
				/* how much of what is wrong was read is not part of the contract */
				int same = (strcmp(g.lines, cases[i].lines) == 0) &&
				    strcmp(g.body, cases[i].body) == 0 && g.last == cases[i].last &&
				    (g.last == HTTP_BAD || g.left == cases[i].left) &&
				    h->close == cases[i].close && (g.last == HTTP_BAD) == !!h->bad;

				if (!same && good)
					printf("# step %zu: %s // %s // event %d, %zu left\n", step,
					    g.lines, g.body, g.last, g.left);
				good &= same;
			}
		}
		OK(good, "%s, in pieces of every size", cases[i].name);
	}
}

static void
test_ends(struct http_parse *h)
{
	read_all(h, "HTTP/1.1 200 OK\r\n\r\nhello", 100, 0, 0);
	OK(http_parse_eof(h) == HTTP_END && http_parse_is_whole(h),
	    "the connection's end ends a body without length");
	read_all(h, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 100, 0, 0);
	OK(http_parse_in_body(h) && http_parse_eof(h) == HTTP_BAD && !http_parse_is_whole(h),
	    "a body cut short");
	read_all(h, "HTTP/1.1 200 OK\r\nContent-Le", 100, 0, 0);
	OK(!http_parse_in_body(h) && http_parse_eof(h) == HTTP_BAD, "a head cut short");
	http_parse_begin(h, 0);
	OK(!h->began && http_parse_eof(h) == HTTP_BAD, "no byte at all");
	read_all(h, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 3, 0, 0);
	OK(http_parse_is_whole(h) && h->status == 200, "the next answer on the same struct");
}

static void
test_long_head(struct http_parse *h)
{
	static char head[HTTP_HEAD_MAX + 100];
	const char *out, *p = head;
	size_t n = sizeof(head), out_len;
	enum http_event event;

	memset(head, 'a', sizeof(head));
	memcpy(head, "HTTP/1.1 200 OK\r\nX: ", 20);
	http_parse_begin(h, 0);
	while ((event = http_parse_next(h, &p, &n, &out, &out_len)) == HTTP_STATUS)
		;
	OK(event == HTTP_BAD, "a head without end");
}

/* Interim answers are few; heads of any number share one limit of length. */
static void
test_interim(struct http_parse *h)
{
	static const char interim[] = "HTTP/1.1 102 Processing\r\n\r\n",
			  final[] = "HTTP/1.1 204 No Content\r\n\r\n";

	for (int n = HTTP_INTERIM_MAX; n <= HTTP_INTERIM_MAX + 1; n++) {
		const char *p, *out;
		size_t len, out_len;

		http_parse_begin(h, 0);
		for (int i = 0; i < n; i++) {
			p = interim;
			len = sizeof(interim) - 1;
			(void)http_parse_next(h, &p, &len, &out, &out_len);
		}
		if (n > HTTP_INTERIM_MAX) {
			OK(h->bad != NULL, "one interim answer too many");
			break;
		}
		p = final;
		len = sizeof(final) - 1;
		OK(http_parse_next(h, &p, &len, &out, &out_len) == HTTP_STATUS && h->status == 204,
		    "%d interim answers before the final one", n);
	}
}

int
main(void)
{
	struct http_parse h = {0};

	test_cases(&h);
	test_ends(&h);
	test_long_head(&h);
	test_interim(&h);
	http_parse_free(&h);
	return tap_done();
}
