/*
 * Settings by the AWS CLI's rules: environment, then the profile in the shared files (AWS SDKs and
 * tools reference guide, "Settings reference").
 */
#ifndef SHEAF_AWS_AWS_SETTINGS_H
#define SHEAF_AWS_AWS_SETTINGS_H

#include "aws/profile.h"
#include "base/err.h"

/* What environment and profile say beside credentials. Absent strings are NULL. All owned. */
struct aws_settings {
	char *profile;	    /* the profile in force: --profile, AWS_PROFILE,
			       AWS_DEFAULT_PROFILE, else "default" */
	int profile_asked;  /* by --profile: then the keys in the environment do not count */
	char *region;	    /* AWS_REGION, AWS_DEFAULT_REGION, profile's region */
	char *endpoint_url; /* AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, services section, profile's
			       endpoint_url; none of them where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
			       or the profile says so */
	char *ca_bundle;    /* AWS_CA_BUNDLE, profile's ca_bundle; checked (aws_trust.h) */
	char *addressing_style; /* profile's s3 { addressing_style }: "auto", "path", "virtual" */
	unsigned max_attempts;	/* AWS_MAX_ATTEMPTS, profile's, 1 to 1,000; 0: not set */
	char *checksum_calculation; /* AWS_REQUEST_CHECKSUM_CALCULATION, profile's
				       request_checksum_calculation: "when_supported",
				       "when_required"; NULL: not set */
	char *checksum_validation;  /* AWS_RESPONSE_CHECKSUM_VALIDATION, profile's
				       response_checksum_validation: likewise */
	int use_dualstack; /* AWS_USE_DUALSTACK_ENDPOINT, profile's use_dualstack_endpoint, its
			      s3 { use_dualstack_endpoint } */
	int use_fips;	   /* AWS_USE_FIPS_ENDPOINT, profile's use_fips_endpoint */
};

/*
 * Loads the settings, and into p the profile in force, in which credentials are looked up next;
 * profile is --profile's argument or NULL. An error with EXIT_USAGE, which names the file, the
 * line, the profile, the setting: a profile that is named (by argument or environment) and does not
 * exist, a file that cannot be read or parsed, an impossible value. A missing file is none. The
 * credentials file takes precedence over the config file. Empty environment variables do not count.
 * On -1 nothing needs to be freed.
 */
int aws_settings_load(
    struct aws_settings *s, struct profile *p, const char *profile, struct err *e);
void aws_settings_free(struct aws_settings *s);

#endif
