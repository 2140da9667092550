#include <string.h>

#include "http/origin.h"

const char *
origin_authority(const char *origin)
{
	const char *p = strstr(origin, "://");

	return p != NULL ? p + 3 : origin;
}

size_t
origin_len(const char *url)
{
	const char *authority = origin_authority(url);

	return authority != url ? (size_t)(authority - url) + strcspn(authority, "/?#") : 0;
}

int
origin_is_tls(const char *origin)
{
	return strncmp(origin, "https:", 6) == 0;
}

size_t
origin_host_len(const char *authority, const char **port)
{
	size_t len = *authority == '[' ? strcspn(authority, "]") : 0;

	len += strcspn(authority + len, ":");
	*port = authority + len;
	return len;
}
