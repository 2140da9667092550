/* Where requests go: the facts are those of the S3 user guide, "Virtual hosting of buckets". */
#include <stdlib.h>

#include "s3/s3_addr.h"
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
    /* botocore's cases of its endpoint rules (s3, endpoint-tests-1.json), as far as spoken here */
    {NULL, S3_STYLE_PATH, 1, "us-west-2", "bucketname", "", "https",
	"s3.dualstack.us-west-2.amazonaws.com", "/bucketname"},
    {NULL, S3_STYLE_AUTO, 1, "us-west-2", "99_ab", "", "https",
	"s3.dualstack.us-west-2.amazonaws.com", "/99_ab"},
    {NULL, S3_STYLE_AUTO, 0, "us-west-2", "example.com#", "", "https", "s3.us-west-2.amazonaws.com",
	"/example.com%23"},
    {NULL, S3_STYLE_AUTO, 0, "us-west-2", "bucket name", "", "https", "s3.us-west-2.amazonaws.com",
	"/bucket%20name"},
    {"http://control.vpce-1a2b3c4d-5e6f.s3.us-west-2.vpce.amazonaws.com", S3_STYLE_VIRTUAL, 0,
	"af-south-1", "99_ab", "", "http",
	"control.vpce-1a2b3c4d-5e6f.s3.us-west-2.vpce.amazonaws.com", "/99_ab"},
    {"http://control.vpce-1a2b3c4d-5e6f.s3.us-west-2.vpce.amazonaws.com/foo", S3_STYLE_VIRTUAL, 0,
	"af-south-1", "bucketname", "", "http",
	"bucketname.control.vpce-1a2b3c4d-5e6f.s3.us-west-2.vpce.amazonaws.com", "/foo/"},
    {"https://control.vpce-1a2b3c4d-5e6f.s3.us-west-2.vpce.amazonaws.com", S3_STYLE_PATH, 0,
	"cn-north-1", "bucket-name", "", "https",
	"control.vpce-1a2b3c4d-5e6f.s3.us-west-2.vpce.amazonaws.com", "/bucket-name"},
    {"https://123.123.0.1", S3_STYLE_VIRTUAL, 0, "af-south-1", "bucketname", "", "https",
	"123.123.0.1", "/bucketname"},
    {"http://192.168.1.1", S3_STYLE_VIRTUAL, 0, "aws-global", "bucket", "", "http", "192.168.1.1",
	"/bucket"},
    {"http://10.0.1.12:433", S3_STYLE_VIRTUAL, 0, "snow", "bucketname", "", "http", "10.0.1.12:433",
	"/bucketname"},
    {"http://[::1]:9000", S3_STYLE_VIRTUAL, 0, "x", "bucket", "", "http", "[::1]:9000", "/bucket"},
    {NULL, S3_STYLE_AUTO, 0, "us-east-1", "bucket.name", "", "https", "s3.us-east-1.amazonaws.com",
	"/bucket.name"},
    {NULL, S3_STYLE_VIRTUAL, 0, "us-east-1", "bucket.name", "", "https",
	"s3.us-east-1.amazonaws.com", "/bucket.name"},
    {"http://example.com", S3_STYLE_VIRTUAL, 0, "us-east-1", "bucket.name", "", "http",
	"bucket.name.example.com", "/"},
    {"http://example.com", S3_STYLE_VIRTUAL, 0, "us-east-1", "bucket.-name", "", "http",
	"example.com", "/bucket.-name"},
    {NULL, S3_STYLE_AUTO, 0, "us-east-1", "aaa", "", "https", "aaa.s3.us-east-1.amazonaws.com",
	"/"},
    {NULL, S3_STYLE_AUTO, 0, "us-east-1", "aa", "", "https", "s3.us-east-1.amazonaws.com", "/aa"},
    {NULL, S3_STYLE_AUTO, 0, "us-east-1", "BucketName", "", "https", "s3.us-east-1.amazonaws.com",
	"/BucketName"},
    {NULL, S3_STYLE_AUTO, 0, "us-east-1", "bucket!", "", "https", "s3.us-east-1.amazonaws.com",
	"/bucket%21"},
    {NULL, S3_STYLE_AUTO, 3, "us-east-1", "bucket!", "", "https",
	"s3-fips.dualstack.us-east-1.amazonaws.com", "/bucket%21"},
    {NULL, S3_STYLE_AUTO, 0, "aws-global", "bucket-name", "key", "https",
	"bucket-name.s3.amazonaws.com", "/key"},
    {NULL, S3_STYLE_PATH, 0, "aws-global", "bucket-name", "", "https", "s3.amazonaws.com",
	"/bucket-name"},
    {NULL, S3_STYLE_AUTO, 2, "aws-global", "bucket-name", "", "https",
	"bucket-name.s3-fips.us-east-1.amazonaws.com", "/"},
    {NULL, S3_STYLE_AUTO, 1, "aws-global", "bucket-name", "", "https",
	"bucket-name.s3.dualstack.us-east-1.amazonaws.com", "/"},
    {NULL, S3_STYLE_PATH, 3, "aws-global", "bucket!", "", "https",
	"s3-fips.dualstack.us-east-1.amazonaws.com", "/bucket%21"},
    {"https://example.com", S3_STYLE_VIRTUAL, 0, "aws-global", "bucket-name", "", "https",
	"bucket-name.example.com", "/"},
    {"https://example.com", S3_STYLE_PATH, 0, "us-east-1", "bucket-name", "", "https",
	"example.com", "/bucket-name"},
    {NULL, S3_STYLE_AUTO, 1, "cn-north-1", "bucket-name", "", "https",
	"bucket-name.s3.dualstack.cn-north-1.amazonaws.com.cn", "/"},
    {NULL, S3_STYLE_AUTO, 0, "cn-north-1", "99a_b", "", "https", "s3.cn-north-1.amazonaws.com.cn",
	"/99a_b"},
    {NULL, S3_STYLE_AUTO, 2, "af-south-1", "bucket-name", "", "https",
	"bucket-name.s3-fips.af-south-1.amazonaws.com", "/"},
    {NULL, S3_STYLE_AUTO, 3, "af-south-1", "bucket-name", "", "https",
	"bucket-name.s3-fips.dualstack.af-south-1.amazonaws.com", "/"},
    {NULL, S3_STYLE_AUTO, 2, "us-gov-west-1", "bucket.with.dots", "", "https",
	"s3-fips.us-gov-west-1.amazonaws.com", "/bucket.with.dots"},
    /* an access point's alias */
    {NULL, S3_STYLE_AUTO, 0, "us-west-2", "my-ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias", "k",
	"https", "my-ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias.s3.us-west-2.amazonaws.com",
	"/k"},
    /* smithy's cases of restXml for S3 (aws-protocol-tests, services/s3.smithy) */
    {NULL, S3_STYLE_AUTO, 0, "us-west-2", "mybucket", "", "https",
	"mybucket.s3.us-west-2.amazonaws.com", "/"},
    {NULL, S3_STYLE_PATH, 0, "us-west-2", "mybucket", "", "https", "s3.us-west-2.amazonaws.com",
	"/mybucket"},
    {NULL, S3_STYLE_VIRTUAL, 1, "us-west-2", "mybucket", "", "https",
	"mybucket.s3.dualstack.us-west-2.amazonaws.com", "/"},
    {NULL, S3_STYLE_AUTO, 0, "us-west-2", "mybucket", "my key.txt", "https",
	"mybucket.s3.us-west-2.amazonaws.com", "/my%20key.txt"},
    {NULL, S3_STYLE_AUTO, 0, "us-west-2", "mybucket", "foo/bar/my key.txt", "https",
	"mybucket.s3.us-west-2.amazonaws.com", "/foo/bar/my%20key.txt"},
    {NULL, S3_STYLE_VIRTUAL, 0, "us-west-2", "mybucket", "../key.txt", "https",
	"mybucket.s3.us-west-2.amazonaws.com", "/../key.txt"},
    {NULL, S3_STYLE_VIRTUAL, 0, "us-west-2", "mybucket", "foo/../key.txt", "https",
	"mybucket.s3.us-west-2.amazonaws.com", "/foo/../key.txt"},
};

