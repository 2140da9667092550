#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/num.h"

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

/* The path is sent as it stands. */
static int
path_is_sane(const char *path)
{
	for (const char *p = path; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("?#\\\"<>^`{|}", *p) != NULL)
			return 0;
	return 1;
}

/* The length of host without the scheme's default port, which HTTP clients leave out of the Host
 * header and therefore of the signature. -1 with e filled. */
static int
strip_port(const char *url, const char *host, size_t *host_len, int https, struct err *e)
{
	const char *bracket = memchr(host, ']', *host_len);
	const char *name = bracket != NULL ? bracket : host;
	const char *colon = memchr(name, ':', *host_len - (size_t)(name - host));
	uint64_t port;

	if (colon == NULL)
		return 0;
	if (num_parse_n(colon + 1, *host_len - (size_t)(colon - host) - 1, 1, 65535, &port) == -1)
		return err_set(e, EXIT_USAGE, "endpoint '%s': no port number after the colon", url);
	if (port == (https ? 443 : 80))
		*host_len = (size_t)(colon - host);
	return 0;
}

int
endpoint_parse(struct endpoint *ep, const char *url, struct err *e)
{
	const char *host, *path;
	size_t host_len, path_len;
	int https = strncasecmp(url, "https://", 8) == 0;

	*ep = (struct endpoint){0};
	if (!https && strncasecmp(url, "http://", 7) != 0)
		return err_set(e, EXIT_USAGE, "endpoint '%s': not an http:// or https:// URL", url);
	host = url + (https ? 8 : 7);
	host_len = strcspn(host, "/?#");
	path = host + host_len;
	path_len = strlen(path);
	if (!host_is_sane(host, host_len) || !path_is_sane(path))
		return err_set(e, EXIT_USAGE,
		    "endpoint '%s': not a URL of the form http(s)://host[:port][/path]", url);
	if (strip_port(url, host, &host_len, https, e) == -1)
		return -1;
	while (path_len > 0 && path[path_len - 1] == '/')
		path_len--;
	ep->scheme = xstrdup(https ? "https" : "http");
	ep->host = xstrndup(host, host_len);
	ep->base = xstrndup(path, path_len);
	return 0;
}

void
endpoint_free(struct endpoint *ep)
{
	free(ep->scheme);
	free(ep->host);
	free(ep->base);
	*ep = (struct endpoint){0};
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

/* Digits and three dots: enough to tell an address from a host name in a URL. */
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
endpoint_is_open(const struct endpoint *ep)
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

int
endpoint_is_address(const struct endpoint *ep)
{
	const char *name;
	size_t len = host_name(ep->host, &name);

	return *ep->host == '[' || is_ipv4(name, len);
}
