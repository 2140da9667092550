#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/iso_time.h"
#include "creds/creds_json.h"
#include "creds/sso_token.h"

enum { EXPIRES_IN_MAX = 366 * 86400 };

static char *
copy(const json_t *root, const char *name)
{
	const char *s = creds_json_member(root, name);

	return s != NULL ? xstrdup(s) : NULL;
}

/* It goes into a header. */
static int
is_token(const char *s)
{
	if (s == NULL)
		return 0;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return 0;
	return 1;
}

int
sso_token_read(struct sso_token *t, const char *text, size_t len)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	const char *expires = creds_json_member(root, "expiresAt");
	int rc = 0;

	*t = (struct sso_token){
	    .access_token = copy(root, "accessToken"),
	    .refresh_token = copy(root, "refreshToken"),
	    .client_id = copy(root, "clientId"),
	    .client_secret = copy(root, "clientSecret"),
	    .registration_expires = copy(root, "registrationExpiresAt"),
	};
	if (t->registration_expires != NULL)
		(void)iso_time_parse(t->registration_expires, &t->registration_expires_at);
	if (!is_token(t->access_token) || expires == NULL ||
	    iso_time_parse(expires, &t->expires) == -1) {
		sso_token_free(t);
		rc = -1;
	}
	creds_json_free(root);
	return rc;
}

int
sso_token_renewable(const struct sso_token *t, int64_t now)
{
	return t->refresh_token != NULL && t->client_id != NULL && t->client_secret != NULL &&
	    t->registration_expires_at > now;
}

/* Appends the object and frees it. -1 if root is NULL. */
static int
dump(struct buf *out, json_t *root)
{
	size_t len;

	if (root == NULL)
		return -1;
	len = json_dumpb(root, NULL, 0, JSON_COMPACT);
	json_dumpb(root, buf_room(out, len + 1), len, JSON_COMPACT);
	out->len += len;
	creds_json_free(root);
	return 0;
}

void
sso_token_request(struct buf *out, const struct sso_token *t)
{
	/* cannot fail: text read as JSON is UTF-8 */
	(void)dump(out,
	    json_pack("{s:s, s:s, s:s, s:s}", "grantType", "refresh_token", "clientId",
		t->client_id, "clientSecret", t->client_secret, "refreshToken", t->refresh_token));
}

int
sso_token_write(
    struct buf *out, const struct sso_token *t, const char *start_url, const char *region)
{
	char expires[ISO_TIME_LEN + 1];

	iso_time_format(t->expires, expires);
	return dump(out,
	    json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "startUrl", start_url,
		"region", region, "accessToken", t->access_token, "expiresAt", expires, "clientId",
		t->client_id, "clientSecret", t->client_secret, "registrationExpiresAt",
		t->registration_expires, "refreshToken", t->refresh_token));
}

static void
wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

int
sso_token_renew(struct sso_token *t, const char *text, size_t len, int64_t now)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	const char *access_token = creds_json_member(root, "accessToken");
	json_int_t lasts = json_integer_value(json_object_get(root, "expiresIn"));
	int rc = -1;

	if (is_token(access_token) && lasts > 0 && lasts <= EXPIRES_IN_MAX) {
		wipe(t->access_token);
		wipe(t->refresh_token);
		t->access_token = xstrdup(access_token);
		t->refresh_token = copy(root, "refreshToken");
		t->expires = now + (int64_t)lasts;
		rc = 0;
	}
	creds_json_free(root);
	return rc;
}

void
sso_token_free(struct sso_token *t)
{
	wipe(t->access_token);
	wipe(t->refresh_token);
	wipe(t->client_id);
	wipe(t->client_secret);
	free(t->registration_expires);
	*t = (struct sso_token){0};
}
