/*
 * The proxy for http:// URLs, by curl's rules (curl(1), ENVIRONMENT). Other proxies are libcurl's
 * business. Pure.
 */
#ifndef SHEAF_HTTP_PROXY_H
#define SHEAF_HTTP_PROXY_H

#include <stddef.h>

#include "base/buf.h"

/* 1 if no_proxy (NULL: empty) covers the host of len bytes: "*", its domain or one above, its
 * address or a network that contains it. Entries are separated by commas or blanks. */
int proxy_is_bypassed(const char *host, size_t len, const char *no_proxy);

/*
 * Splits a proxy's URL: the origin to connect to ("http://host:port"; the port defaults to 1080, as
 * for curl) and the authorization ("Basic ...", empty without a user). 0, or -1 if it is not an
 * HTTP proxy but, say, SOCKS.
 */
int proxy_parse(const char *url, struct buf *origin, struct buf *authorization);

#endif
