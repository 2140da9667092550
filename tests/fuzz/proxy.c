/*
 * lib/http/proxy: a host, a no_proxy and a proxy's URL, divided by line feeds, of any bytes. What
 * comes out can be sent, and "*" covers every host.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "http/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy with a NUL behind it, so that a sanitizer sees what is read beyond. */
static char *
take(const uint8_t **p, size_t *n)
{
	const uint8_t *end = *n > 0 ? memchr(*p, '\n', *n) : NULL;
	size_t len = end != NULL ? (size_t)(end - *p) : *n;
	char *s = xstrndup((const char *)*p, strnlen((const char *)*p, len));

	len += end != NULL;
	*p += len;
	*n -= len;
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf origin = {0}, authorization = {0};
	char *host, *none, *url;

	if (size == 0)
		return 0;
	host = take(&data, &size);
	none = size > 0 ? take(&data, &size) : xstrdup("");
	url = size > 0 ? take(&data, &size) : xstrdup("");
	(void)proxy_is_bypassed(host, strlen(host), none);
	if (!proxy_is_bypassed(host, strlen(host), "*") ||
	    proxy_is_bypassed(host, strlen(host), ""))
		abort();
	if (proxy_parse(url, &origin, &authorization) == 0) {
		const char *o = buf_str(&origin), *a = buf_str(&authorization);

		if ((strncmp(o, "http://", 7) != 0 && strncmp(o, "https://", 8) != 0) ||
		    memchr(o + 8, '@', origin.len > 8 ? origin.len - 8 : 0) != NULL)
			abort();
		if (*a != '\0' &&
		    (strncmp(a, "Basic ", 6) != 0 || !ascii_is_visible(a + 6, strlen(a + 6))))
			abort();
	}
	buf_free(&origin);
	buf_free(&authorization);
	free(host);
	free(none);
	free(url);
	return 0;
}
