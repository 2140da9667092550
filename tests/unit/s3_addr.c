/* Where requests go: the facts are those of the S3 user guide, "Virtual hosting of buckets". */
#include <stdlib.h>

#include "s3_addr.h"
#include "tap.h"

static const struct {
	const char *endpoint; /* NULL: AWS */
	enum s3_style style;
	int dualstack; /* 2: FIPS, 3: both */
	const char *region, *bucket, *key;
	const char *scheme, *host, *path;
} cases[] = {
    {NULL, S3_STYLE_AUTO, 0, "us-east-1", "bucket", "a/b.csv", "https",
	"bucket.s3.us-east-1.amazonaws.com", "/a/b.csv"},
    {NULL, S3_STYLE_AUTO, 0, "us-east-1", "bucket", "", "https",
	"bucket.s3.us-east-1.amazonaws.com", "/"},
    {NULL, S3_STYLE_AUTO, 0, "eu-west-1", "my.bucket", "k", "https", "s3.eu-west-1.amazonaws.com",
	"/my.bucket/k"},
    {NULL, S3_STYLE_AUTO, 0, "eu-west-1", "my.bucket", "", "https", "s3.eu-west-1.amazonaws.com",
	"/my.bucket"},
    {NULL, S3_STYLE_AUTO, 0, "eu-west-1", "My_Bucket", "k", "https", "s3.eu-west-1.amazonaws.com",
	"/My_Bucket/k"},
    {NULL, S3_STYLE_PATH, 0, "eu-west-1", "bucket", "k", "https", "s3.eu-west-1.amazonaws.com",
	"/bucket/k"},
    {NULL, S3_STYLE_AUTO, 0, "cn-north-1", "bucket", "k", "https",
	"bucket.s3.cn-north-1.amazonaws.com.cn", "/k"},
    {NULL, S3_STYLE_AUTO, 0, "us-gov-west-1", "bucket", "k", "https",
	"bucket.s3.us-gov-west-1.amazonaws.com", "/k"},
    {NULL, S3_STYLE_AUTO, 1, "eu-west-1", "bucket", "k", "https",
	"bucket.s3.dualstack.eu-west-1.amazonaws.com", "/k"},
    {NULL, S3_STYLE_AUTO, 2, "us-east-1", "bucket-name", "k", "https",
	"bucket-name.s3-fips.us-east-1.amazonaws.com", "/k"},
    {NULL, S3_STYLE_PATH, 3, "us-east-1", "bucket-name", "k", "https",
	"s3-fips.dualstack.us-east-1.amazonaws.com", "/bucket-name/k"},
    {"http://127.0.0.1:9000", S3_STYLE_AUTO, 0, "x", "bucket", "k", "http", "127.0.0.1:9000",
	"/bucket/k"},
    {"http://127.0.0.1:9000/", S3_STYLE_AUTO, 0, "x", "bucket", "k", "http", "127.0.0.1:9000",
	"/bucket/k"},
    {"https://s3.example.com:443/base/", S3_STYLE_AUTO, 0, "x", "b", "k", "https", "s3.example.com",
	"/base/b/k"},
    {"http://s3.example.com:80", S3_STYLE_VIRTUAL, 0, "x", "bucket", "k", "http",
	"bucket.s3.example.com", "/k"},
    {"http://[::1]:9000", S3_STYLE_AUTO, 0, "x", "bucket", "", "http", "[::1]:9000", "/bucket"},
    {"HTTP://h", S3_STYLE_AUTO, 0, "x", "bucket", "../a//b?c#d e+f%", "http", "h",
	"/bucket/../a//b%3Fc%23d%20e%2Bf%25"},
    {"http://h", S3_STYLE_AUTO, 0, "x", "bucket", "/lead", "http", "h", "/bucket//lead"},
};

static const char *const bad[] = {"", "h", "ftp://h", "http://", "http://h:", "http://h:0",
    "http://h:65536", "http://h:x", "http://h/?q", "http://h#f", "http://user@h", "http://h h",
    "http:///x"};

int
main(void)
{
	struct s3_endpoint ep;
	struct err e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf host = {0}, path = {0};

		OK(s3_endpoint_parse(&ep, cases[i].endpoint, &e) == 0,
		    "case %zu: endpoint is taken", i);
		ep.style = cases[i].style;
		ep.dualstack = cases[i].dualstack & 1;
		ep.fips = cases[i].dualstack >> 1;
		s3_address(&ep, cases[i].region, cases[i].bucket, cases[i].key, &host, &path);
		OK_STR(ep.scheme, cases[i].scheme, "case %zu: scheme", i);
		OK_STR(buf_str(&host), cases[i].host, "case %zu: host", i);
		OK_STR(buf_str(&path), cases[i].path, "case %zu: path", i);
		buf_free(&host);
		buf_free(&path);
		s3_endpoint_free(&ep);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OK(s3_endpoint_parse(&ep, bad[i], &e) == -1 && e.status == EXIT_USAGE &&
			strstr(e.text, bad[i]) != NULL,
		    "'%s' is refused by name", bad[i]);
		s3_endpoint_free(&ep);
	}
	return tap_done();
}
