/*
 * The endpoints of the services that give credentials: as set in environment and profile (SDKs and
 * tools reference guide, "Service-specific endpoints"), else AWS's own by region (endpoint rule
 * sets of STS, SSO and SSO OIDC).
 */
#ifndef SHEAF_AWS_AWS_ENDPOINT_H
#define SHEAF_AWS_AWS_ENDPOINT_H

#include "aws/profile.h"
#include "base/buf.h"
#include "base/err.h"

enum aws_service { AWS_STS, AWS_SSO, AWS_SSO_OIDC };

/*
 * The URL that is set for a service, by the variable, AWS_ENDPOINT_URL, the services section or the
 * profile, in this order. *url is NULL if none is set, or if AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or
 * the profile disables them; it points into the environment or p. -1 with EXIT_USAGE.
 */
int aws_endpoint_configured(const struct profile *p, const char *variable, const char *service,
    const char **url, struct err *e);

/* Appends the service's URL, without a trailing slash. -1 with EXIT_USAGE, also if region is not
 * the name of a region. */
int aws_endpoint(struct buf *url, enum aws_service service, const struct profile *p,
    const char *region, struct err *e);

#endif
