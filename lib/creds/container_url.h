/*
 * Which URLs may be asked for container credentials (AWS SDKs and tools reference guide, "Container
 * credential provider"): the authorization token must not leave this machine in clear text. Pure.
 */
#ifndef SHEAF_CREDS_CONTAINER_URL_H
#define SHEAF_CREDS_CONTAINER_URL_H

/*
 * 1 for https:// with any host, and for http:// with localhost, a loopback address (127.0.0.0/8,
 * ::1), 169.254.170.2, 169.254.170.23 (ECS, EKS) or fd00:ec2::23 (EKS), with any port and path. 0
 * for everything else: user names, white space, addresses in another notation.
 */
int container_url_allowed(const char *url);

#endif
