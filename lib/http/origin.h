/*
 * Origins: "https://host:port", where a request goes, as URLs begin. The port may be left out; an
 * IPv6 address stands in brackets. Pure.
 */
#ifndef SHEAF_HTTP_ORIGIN_H
#define SHEAF_HTTP_ORIGIN_H

#include <stddef.h>

/* The length of the origin that a URL begins with; 0: none, as it has no scheme. */
size_t origin_len(const char *url);

/* 1 for "https://", else 0. */
int origin_is_tls(const char *origin);

/* What a Host header holds: host and port. Points into origin. */
const char *origin_authority(const char *origin);

/* The host of an authority, brackets included. Returns its length; *port is the rest, ":port" or
 * "". */
size_t origin_host_len(const char *authority, const char **port);

#endif
