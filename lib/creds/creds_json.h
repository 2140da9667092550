/*
 * Credentials in JSON: what a credential_process writes, what container and instance metadata
 * answer, what the SSO portal answers, and the entries of our own cache. Pure.
 */
#ifndef SHEAF_CREDS_CREDS_JSON_H
#define SHEAF_CREDS_CREDS_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "creds/creds_value.h"

/* How one of them calls its members. */
struct creds_json_form {
	const char *inside; /* of this member of the document; NULL: of the document itself */
	const char *access_key, *secret_key, *session_token, *expiration;
	int version;  /* 1: it must say "Version": 1 */
	int milli;    /* 1: the expiration is a number of ms since 1970, 0: a text (iso_time.h) */
	int complete; /* 1: session token and expiration must be there */
};

/* SDKs and tools reference guide, "Process credential provider". */
extern const struct creds_json_form creds_json_process;
/* "Container credential provider", "IMDS credential provider". */
extern const struct creds_json_form creds_json_metadata;
/* What the AWS CLI keeps of a role in ~/.aws/cli/cache. */
extern const struct creds_json_form creds_json_cli;
/* IAM Identity Center portal API reference, "GetRoleCredentials". */
extern const struct creds_json_form creds_json_sso;

/*
 * Reads the document into c, whose source stays as it is. 1; or -1 with EXIT_USAGE: "WHERE: the
 * answer is no JSON object". Neither the text nor anything else shows a value.
 */
int creds_json_parse(struct creds *c, const struct creds_json_form *form, const char *text,
    size_t len, const char *where, struct err *e);

/* The text of the first of two members that is there, for messages: an error's document. Appends
 * nothing when there is none; at most max bytes. */
void creds_json_message(struct buf *out, const char *text, size_t len, const char *name,
    const char *other_name, size_t max);

/* An entry of the cache: credentials that expire, and when they were asked for. Writing gives -1
 * when the source is no UTF-8, reading for anything that is no whole entry; then c is zeroed. */
int creds_json_entry_write(struct buf *out, const struct creds *c, int64_t asked);
int creds_json_entry_read(struct creds *c, int64_t *asked, const char *text, size_t len);

/* A string member; NULL: none, an empty one, or root is no object. Points into root. */
const char *creds_json_member(const json_t *root, const char *name);

/* json_decref after wiping the strings of root and of the objects in it, which may be secrets.
 * NULL is fine. */
void creds_json_free(json_t *root);

#endif
