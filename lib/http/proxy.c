#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/num.h"
#include "base/uri.h"
#include "http/origin.h"
#include "http/proxy.h"

enum { ADDRESS_MAX = 64 };

/* 1 if the first bits are the same; 0 bits means all. */
static int
same_bits(const unsigned char *a, const unsigned char *b, size_t len, size_t bits)
{
	size_t whole;

	if (bits == 0 || bits > 8 * len)
		bits = 8 * len;
	whole = bits / 8;
	return memcmp(a, b, whole) == 0 &&
	    (bits % 8 == 0 || ((a[whole] ^ b[whole]) & (0xff << (8 - bits % 8) & 0xff)) == 0);
}

/* "10.0.0.0/8", "::1" */
static int
is_in_network(int family, const unsigned char *address, const char *network, size_t len)
{
	const char *slash = memchr(network, '/', len);
	size_t size = family == AF_INET ? 4 : 16;
	unsigned char other[16];
	char text[ADDRESS_MAX];
	uint64_t bits = 0;

	if (slash != NULL &&
	    num_parse_n(slash + 1, len - (size_t)(slash + 1 - network), 0, 8 * size, &bits) == -1)
		return 0;
	if (slash != NULL)
		len = (size_t)(slash - network);
	if (len >= sizeof(text))
		return 0;
	memcpy(text, network, len);
	text[len] = '\0';
	return inet_pton(family, text, other) == 1 && same_bits(address, other, size, bits);
}

static int
is_in_domain(const char *host, size_t len, const char *domain, size_t domain_len)
{
	if (domain_len > 0 && domain[domain_len - 1] == '.')
		domain_len--;
	if (domain_len > 0 && *domain == '.') {
		domain++;
		domain_len--;
	}
	return domain_len > 0 && domain_len <= len &&
	    strncasecmp(host + len - domain_len, domain, domain_len) == 0 &&
	    (domain_len == len || host[len - domain_len - 1] == '.');
}

int
proxy_is_bypassed(const char *host, size_t len, const char *no_proxy)
{
	unsigned char address[16];
	char text[ADDRESS_MAX] = "";
	int family = 0;

	if (no_proxy == NULL)
		return 0;
	if (strcmp(no_proxy, "*") == 0)
		return 1;
	if (len > 2 && *host == '[') {
		host++;
		len -= 2;
	} else if (len > 0 && host[len - 1] == '.') {
		len--;
	}
	if (len < sizeof(text))
		memcpy(text, host, len);
	if (inet_pton(AF_INET, text, address) == 1)
		family = AF_INET;
	else if (inet_pton(AF_INET6, text, address) == 1)
		family = AF_INET6;
	while (*(no_proxy += strspn(no_proxy, ", \t")) != '\0') {
		size_t n = strcspn(no_proxy, ", \t");

		if (family != 0 ? is_in_network(family, address, no_proxy, n)
				: is_in_domain(host, len, no_proxy, n))
			return 1;
		no_proxy += n;
	}
	return 0;
}

/* user: "name:password", percent-encoded. */
static void
authorize(struct buf *out, const char *user, size_t len)
{
	struct buf plain = {0};
	struct err e;

	if (uri_decode(&plain, user, len, 0, &e) == -1) {
		buf_reset(&plain);
		buf_add(&plain, user, len);
	}
	if (memchr(user, ':', len) == NULL)
		buf_addc(&plain, ':');
	buf_adds(out, "Basic ");
	out->len += (size_t)EVP_EncodeBlock((unsigned char *)buf_room(out, plain.len / 3 * 4 + 5),
	    (const unsigned char *)plain.p, (int)plain.len);
	explicit_bzero(plain.p, plain.cap);
	buf_free(&plain);
}

int
proxy_parse(const char *url, struct buf *origin, struct buf *authorization)
{
	const char *host = origin_authority(url), *at, *colon;
	size_t scheme = host != url ? (size_t)(host - url) - 3 : 0, len;
	int tls = scheme == 5 && strncasecmp(url, "https", 5) == 0;

	if (scheme > 0 && !tls && !(scheme == 4 && strncasecmp(url, "http", 4) == 0))
		return -1;
	len = strcspn(host, "/?#");
	if ((at = memrchr(host, '@', len)) != NULL) {
		authorize(authorization, host, (size_t)(at - host));
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	buf_adds(origin, tls ? "https://" : "http://");
	buf_add(origin, host, len);
	colon = memrchr(host, ':', len);
	if (!tls && (colon == NULL || memchr(colon, ']', len - (size_t)(colon - host)) != NULL))
		buf_adds(origin, ":1080");
	return 0;
}
