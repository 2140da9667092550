/*
 * The sources that credentials come from, one function each, tried in order by creds.c. A new
 * source is a function of this type and a line in a table of creds.c or creds_profile.c. The order
 * and the rules are botocore's (credentials.py).
 *
 *  1: c is filled; c->source may stay NULL, then it becomes the source's name in the table.
 *  0: this source has none; why says so in a few words, for the message that lists what was tried.
 *     why stays empty if nobody asked for this source.
 * -1: it was asked for and failed: e is filled, no other source is tried.
 */
#ifndef SHEAF_CREDS_CREDS_SOURCE_H
#define SHEAF_CREDS_CREDS_SOURCE_H

#include "aws/aws_settings.h"
#include "aws/profile.h"
#include "base/buf.h"
#include "creds/creds_value.h"

/* Who asks, and for what. Everything is borrowed. */
struct creds_ask {
	const struct aws_settings *settings;
	const struct profile *top;     /* the profile in force, which sets regions and endpoints */
	const struct profile *profile; /* whose credentials are wanted: top, or the source of its
					  role */
	const struct creds_ask *by; /* the ask of the role that this is the source of; NULL: none */
	int environment;	    /* 0: ignore web identity settings in the environment */
	const char *refused; /* an access key that a server calls expired: not from the cache */
};

typedef int creds_source(
    struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e);

/* AWS_ACCESS_KEY_ID and what goes with it. ask is not looked at. */
creds_source creds_from_environment;

/* The profile's role_arn, with the credentials of source_profile or credential_source. */
creds_source creds_from_role;

/* A role whose profile has an mfa_serial: the AWS CLI's cached credentials, as the CLI can prompt
 * for the code; else an error that says what to run. */
creds_source creds_from_mfa;

/* A token file that identifies us to STS: AWS_WEB_IDENTITY_TOKEN_FILE (EKS's IAM roles for service
 * accounts), or the profile's. */
creds_source creds_from_web_identity;

/* The profile's SSO session (IAM Identity Center), with the token that `aws sso login` left. */
creds_source creds_from_sso;

/* The profile's credential_process, run by /bin/sh (AWS SDKs and tools reference guide, "Process
 * credential provider"). */
creds_source creds_from_process;

/* All that a profile may hold beside a role: web identity, SSO, keys, credential_process. why gets
 * a line for each of them. */
creds_source creds_from_profile;

/* ECS, EKS Pod Identity ("Container credential provider"). */
creds_source creds_from_container;

/* An EC2 instance's role ("IMDS credential provider"). */
creds_source creds_from_instance;

/* An entry of a table of sources, which ends with a NULL name. */
struct creds_source_name {
	const char *name;
	creds_source *get;
	int of_profile; /* messages name it with the profile */
};

/* Tries one after the other until one has credentials or fails, and adds to tried a line for each
 * that had none. Returns what a source does. */
int creds_source_try(struct creds *c, const struct creds_ask *ask,
    const struct creds_source_name *sources, struct buf *tried, struct err *e);

/* The region to ask STS in. */
const char *creds_source_region(const struct creds_ask *ask);

/*
 * Reads a token from a file, without the white space at its end. An error (EXIT_USAGE), which
 * begins with where: anything but one line of printable ASCII, or more than 64 KiB. The caller
 * wipes token.
 */
int creds_source_token(struct buf *token, const char *path, const char *where, struct err *e);

#endif
