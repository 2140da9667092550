/*
 * The sources that credentials come from, one function each, tried in order by creds.c; only the
 * sources and creds.c include this. A new source is a function of this type and a line in one of
 * creds.c's tables. The order and the rules are botocore's (credentials.py).
 *
 *  1: c is filled; creds.c fills in a name where c->source is still NULL.
 *  0: this source has none; why says so in a few words, for the message that lists what was tried.
 *     Nothing in why: it is not worth a word, as nobody asked for it.
 * -1: it was asked for them and failed: e is filled, no other is tried.
 */
#ifndef SHEAF_CREDS_CREDS_SOURCE_H
#define SHEAF_CREDS_CREDS_SOURCE_H

#include "aws/profile.h"
#include "base/buf.h"
#include "creds/creds.h"

/* Who asks, and for what. Everything is borrowed. */
struct creds_ask {
	const struct aws_settings *settings;
	const struct profile *top;     /* the profile in force: regions and endpoints are its */
	const struct profile *profile; /* whose credentials are wanted: top, or the source of its
					  role */
	const struct creds_ask *by; /* the ask of the role that this is the source of; NULL: none */
	int environment;	    /* 0: the environment's web identity does not count */
	const char *refused; /* an access key that a server calls expired: not from the cache */
};

typedef int creds_source(
    struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e);

/* AWS_ACCESS_KEY_ID and what goes with it. ask is not looked at. */
creds_source creds_from_environment;

/* The profile's role_arn, with the credentials of source_profile or credential_source. */
creds_source creds_from_role;

/* A role whose profile has an mfa_serial: what the AWS CLI keeps of it, as it can ask for the code;
 * else an error that says how to get there. */
creds_source creds_from_mfa;

/* A token file that names who we are to STS: AWS_WEB_IDENTITY_TOKEN_FILE (EKS's IAM roles for
 * service accounts), or the profile's. */
creds_source creds_from_web_identity;

/* The profile's SSO session (IAM Identity Center), with the token that `aws sso login` left. */
creds_source creds_from_sso;

/* The profile's credential_process, run by /bin/sh (AWS SDKs and tools reference guide, "Process
 * credential provider"). */
creds_source creds_from_process;

/* All that a profile may hold beside a role: web identity, SSO, keys, credential_process. */
creds_source creds_from_profile;

/* ECS, EKS Pod Identity ("Container credential provider"). */
creds_source creds_from_container;

/* An EC2 instance's role ("IMDS credential provider"). */
creds_source creds_from_instance;

/*
 * Takes what a source found into c, copied. Refuses keys and tokens that are no printable ASCII:
 * they would end up in a header. where names the place, for the message. 1 or -1.
 */
int creds_take(struct creds *c, const char *access_key, const char *secret_key,
    const char *session_token, const char *where, struct err *e);

/* The region that STS is asked in. */
const char *creds_region(const struct creds_ask *ask);

/*
 * Reads a file that a token stands in; white space at its end is left out. Anything but a line of
 * printable ASCII, and more than 64 KiB, is an error (EXIT_USAGE) that begins with where. The
 * caller wipes token.
 */
int creds_read_token(struct buf *token, const char *path, const char *where, struct err *e);

#endif