static const struct {
	const char *endpoint;
	int open;
} ways[] = {{"https://example.com", 0}, {"http://example.com", 1}, {"http://localhost", 0},
    {"http://LOCALHOST:9000", 0}, {"http://s3.localhost:9000", 0}, {"http://notlocalhost", 1},
    {"http://127.0.0.1:9000", 0}, {"http://127.1.2.3", 0}, {"http://127.0.0.1.example.com", 1},
    {"http://0.0.0.0", 1}, {"http://10.0.0.1", 1}, {"http://[::1]:9000", 0},
    {"http://[::2]:9000", 1}, {NULL, 0}};

static const char *const bad[] = {"", "h", "ftp://h", "http://", "http://h:", "http://h:0",
    "http://h:65536", "http://h:x", "http://h/?q", "http://h#f", "http://user@h", "http://h h",
    "http:///x"};

int
main(void)
{
	struct s3_addr a;
	struct err e;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf host = {0}, path = {0};

		OK(s3_addr_parse(&a, cases[i].endpoint, &e) == 0, "case %zu: endpoint is taken", i);
		a.style = cases[i].style;
		a.dualstack = cases[i].dualstack & 1;
		a.fips = cases[i].dualstack >> 1;
		a.global = strcmp(cases[i].region, S3_GLOBAL) == 0;
		s3_addr_make(&a, a.global ? S3_GLOBAL_REGION : cases[i].region, cases[i].bucket,
		    cases[i].key, &host, &path);
		OK_STR(a.endpoint.scheme, cases[i].scheme, "case %zu: scheme", i);
		OK_STR(buf_str(&host), cases[i].host, "case %zu: host", i);
		OK_STR(buf_str(&path), cases[i].path, "case %zu: path", i);
		buf_free(&host);
		buf_free(&path);
		s3_addr_free(&a);
	}
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		OK(s3_addr_parse(&a, ways[i].endpoint, &e) == 0 &&
			endpoint_is_open(&a.endpoint) == ways[i].open,
		    "%s: %s", ways[i].endpoint != NULL ? ways[i].endpoint : "AWS",
		    ways[i].open ? "can be read on the way" : "cannot");
		s3_addr_free(&a);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OK(s3_addr_parse(&a, bad[i], &e) == -1 && e.status == EXIT_USAGE &&
			strstr(e.text, bad[i]) != NULL,
		    "'%s' is refused by name", bad[i]);
		s3_addr_free(&a);
	}
	return tap_done();
}
