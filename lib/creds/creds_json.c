#include <string.h>

#include "base/iso_time.h"
#include "creds/creds_json.h"
#include "creds/creds_source.h"

const struct creds_json_form creds_json_process = {
    .access_key = "AccessKeyId",
    .secret_key = "SecretAccessKey",
    .session_token = "SessionToken",
    .expiration = "Expiration",
    .version = 1,
};

const struct creds_json_form creds_json_metadata = {
    .access_key = "AccessKeyId",
    .secret_key = "SecretAccessKey",
    .session_token = "Token",
    .expiration = "Expiration",
    .complete = 1,
};

const struct creds_json_form creds_json_cli = {
    .inside = "Credentials",
    .access_key = "AccessKeyId",
    .secret_key = "SecretAccessKey",
    .session_token = "SessionToken",
    .expiration = "Expiration",
    .complete = 1,
};

const struct creds_json_form creds_json_sso = {
    .inside = "roleCredentials",
    .access_key = "accessKeyId",
    .secret_key = "secretAccessKey",
    .session_token = "sessionToken",
    .expiration = "expiration",
    .milli = 1,
    .complete = 1,
};

const char *
creds_json_member(const json_t *root, const char *name)
{
	const char *s = json_string_value(json_object_get(root, name));

	return s != NULL && *s != '\0' ? s : NULL;
}

/* Jansson frees its memory without wiping it. Secrets are at most two levels deep. */
static void
wipe(json_t *object, int depth)
{
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value) {
		if (json_is_string(value))
			explicit_bzero(
			    (void *)(uintptr_t)json_string_value(value), json_string_length(value));
		else if (json_is_object(value) && depth > 0)
			wipe(value, depth - 1);
	}
}

void
creds_json_free(json_t *root)
{
	wipe(root, 1);
	json_decref(root);
}

/* Reads the expiration into *out, which is unchanged if there is none. */
static int
take_expiration(const json_t *object, const struct creds_json_form *form, int64_t *out)
{
	const json_t *value = json_object_get(object, form->expiration);
	json_int_t ms = json_integer_value(value);
	const char *text = json_string_value(value);

	if (form->milli) {
		if (!json_is_integer(value) || ms <= 0)
			return -1;
		*out = (int64_t)(ms / 1000);
		return 0;
	}
	if (value == NULL || json_is_null(value))
		return form->complete ? -1 : 0;
	return text != NULL ? iso_time_parse(text, out) : -1;
}

static int
take(struct creds *c, const struct creds_json_form *form, const json_t *root, const char *where,
    struct err *e)
{
	const json_t *object = form->inside != NULL ? json_object_get(root, form->inside) : root;
	const char *access_key = creds_json_member(object, form->access_key);
	const char *secret_key = creds_json_member(object, form->secret_key);
	const char *token = creds_json_member(object, form->session_token);

	if (form->version && json_integer_value(json_object_get(root, "Version")) != 1)
		return err_set(
		    e, EXIT_USAGE, "%s: the answer is not a JSON object with Version 1", where);
	if (!json_is_object(object))
		return err_set(e, EXIT_USAGE, "%s: the answer is not the expected JSON", where);
	if (access_key == NULL || secret_key == NULL)
		return err_set(e, EXIT_USAGE, "%s: the answer holds no %s and %s", where,
		    form->access_key, form->secret_key);
	if (form->complete && token == NULL)
		return err_set(
		    e, EXIT_USAGE, "%s: the answer holds no %s", where, form->session_token);
	if (take_expiration(object, form, &c->expires) == -1)
		return err_set(
		    e, EXIT_USAGE, "%s: the answer's %s is not a time", where, form->expiration);
	return creds_take(c, access_key, secret_key, token, where, e);
}

int
creds_json_parse(struct creds *c, const struct creds_json_form *form, const char *text, size_t len,
    const char *where, struct err *e)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	int rc = take(c, form, root, where, e);

	creds_json_free(root);
	return rc;
}

void
creds_json_message(struct buf *out, const char *text, size_t len, const char *name,
    const char *other_name, size_t max)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	const char *s = creds_json_member(root, name);

	if (s == NULL)
		s = creds_json_member(root, other_name);
	if (s != NULL)
		buf_add(out, s, strnlen(s, max));
	creds_json_free(root);
}

/* --- entries of the cache --- */

int
creds_json_entry_write(struct buf *out, const struct creds *c, int64_t asked)
{
	json_t *root = json_pack("{s:i, s:s, s:s, s:s*, s:I, s:I, s:s}", "Version", 1,
	    "AccessKeyId", c->access_key, "SecretAccessKey", c->secret_key, "SessionToken",
	    c->session_token, "Expiration", (json_int_t)c->expires, "Asked", (json_int_t)asked,
	    "Source", c->source);
	size_t len;

	if (root == NULL) /* the source contains a file name that is not UTF-8 */
		return -1;
	len = json_dumpb(root, NULL, 0, JSON_COMPACT);
	json_dumpb(root, buf_room(out, len + 1), len, JSON_COMPACT);
	out->len += len;
	buf_addc(out, '\n');
	creds_json_free(root);
	return 0;
}

int
creds_json_entry_read(struct creds *c, int64_t *asked, const char *text, size_t len)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	const char *access_key = creds_json_member(root, "AccessKeyId");
	const char *secret_key = creds_json_member(root, "SecretAccessKey");
	const char *source = creds_json_member(root, "Source");
	int rc = -1;

	*c = (struct creds){
	    .expires = (int64_t)json_integer_value(json_object_get(root, "Expiration"))};
	*asked = (int64_t)json_integer_value(json_object_get(root, "Asked"));
	if (json_integer_value(json_object_get(root, "Version")) == 1 && access_key != NULL &&
	    secret_key != NULL && source != NULL &&
	    json_is_integer(json_object_get(root, "Expiration")) && c->expires >= 0 && *asked > 0 &&
	    creds_take(c, access_key, secret_key, creds_json_member(root, "SessionToken"), source,
		NULL) == 1) {
		c->source = xstrdup(source);
		rc = 0;
	}
	if (rc == -1)
		creds_free(c);
	creds_json_free(root);
	return rc;
}
