/*
 * An endpoint given as a URL: of S3, STS, or the metadata service of an instance. Pure.
 */
#ifndef SHEAF_AWS_ENDPOINT_H
#define SHEAF_AWS_ENDPOINT_H

#include "base/err.h"

struct endpoint {
	char *scheme; /* owned: "https" or "http" */
	char *host;   /* owned: with ":port" unless it is the scheme's default */
	char *base;   /* owned: the path, "" or "/x", without a slash at its end */
};

/* Parses http(s)://host[:port][/path]. -1 with EXIT_USAGE for anything else; *ep is zeroed then. */
int endpoint_parse(struct endpoint *ep, const char *url, struct err *e);

/* endpoint_free of a zeroed struct is fine. */
void endpoint_free(struct endpoint *ep);

/* 1 if requests can be read on the way: plain HTTP to another machine. */
int endpoint_is_open(const struct endpoint *ep);

/* 1 if the host is an IP address. */
int endpoint_is_address(const struct endpoint *ep);

#endif
