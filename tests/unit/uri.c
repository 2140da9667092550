/* lib/base/uri: s3:// URIs, percent-encoding. */
#include <stdlib.h>

#include "base/uri.h"
#include "tap.h"

static const struct {
	const char *uri, *bucket, *key;
} good[] = {
    {"s3://b/key", "b", "key"},
    {"s3://b", "b", ""},
    {"s3://b/", "b", ""},
    {"s3://b//", "b", "/"},
    {"s3://b//a//b", "b", "/a//b"},
    {"s3://b/./a/../b", "b", "./a/../b"},
    {"s3://b/%41+ ?#&", "b", "%41+ ?#&"},
    {"s3://b/\xc3\xa9\xff\n\t\"\\", "b", "\xc3\xa9\xff\n\t\"\\"},
    {"s3://my.bucket-1_X/a", "my.bucket-1_X", "a"},
    {"s3://ap-xyz-s3alias/a", "ap-xyz-s3alias", "a"},
    {"s3://.b./k", ".b.", "k"},
};

static const struct {
	const char *uri, *text;
} bad[] = {
    {"", ": not an s3:// URI"},
    {"s3:/b/k", "s3:/b/k: not an s3:// URI"},
    {"S3://b/k", "S3://b/k: not an s3:// URI"},
    {"https://b/k", "https://b/k: not an s3:// URI"},
    {"s3://", "s3://: no bucket name"},
    {"s3:///k", "s3:///k: no bucket name"},
    {"s3://a..b/k", "s3://a..b/k: a bucket name is not '.' and has no '..'"},
    {"s3://./k", "s3://./k: a bucket name is not '.' and has no '..'"},
    {"s3://../k", "s3://../k: a bucket name is not '.' and has no '..'"},
    {"s3://a b/k", "s3://a b/k: a bucket name is made of letters, digits, '.', '_' and '-'"},
    {"s3://a~b/k", "s3://a~b/k: a bucket name is made of letters, digits, '.', '_' and '-'"},
    {"s3://a@b", "s3://a@b: a bucket name is made of letters, digits, '.', '_' and '-'"},
    {"s3://arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01/accesspoint/ap/k",
	"s3://arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01/accesspoint/ap/k: S3 on "
	"Outposts is not supported"},
    {"s3://test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3/k",
	"s3://test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3/k: S3 on Outposts is "
	"not supported"},
    {"s3://arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/ap/k",
	"s3://arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/ap/k: Object Lambda "
	"access point ARNs are not supported; their alias is"},
    {"s3://arn:aws:s3:us-west-2:123456789012:accesspoint/ap/k",
	"s3://arn:aws:s3:us-west-2:123456789012:accesspoint/ap/k: access point ARNs are not "
	"supported; an access "
	"point's alias is"},
    {"s3://b--use1-az4--x-s3/k",
	"s3://b--use1-az4--x-s3/k: S3 Express directory buckets are not supported"},
};

static void
test_parse(void)
{
	struct uri u;
	struct err e;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *s = good[i].uri;

		OK(uri_parse(s, strlen(s), &u, &e) == 0, "'%zu' is a URI", i);
		OK_STR(u.bucket != NULL ? u.bucket : "(null)", good[i].bucket, "its bucket");
		OK_STR(u.key != NULL ? u.key : "(null)", good[i].key, "its key");
		uri_free(&u);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *s = bad[i].uri;

		e.status = 0;
		OK(uri_parse(s, strlen(s), &u, &e) == -1, "'%s' is refused", s);
		OK(e.status == EXIT_USAGE && u.bucket == NULL && u.key == NULL,
		    "as a usage error, leaving nothing");
		OK_STR(e.text, bad[i].text, "saying why");
	}
	OK(uri_parse("s3", 2, &u, NULL) == -1, "nobody need ask why");
	uri_free(NULL);
}

