/* lib/aws/sigv4 against published cases, each stage by itself, and the manners of the key. */
#include <stdlib.h>

#include "sigv4_cases.h"
#include "tap.h"

static const struct credentials {
	const char *access_key, *secret, *date, *region, *service, *scope;
} suite = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830T123600Z",
    "us-east-1", "service", "20150830/us-east-1/service/aws4_request"},
  s3 = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524T000000Z",
      "us-east-1", "s3", "20130524/us-east-1/s3/aws4_request"};

/* The line of a canonical request that lists the signed headers: the last but one. */
static void
signed_names(struct buf *out, const char *canonical)
{
	const char *end = strrchr(canonical, '\n'), *start = end;

	while (start[-1] != '\n')
		start--;
	buf_add(out, start, (size_t)(end - start));
}

static struct sigv4_request
request_of(const struct sigv4_case *c)
{
	struct sigv4_request r = {
	    .method = c->method,
	    .path = c->path,
	    .query = c->query != NULL ? c->query : "",
	    .headers = c->headers,
	    .payload_hash = c->payload_hash != NULL ? c->payload_hash : SIGV4_EMPTY_SHA256,
	};

	while (c->headers[r.n_headers].name != NULL)
		r.n_headers++;
	return r;
}

static void
test_case(const struct sigv4_case *c)
{
	const struct credentials *cr = c->s3 ? &s3 : &suite;
	struct sigv4_request r = request_of(c);
	struct sigv4_key key = {0};
	struct buf got = {0}, want = {0};
	char hex[65];

	sigv4_canonical_request(&got, &r);
	OK_STR(buf_str(&got), c->canonical, "%s: canonical request", c->name);

	buf_reset(&got);
	sigv4_key_set(&key, cr->secret, cr->date, cr->region, cr->service);
	sigv4_string_to_sign(&got, &key, cr->date, c->canonical, strlen(c->canonical));
	buf_addf(&want, "AWS4-HMAC-SHA256\n%s\n%s\n%s", cr->date, cr->scope, c->to_sign_hash);
	OK_STR(buf_str(&got), buf_str(&want), "%s: string to sign", c->name);

	sigv4_signature(hex, &key, want.p, want.len);
	OK_STR(hex, c->signature, "%s: signature", c->name);

	buf_reset(&got);
	buf_reset(&want);
	buf_adds(&got, "before ");
	sigv4_authorization(&got, &r, &key, cr->access_key, cr->date);
	buf_addf(&want, "before AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=", cr->access_key,
	    cr->scope);
	signed_names(&want, c->canonical);
	buf_addf(&want, ", Signature=%s", c->signature);
	OK_STR(buf_str(&got), buf_str(&want), "%s: Authorization, appended", c->name);
	buf_free(&got);
	buf_free(&want);
}

static const struct {
	const char *sent, *canonical;
} queries[] = {
    {"", ""},
    {"uploads", "uploads="},
    {"uploads=", "uploads="},
    {"a=2&a=1&a", "a=&a=1&a=2"},
    {"b=1&a-b=1&a=2&a1=3",
	"a=2&a-b=1&a1=3&b=1"}, /* names alone are compared: '=' is no part of them */
    {"a%2Fb=1&aB=2&ab=3&a=4", "a=4&a%2Fb=1&aB=2&ab=3"},
    {"a=b=c&a=b", "a=b&a=b=c"},
    {"&a=1&&b=2&", "a=1&b=2"},
    {"=1", "=1"},
    {"list-type=2&prefix=x%2F&encoding-type=url&continuation-token=a%2B%3D",
	"continuation-token=a%2B%3D&encoding-type=url&list-type=2&prefix=x%2F"},
    {"t=1&s=1&r=1&q=1&p=1&o=1&n=1&m=1&l=1&k=1&j=1&i=1&h=1&g=1&f=1&e=1&d=1&c=1&b=1&a=1",
	"a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1&r=1&s=1&t=1"},
};

static void
test_queries(void)
{
	struct buf out = {0};

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct sigv4_request r = {
		    .method = "GET", .path = "/", .query = queries[i].sent, .payload_hash = "x"};
		char *line;

		buf_reset(&out);
		sigv4_canonical_request(&out, &r);
		buf_str(&out);
		line = out.p + strlen("GET\n/\n");
		line[strcspn(line, "\n")] = '\0';
		OK_STR(line, queries[i].canonical, "query '%s'", queries[i].sent);
	}
	buf_free(&out);
}

