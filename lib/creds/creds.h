/*
 * Where credentials come from, by the AWS CLI's rules (AWS SDKs and tools reference guide,
 * "Standardized credential providers").
 */
#ifndef SHEAF_CREDS_CREDS_H
#define SHEAF_CREDS_CREDS_H

#include "aws/aws_settings.h"
#include "base/buf.h"
#include "creds/creds_value.h"

/*
 * Resolves credentials: the environment's (unless --profile was given), the profile's role, web
 * identity, the profile's SSO, keys and credential_process, container, instance metadata; sources
 * that are asked over the network go through our cache (creds_cache.h). STS is asked in s->region.
 *
 * p: the profile in force, as aws_settings_load has read it; NULL: read it again.
 * refused: an access key that a server no longer accepts and that must not come from the cache;
 * NULL: none.
 *
 * Appends to trail (may be NULL) a line for each source tried and why it gave none, never a secret.
 * -1 with e, which names what was tried, in order, and c zeroed: EXIT_USAGE, or EXIT_FAILED if a
 * service did not answer. This may take half a minute.
 */
int creds_resolve(struct creds *c, const struct aws_settings *s, const struct profile *p,
    const char *refused, struct buf *trail, struct err *e);

#endif
