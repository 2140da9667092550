/*
 * Credentials and settings by the AWS CLI's rules: environment, then the profile in the shared
 * credentials and config files (AWS SDKs and tools reference guide, "Shared config and credentials
 * files", "Settings reference").
 */
#ifndef SHEAF_CREDS_CREDS_H
#define SHEAF_CREDS_CREDS_H

#include <stdint.h>

#include "base/err.h"

struct creds {
	char *access_key;    /* owned */
	char *secret_key;    /* owned; wiped by creds_free */
	char *session_token; /* owned; NULL when there is none */
	int64_t expires;     /* Unix seconds; 0: never */
	char *source; /* owned; for -v: "environment", "profile x in /home/u/.aws/credentials" */
	int cached;   /* found in our own cache */
};

/* What environment and profile say beside credentials. Absent strings are NULL. All owned. */
struct aws_settings {
	char *profile;	    /* the profile in force: --profile, AWS_PROFILE,
			       AWS_DEFAULT_PROFILE, else "default" */
	int profile_asked;  /* by --profile: then the environment's keys do not count */
	char *region;	    /* AWS_REGION, AWS_DEFAULT_REGION, profile's region */
	char *endpoint_url; /* AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, services section, profile's
			       endpoint_url; none of them where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
			       or the profile says so */
	char *ca_bundle;    /* AWS_CA_BUNDLE, profile's ca_bundle */
	char *addressing_style; /* profile's s3 { addressing_style }: "auto", "path", "virtual" */
	unsigned max_attempts;	/* AWS_MAX_ATTEMPTS, profile's, 1 to 1,000; 0: not set */
	char *checksum_calculation; /* AWS_REQUEST_CHECKSUM_CALCULATION, profile's
				       request_checksum_calculation: "when_supported",
				       "when_required"; NULL: not set */
	int use_dualstack; /* AWS_USE_DUALSTACK_ENDPOINT, profile's use_dualstack_endpoint, its
			      s3 { use_dualstack_endpoint } */
	int use_fips;	   /* AWS_USE_FIPS_ENDPOINT, profile's use_fips_endpoint */
};

/*
 * Loads the settings; profile is --profile's argument or NULL. A profile that is named (by argument
 * or environment) and does not exist, a file that cannot be read or parsed, or a setting with an
 * impossible value is an error with EXIT_USAGE that names the file, the line, the profile, the
 * setting; a missing file is none. What the credentials file says of a profile goes before what the
 * config file says. Empty environment variables do not count. On -1 nothing needs to be freed.
 */
int aws_settings_load(struct aws_settings *s, const char *profile, struct err *e);
void aws_settings_free(struct aws_settings *s);

/*
 * Resolves credentials: the environment's (unless --profile was given), the profile's role, web
 * identity, the profile's SSO, keys and credential_process, container, instance metadata; of those
 * that are asked for over the network, what our cache holds (creds_cache.h). s->region is where STS
 * is asked. Each source tried and why it gave none is appended to trail (may be NULL), a line each,
 * never a secret. -1 with e, which names what was tried, in order, and c zeroed: EXIT_USAGE, or
 * EXIT_FAILED where a service did not answer. This may take half a minute.
 */
struct buf;
int creds_resolve(struct creds *c, const struct aws_settings *s, struct buf *trail, struct err *e);

/* The same for credentials whose access key, refused, a server no longer takes: those do not come
 * from the cache. NULL: none. */
int creds_resolve_again(struct creds *c, const struct aws_settings *s, const char *refused,
    struct buf *trail, struct err *e);

/* Wipes the secrets. creds_free(NULL) is fine. */
void creds_free(struct creds *c);

#endif