static void
test_headers(void)
{
	static const struct sigv4_header headers[] = {
	    {"X-B", "  a \t b  "},
	    {"host", "h"},
	    {"x-a", ""},
	    {"X-AB", "\"in  quotes\""},
	    {"x-b", "\xc3\xa9"},
	};
	struct sigv4_request r = {.method = "PUT",
	    .path = "/a//b/../c%20d",
	    .query = "",
	    .headers = headers,
	    .n_headers = 5,
	    .payload_hash = SIGV4_UNSIGNED};
	struct buf out = {0};

	sigv4_canonical_request(&out, &r);
	OK_STR(buf_str(&out),
	    "PUT\n/a//b/../c%20d\n\nhost:h\nx-a:\nx-ab:\"in quotes\"\nx-b:a "
	    "b,\xc3\xa9\n\nhost;x-a;x-ab;x-b\n"
	    "UNSIGNED-PAYLOAD",
	    "headers sorted, lower-case, folded, joined; the path untouched");
	buf_free(&out);
}

static int
same_key(const struct sigv4_key *a, const struct sigv4_key *b)
{
	char by_a[65], by_b[65];

	sigv4_signature(by_a, a, "text", 4);
	sigv4_signature(by_b, b, "text", 4);
	return strcmp(by_a, by_b) == 0;
}

static void
test_key(void)
{
	struct sigv4_key a = {0}, b = {0};
	struct buf long_secret = {0};

	OK(!sigv4_key_fits(&a, "20150830T123600Z", "us-east-1", "s3"), "an empty key fits nothing");
	sigv4_key_set(&a, "secret", "20150830T123600Z", "us-east-1", "s3");
	b = a;
	sigv4_key_set(&b, "secret", "20150830T235959Z", "us-east-1", "s3");
	OK(same_key(&a, &b), "the key lasts for the day");
	OK(sigv4_key_fits(&a, "20150830T235959Z", "us-east-1", "s3"), "and fits");
	OK(!sigv4_key_fits(&a, "20150831T000000Z", "us-east-1", "s3"), "no other day");
	OK(!sigv4_key_fits(&a, "20150830T123600Z", "us-east-2", "s3"), "no other region");
	OK(!sigv4_key_fits(&a, "20150830T123600Z", "us-east-1", "sts"), "no other service");
	sigv4_key_set(&b, "secret", "20150831T000000Z", "us-east-1", "s3");
	OK(!same_key(&a, &b), "another day, another key");
	OK_STR(b.day, "20150831", "and scope");
	sigv4_key_set(&b, "secret", "20150830T000000Z", "us-east-1", "s3");
	OK(same_key(&a, &b), "and back");
	sigv4_key_set(&b, "secret", "20150830T000000Z", "eu-west-1", "s3");
	OK(!same_key(&a, &b), "another region, another key");
	b = a;
	sigv4_key_set(&b, "secreT", "20150830T123600Z", "us-east-1", "s3");
	OK(!same_key(&a, &b), "a rotated secret, another key");
	for (int i = 0; i < 200; i++)
		buf_addc(&long_secret, 'x');
	sigv4_key_set(&b, buf_str(&long_secret), "20150830T123600Z", "us-east-1", "s3");
	{
		/* Python's hmac: the chain over "AWS4" + 200 times x, a key longer than a block */
		char hex[65];

		sigv4_signature(hex, &b, "to sign", 7);
		OK_STR(hex, "2d26d40a646e117e3093acd80b206b92937d12cfda2f7a3c521381f601e3f497",
		    "a secret longer than a block");
	}
	buf_free(&long_secret);
}

static void
test_small(void)
{
	char date[17], hex[65];

	sigv4_date(1440938160, date);
	OK_STR(date, "20150830T123600Z", "a date");
	sigv4_date(0, date);
	OK_STR(date, "19700101T000000Z", "the first");
	sigv4_date(253402300799, date);
	OK_STR(date, "99991231T235959Z", "the last");
	sigv4_date(253402300800, date);
	OK_STR(date, "19700101T000000Z", "what comes after does not fit");
	sigv4_sha256_hex(hex, "", 0);
	OK_STR(hex, SIGV4_EMPTY_SHA256, "hash of nothing");
	sigv4_sha256_hex(hex, "abc", 3);
	OK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "hash of abc (FIPS 180-4)");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(sigv4_cases) / sizeof(sigv4_cases[0]); i++)
		test_case(&sigv4_cases[i]);
	test_queries();
	test_headers();
	test_key();
	test_small();
	return tap_done();
}
