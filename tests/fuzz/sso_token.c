/*
 * lib/creds/sso_token, with lib/base/iso_time: any file of the AWS CLI's cache, and any answer to
 * the request that renews its token. A token that is taken can go into a header, and what is
 * written is read back the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/iso_time.h"
#include "creds/sso_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_header(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			abort();
}

static int
differ(const char *a, const char *b)
{
	return (a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0);
}

/* Written and read again, but for the time, which loses its zone and what is out of range. */
static void
check_again(const struct sso_token *t)
{
	struct sso_token again;
	struct buf text = {0};

	if (sso_token_write(&text, t, "https://start", "eu-west-1") == 0) {
		if (sso_token_read(&again, text.p, text.len) == -1 ||
		    differ(again.access_token, t->access_token) ||
		    differ(again.refresh_token, t->refresh_token) ||
		    (t->expires >= 0 && t->expires <= 253402300799 && again.expires != t->expires))
			abort();
		sso_token_free(&again);
	}
	buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char plain[] =
	    "{\"accessToken\":\"a\",\"refreshToken\":\"r\",\"clientId\":\"c\","
	    "\"clientSecret\":\"s\",\"expiresAt\":\"2026-11-23T13:45:00Z\","
	    "\"registrationExpiresAt\":\"2026-12-23T13:45:00Z\"}";
	struct sso_token t;
	struct buf body = {0};

	if (sso_token_read(&t, (const char *)data, size) == 0) {
		check_header(t.access_token);
		if (sso_token_renewable(&t, 0))
			sso_token_request(&body, &t);
		check_again(&t);
		sso_token_free(&t);
	} else if (t.access_token != NULL) {
		abort();
	}
	if (sso_token_read(&t, plain, sizeof(plain) - 1) == -1)
		abort();
	if (sso_token_renew(&t, (const char *)data, size, 1000) == 0) {
		check_header(t.access_token);
		if (t.expires <= 1000)
			abort();
		check_again(&t);
	}
	sso_token_free(&t);
	buf_free(&body);
	return 0;
}
