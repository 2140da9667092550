/*
 * The proxy for http:// URLs, by curl's rules (curl(1), ENVIRONMENT). libcurl speaks to all others.
 * Pure.
 */
#ifndef SHEAF_HTTP_PROXY_H
#define SHEAF_HTTP_PROXY_H

#include <stddef.h>

#include "base/buf.h"

/* 1 where no_proxy (NULL: nothing) names the host of len bytes: "*", a domain it is or is in, its
 * address or a network that its address is in. Names are divided by commas or blanks. */
int proxy_is_bypassed(const char *host, size_t len, const char *no_proxy);

/*
 * Takes a proxy's URL apart: where to connect to ("http://host:port"; the port is 1080 where none
 * is given, as it is for curl), and what to authorise with ("Basic ...", empty without a user).
 * 0, or -1 where it is no HTTP proxy, but SOCKS.
 */
int proxy_parse(const char *url, struct buf *origin, struct buf *authorization);

#endif
