/*
 * lib/creds/container_url, lib/base/iso_time: any text. A URL that is allowed holds nothing that
 * another reader of URLs could take for another host; a time that is read and written is the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/iso_time.h"
#include "creds/container_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_url(const char *url)
{
	const char *host = strstr(url, "://");

	if (!container_url_allowed(url))
		return;
	if (host == NULL || strpbrk(url, " \t\r\n\\") != NULL)
		abort();
	host += 3;
	if (memchr(host, '@', strcspn(host, "/?#")) != NULL || strcspn(host, "/?#") == 0)
		abort();
	if (strncasecmp(url, "http://", 7) == 0 && strncmp(host, "127.", 4) != 0 &&
	    strncasecmp(host, "localhost", 9) != 0 && strncmp(host, "169.254.170.2", 13) != 0 &&
	    *host != '[')
		abort();
}

static void
check_time(const char *text)
{
	char again[ISO_TIME_LEN + 1];
	int64_t t, t_again;

	if (iso_time_parse(text, &t) == -1)
		return;
	iso_time_format(t, again);
	if (iso_time_parse(again, &t_again) == -1 || (t >= 0 && t <= 253402300799 && t_again != t))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = {0};

	buf_add(&text, data, size);
	check_url(buf_str(&text));
	check_time(buf_str(&text));
	buf_free(&text);
	return 0;
}
