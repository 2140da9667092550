/*
 * lib/creds/creds_json, lib/creds/sso_token: any answer and any file of the caches. What is read
 * and written again is the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "creds/creds_json.h"
#include "creds/sso_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It goes into a header. */
static void
check_word(const char *s)
{
	if (s == NULL || *s == '\0')
		abort();
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			abort();
}

static void
check_form(const struct creds_json_form *form, const char *text, size_t size)
{
	struct creds c = {0};
	struct err e = {.status = 0};

	if (creds_json_parse(&c, form, text, size, "where", &e) == 1) {
		check_word(c.access_key);
		check_word(c.secret_key);
		if (form->complete)
			check_word(c.session_token);
	} else if (e.status != EXIT_USAGE || e.text[0] == '\0' || c.secret_key != NULL) {
		abort();
	}
	creds_free(&c);
}

static void
check_entry(const char *text, size_t size)
{
	struct creds c, again;
	struct buf out = {0};
	int64_t asked, asked_again;

	if (creds_json_entry_read(&c, &asked, text, size) == -1) {
		if (c.access_key != NULL || c.secret_key != NULL || c.source != NULL)
			abort();
		return;
	}
	check_word(c.secret_key);
	if (creds_json_entry_write(&out, &c, asked) == -1 ||
	    creds_json_entry_read(&again, &asked_again, out.p, out.len) == -1 ||
	    strcmp(c.access_key, again.access_key) != 0 ||
	    strcmp(c.secret_key, again.secret_key) != 0 || strcmp(c.source, again.source) != 0 ||
	    c.expires != again.expires || asked != asked_again)
		abort();
	creds_free(&c);
	creds_free(&again);
	buf_free(&out);
}

static void
check_token(const char *text, size_t size)
{
	static const char plain[] =
	    "{\"accessToken\":\"a\",\"expiresAt\":\"2026-11-23T13:45:00Z\"}";
	struct sso_token t, again;
	struct buf out = {0};

	if (sso_token_read(&t, text, size) == 0) {
		check_word(t.access_token);
		if (sso_token_renewable(&t, 0))
			sso_token_request(&out, &t);
		buf_reset(&out);
		if (sso_token_write(&out, &t, "https://start", "region") == -1 ||
		    sso_token_read(&again, out.p, out.len) == -1 ||
		    strcmp(t.access_token, again.access_token) != 0)
			abort();
		sso_token_free(&t);
		sso_token_free(&again);
	} else if (t.access_token != NULL || t.client_secret != NULL) {
		abort();
	}
	if (sso_token_read(&t, plain, sizeof(plain) - 1) == -1)
		abort();
	if (sso_token_renew(&t, text, size, 1000) == 0 && t.expires <= 1000)
		abort();
	check_word(t.access_token);
	sso_token_free(&t);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct buf out = {0};

	check_form(&creds_json_process, text, size);
	check_form(&creds_json_metadata, text, size);
	check_form(&creds_json_sso, text, size);
	check_form(&creds_json_cli, text, size);
	check_entry(text, size);
	check_token(text, size);
	creds_json_message(&out, text, size, "message", "Code", 100);
	if (out.len > 100)
		abort();
	buf_free(&out);
	return 0;
}