static void
test_lengths(void)
{
	char text[4096];
	struct uri u;
	struct err e;

	memset(text, 'x', sizeof(text));
	memcpy(text, "s3://b/", 7);
	OK(uri_parse(text, 7 + S3_KEY_MAX, &u, &e) == 0 && strlen(u.key) == S3_KEY_MAX,
	    "a key of 1,024 bytes");
	uri_free(&u);
	OK(uri_parse(text, 7 + S3_KEY_MAX + 1, &u, &e) == -1, "a key of 1,025 bytes is refused");
	OK(strstr(e.text, "longer than 1024 bytes") != NULL, "by name");
	OK(uri_parse(text, sizeof(text), &u, &e) == -1 &&
		strstr(e.text, "...: the key is longer") != NULL,
	    "a very long URI does not push the cause out of the message");
	OK(uri_parse(text + 7, sizeof(text) - 7, &u, &e) == -1 &&
		strstr(e.text, "not an s3:// URI") != NULL,
	    "nor does anything else that is long");
	text[6] = 'x';
	OK(uri_parse(text, 5 + 255, &u, &e) == 0, "a bucket name of 255 bytes");
	uri_free(&u);
	OK(uri_parse(text, 5 + 256, &u, &e) == -1, "256 bytes are too many");
	OK(uri_parse("s3://b/k\0x", 10, &u, &e) == -1 && strstr(e.text, "NUL") != NULL,
	    "a NUL is refused");
	OK(uri_parse("s3://b/key-and-more", 10, &u, &e) == 0, "the length counts, not a NUL");
	OK_STR(u.key, "key", "the key ends where it says");
	uri_free(&u);
}

static void
test_encode(void)
{
	struct buf out = {0};
	char all[256];

	uri_encode(&out, "a/b c+d~e%\xc3\xa9", 12, 0);
	OK_STR(buf_str(&out), "a%2Fb%20c%2Bd~e%25%C3%A9", "encoded once, upper-case");
	buf_reset(&out);
	uri_encode(&out, "/a//b", 5, 1);
	OK_STR(buf_str(&out), "/a//b", "slashes kept");
	buf_reset(&out);
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	uri_encode(&out, all, 256, 0);
	OK(out.len == 66 + 3 * 190, "66 characters are unreserved");
	OK(strspn(buf_str(&out),
	       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%") == out.len,
	    "nothing else is left bare");
	{
		struct buf plain = {0};

		OK(uri_decode(&plain, out.p, out.len, 1, NULL) == 0, "decoded");
		OK(plain.len == 256 && memcmp(plain.p, all, 256) == 0, "every byte comes back");
		buf_free(&plain);
	}
	buf_free(&out);
}

static void
test_decode(void)
{
	static const char *const broken[] = {
	    "%", "%4", "a%4", "%zz", "%4g", "%g4", "%%41", "%+1", "% 1", "%-1"};
	struct buf out = {0};
	struct err e;

	buf_adds(&out, "x");
	OK(uri_decode(&out, "a%2fb%2Fc+d%00", 14, 1, &e) == 0, "both cases of digits");
	OK(out.len == 9 && memcmp(out.p, "xa/b/c d\0", 9) == 0,
	    "appended, + is a space, NUL is a byte");
	buf_reset(&out);
	OK(uri_decode(&out, "a+b", 3, 0, &e) == 0, "+ may be itself");
	OK_STR(buf_str(&out), "a+b", "and stays");
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		OK(uri_decode(&out, broken[i], strlen(broken[i]), 0, &e) == -1, "'%s' is broken",
		    broken[i]);
		OK(out.len == 3, "and leaves what was there");
	}
	OK(uri_decode(&out, "a%41", 3, 0, &e) == -1 && out.len == 3,
	    "the length counts, not what stands behind");
	OK(uri_decode(&out, "%4", 2, 0, NULL) == -1, "nobody need ask why");
	buf_free(&out);
}

int
main(void)
{
	test_parse();
	test_lengths();
	test_encode();
	test_decode();
	return tap_done();
}
