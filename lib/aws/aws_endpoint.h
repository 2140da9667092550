/*
 * Where the services behind credentials are: as environment and profile say (SDKs and tools
 * reference guide, "Service-specific endpoints"), else AWS's own by region (endpoint rule sets of
 * STS, SSO and SSO OIDC).
 */
#ifndef SHEAF_AWS_AWS_ENDPOINT_H
#define SHEAF_AWS_AWS_ENDPOINT_H

#include "aws/profile.h"
#include "base/buf.h"
#include "base/err.h"

enum aws_service { AWS_STS, AWS_SSO, AWS_SSO_OIDC };

/*
 * The URL that is set for a service: the variable's, AWS_ENDPOINT_URL, of the services section, of
 * the profile; *url is NULL where there is none, or AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or the
 * profile says so. Points into the environment or p. -1 with EXIT_USAGE.
 */
int aws_endpoint_configured(const struct profile *p, const char *variable, const char *service,
    const char **url, struct err *e);

/* Appends the service's URL, without a slash at its end. region must be the name of one: letters,
 * digits, "-". -1 with EXIT_USAGE. */
int aws_endpoint(struct buf *url, enum aws_service service, const struct profile *p,
    const char *region, struct err *e);

#endif
