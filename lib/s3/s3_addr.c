#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/uri.h"
#include "s3/s3_addr.h"

/* A bucket name that can stand before a host's: one DNS label, so that the wildcard certificate
 * covers it; without TLS several, with dots between them. */
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

static int
host_is_sane(const char *host, size_t len)
{
	if (len == 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)host[i]) && strchr(".-_[]:%", host[i]) == NULL)
			return 0;
	return 1;
}

int
s3_endpoint_parse(struct s3_endpoint *ep, const char *url, struct err *e)
{
	const char *host, *path, *colon;
	size_t scheme_len, host_len;
	uint64_t port;

	*ep = (struct s3_endpoint){0};
	if (url == NULL) {
		ep->scheme = xstrdup("https");
		ep->base = xstrdup("");
		return 0;
	}
	if (strncasecmp(url, "https://", 8) == 0)
		scheme_len = 5;
	else if (strncasecmp(url, "http://", 7) == 0)
		scheme_len = 4;
	else
		return err_set(e, EXIT_USAGE, "endpoint '%s': not an http:// or https:// URL", url);
	host = url + scheme_len + 3;
	host_len = strcspn(host, "/?#");
	path = host + host_len;
	if (!host_is_sane(host, host_len) || strpbrk(path, "?#") != NULL)
		return err_set(e, EXIT_USAGE,
		    "endpoint '%s': not a URL of the form http(s)://host[:port][/path]", url);
	colon = memchr(host, ']', host_len);
	colon = memchr(colon != NULL ? colon : host, ':',
	    host_len - (colon != NULL ? (size_t)(colon - host) : 0));
	if (colon != NULL) {
		size_t digits = host_len - (size_t)(colon - host) - 1;

		if (num_parse_n(colon + 1, digits, 1, 65535, &port) == -1)
			return err_set(
			    e, EXIT_USAGE, "endpoint '%s': no port number behind the colon", url);
		if (port ==
		    (scheme_len == 5 ? 443
				     : 80)) /* HTTP clients leave it out, so it is not signed */
			host_len = (size_t)(colon - host);
	}
	ep->scheme = xstrdup(scheme_len == 5 ? "https" : "http");
	ep->host = xstrndup(host, host_len);
	host_len = strlen(path);
	while (host_len > 0 && path[host_len - 1] == '/')
		host_len--;
	ep->base = xstrndup(path, host_len);
	return 0;
}

/* The host's name or address, without port and brackets. */
static size_t
host_name(const char *host, const char **name)
{
	if (*host == '[') {
		*name = host + 1;
		return strcspn(host + 1, "]");
	}
	*name = host;
	return strcspn(host, ":");
}

/* Four numbers and dots, as far as a URL's host can be told from a name by them. */
static int
is_ipv4(const char *name, size_t len)
{
	size_t dots = 0;

	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.')
			dots++;
		else if (!isdigit((unsigned char)name[i]))
			return 0;
	}
	return dots == 3;
}

int
s3_endpoint_is_open(const struct s3_endpoint *ep)
{
	static const char local[] = "localhost";
	const char *name;
	size_t len, n = sizeof(local) - 1;

	if (strcmp(ep->scheme, "http") != 0)
		return 0;
	len = host_name(ep->host, &name);
	if (len >= n && strncasecmp(name + len - n, local, n) == 0 &&
	    (len == n || name[len - n - 1] == '.'))
		return 0;
	if (is_ipv4(name, len))
		return strncmp(name, "127.", 4) != 0;
	return len != 3 || strncmp(name, "::1", 3) != 0;
}

void
s3_endpoint_free(struct s3_endpoint *ep)
{
	free(ep->scheme);
	free(ep->host);
	free(ep->base);
	*ep = (struct s3_endpoint){0};
}

static int
is_address(const char *host)
{
	const char *name;
	size_t len = host_name(host, &name);

	return *host == '[' || is_ipv4(name, len);
}

static void
aws_host(const struct s3_endpoint *ep, const char *region, struct buf *host)
{
	if (ep->global && strcmp(region, S3_GLOBAL_REGION) == 0 && !ep->fips && !ep->dualstack) {
		buf_adds(host, "s3.amazonaws.com");
		return;
	}
	buf_adds(host, ep->fips ? "s3-fips." : "s3.");
	if (ep->dualstack)
		buf_adds(host, "dualstack.");
	buf_adds(host, region);
	buf_adds(host, strncmp(region, "cn-", 3) == 0 ? ".amazonaws.com.cn" : ".amazonaws.com");
}

void
s3_address(const struct s3_endpoint *ep, const char *region, const char *bucket, const char *key,
    struct buf *host, struct buf *path)
{
	int virtual = ep->style == S3_STYLE_VIRTUAL ||
	    (ep->style == S3_STYLE_AUTO && ep->host == NULL);

	virtual = virtual && (ep->host == NULL || !is_address(ep->host)) &&
	    is_label(bucket, strcmp(ep->scheme, "http") == 0);
	if (virtual) {
		buf_adds(host, bucket);
		buf_addc(host, '.');
	}
	if (ep->host != NULL)
		buf_adds(host, ep->host);
	else
		aws_host(ep, region, host);
	buf_adds(path, ep->base);
	buf_addc(path, '/');
	if (!virtual) {
		uri_encode(path, bucket, strlen(bucket), 0);
		if (*key != '\0')
			buf_addc(path, '/');
	}
	uri_encode(path, key, strlen(key), 1);
}
