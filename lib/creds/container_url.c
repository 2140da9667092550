#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "creds/container_url.h"

enum { HOST_MAX = 255 };

/* Splits "host", "host:port", "[address]" or "[address]:port" of n bytes; host gets no brackets. */
static int
split_authority(const char *s, size_t n, char host[HOST_MAX + 1], int *bracketed)
{
	const char *end;
	size_t len, rest;
	uint64_t port;

	*bracketed = n > 0 && *s == '[';
	if (*bracketed) {
		s++;
		n--;
	}
	end = memchr(s, *bracketed ? ']' : ':', n);
	len = end != NULL ? (size_t)(end - s) : n;
	if (len == 0 || len > HOST_MAX || (*bracketed && end == NULL))
		return -1;
	memcpy(host, s, len);
	host[len] = '\0';
	if (*bracketed)
		len++;
	rest = n - len;
	if (rest == 0)
		return 0;
	return s[len] == ':' && num_parse_n(s + len + 1, rest - 1, 1, 65535, &port) == 0 ? 0 : -1;
}

static int
is_local(const char *host, int bracketed)
{
	struct in6_addr six, eks;
	struct in_addr four;

	if (bracketed) {
		inet_pton(AF_INET6, "fd00:ec2::23", &eks);
		return inet_pton(AF_INET6, host, &six) == 1 &&
		    (IN6_IS_ADDR_LOOPBACK(&six) || memcmp(&six, &eks, sizeof(six)) == 0);
	}
	if (strcasecmp(host, "localhost") == 0)
		return 1;
	if (inet_pton(AF_INET, host, &four) != 1)
		return 0;
	return ntohl(four.s_addr) >> 24 == 127 || strcmp(host, "169.254.170.2") == 0 ||
	    strcmp(host, "169.254.170.23") == 0;
}

int
container_url_allowed(const char *url)
{
	int https = strncasecmp(url, "https://", 8) == 0, bracketed;
	const char *authority = url + (https ? 8 : 7);
	char host[HOST_MAX + 1];
	size_t len;

	if (!https && strncasecmp(url, "http://", 7) != 0)
		return 0;
	for (const char *s = url; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || *s == '\\')
			return 0;
	len = strcspn(authority, "/?#");
	if (memchr(authority, '@', len) != NULL ||
	    split_authority(authority, len, host, &bracketed) == -1)
		return 0;
	return https || is_local(host, bracketed);
}
