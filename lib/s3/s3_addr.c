#include <ctype.h>
#include <string.h>

#include "base/uri.h"
#include "s3/s3_addr.h"

int
s3_addr_parse(struct s3_addr *a, const char *url, struct err *e)
{
	*a = (struct s3_addr){0};
	if (url != NULL)
		return endpoint_parse(&a->endpoint, url, e);
	a->endpoint.scheme = xstrdup("https");
	a->endpoint.base = xstrdup("");
	return 0;
}

void
s3_addr_free(struct s3_addr *a)
{
	endpoint_free(&a->endpoint);
}

int
s3_addr_is_aws(const struct s3_addr *a)
{
	return a->endpoint.host == NULL;
}

/* Can the bucket's name stand before the host's? It must be one DNS label, so that the wildcard
 * certificate covers it; without TLS it may be several, with dots between them. */
static int
is_label(const char *bucket, int dots)
{
	size_t n = strlen(bucket), begin = 0;

	if (n < 3 || n > 63)
		return 0;
	for (size_t i = 0; i <= n; i++) {
		if (i == n || (dots && bucket[i] == '.')) {
			if (i == begin || bucket[begin] == '-' || bucket[i - 1] == '-')
				return 0;
			begin = i + 1;
		} else if (!islower((unsigned char)bucket[i]) &&
		    !isdigit((unsigned char)bucket[i]) && bucket[i] != '-') {
			return 0;
		}
	}
	return 1;
}

static const char *
domain(const char *region)
{
	return strncmp(region, "cn-", 3) == 0 ? ".amazonaws.com.cn" : ".amazonaws.com";
}

int
s3_addr_same_domain(const struct s3_addr *a, const char *region, const char *other)
{
	return !s3_addr_is_aws(a) || strcmp(domain(region), domain(other)) == 0;
}

static void
aws_host(const struct s3_addr *a, const char *region, struct buf *host)
{
	if (a->global && strcmp(region, S3_GLOBAL_REGION) == 0 && !a->fips && !a->dualstack) {
		buf_adds(host, "s3.amazonaws.com");
		return;
	}
	buf_adds(host, a->fips ? "s3-fips." : "s3.");
	if (a->dualstack)
		buf_adds(host, "dualstack.");
	buf_adds(host, region);
	buf_adds(host, domain(region));
}

void
s3_addr_make(const struct s3_addr *a, const char *region, const char *bucket, const char *key,
    struct buf *host, struct buf *path)
{
	const struct endpoint *ep = &a->endpoint;
	int virtual = a->style == S3_STYLE_VIRTUAL ||
	    (a->style == S3_STYLE_AUTO && s3_addr_is_aws(a));

	virtual = virtual && (s3_addr_is_aws(a) || !endpoint_is_address(ep)) &&
	    is_label(bucket, strcmp(ep->scheme, "http") == 0);
	if (virtual) {
		buf_adds(host, bucket);
		buf_addc(host, '.');
	}
	if (s3_addr_is_aws(a))
		aws_host(a, region, host);
	else
		buf_adds(host, ep->host);
	buf_adds(path, ep->base);
	buf_addc(path, '/');
	if (!virtual) {
		uri_encode(path, bucket, strlen(bucket), 0);
		if (*key != '\0')
			buf_addc(path, '/');
	}
	uri_encode(path, key, strlen(key), 1);
}
