/*
 * Credentials in JSON: the output of a credential_process, the answers of container and instance
 * metadata services and of the SSO portal, and the entries of our own cache. Pure.
 */
#ifndef SHEAF_CREDS_CREDS_JSON_H
#define SHEAF_CREDS_CREDS_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "creds/creds_value.h"

/* What the members are called in one of these forms. */
struct creds_json_form {
	const char *inside; /* they are in this member; NULL: in the document itself */
	const char *access_key, *secret_key, *session_token, *expiration;
	int version;  /* 1: "Version": 1 is required */
	int milli;    /* 1: the expiration is in ms since 1970, 0: text (iso_time.h) */
	int complete; /* 1: session token and expiration are required */
};

/* SDKs and tools reference guide, "Process credential provider". */
extern const struct creds_json_form creds_json_process;
/* "Container credential provider", "IMDS credential provider". */
extern const struct creds_json_form creds_json_metadata;
/* The AWS CLI's cache of roles, in ~/.aws/cli/cache. */
extern const struct creds_json_form creds_json_cli;
/* IAM Identity Center portal API reference, "GetRoleCredentials". */
extern const struct creds_json_form creds_json_sso;

/*
 * Reads the document into c, but for its source. 1, or -1 with EXIT_USAGE, "WHERE: the answer is
 * not a JSON object"; the text never shows a value.
 */
int creds_json_parse(struct creds *c, const struct creds_json_form *form, const char *text,
    size_t len, const char *where, struct err *e);

/* Appends the text of the first of two members that is present, at most max bytes: what an error
 * document says, for a message. */
void creds_json_message(struct buf *out, const char *text, size_t len, const char *name,
    const char *other_name, size_t max);

/* An entry of the cache: credentials, which may never expire, and when they were asked for. Writing
 * returns -1 if the source is not UTF-8; reading, if text is not a complete entry, and c is zeroed.
 */
int creds_json_entry_write(struct buf *out, const struct creds *c, int64_t asked);
int creds_json_entry_read(struct creds *c, int64_t *asked, const char *text, size_t len);

/* A string member; NULL if absent or empty, or if root is not an object. Points into root. */
const char *creds_json_member(const json_t *root, const char *name);

/* json_decref after wiping the strings of root and of the objects in it, which may be secrets.
 * NULL is fine. */
void creds_json_free(json_t *root);

#endif
