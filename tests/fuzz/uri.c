/* lib/base/uri: what parses is what was given; what was encoded decodes to itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_parse(const char *s, size_t len)
{
	struct buf back = {0};
	struct uri u;
	struct err e = {.status = 0};

	if (uri_parse(s, len, &u, &e) == -1) {
		if (e.status != EXIT_USAGE || e.text[0] == '\0' || u.bucket != NULL ||
		    u.key != NULL)
			abort();
		return;
	}
	buf_addf(&back, "s3://%s/%s", u.bucket, u.key);
	/* "s3://bucket" lacks the slash */
	if (strlen(u.key) > S3_KEY_MAX ||
	    !(back.len == len || (back.len == len + 1 && u.key[0] == '\0')) ||
	    memcmp(back.p, s, len) != 0)
		abort();
	uri_free(&u);
	buf_free(&back);
}

static void
check_codec(const char *s, size_t len)
{
	struct buf encoded = {0}, plain = {0}, again = {0};

	for (int keep = 0; keep <= 1; keep++) {
		buf_reset(&encoded);
		buf_reset(&plain);
		uri_encode(&encoded, s, len, keep);
		if (encoded.len > 3 * len ||
		    uri_decode(&plain, encoded.p, encoded.len, 1, NULL) == -1 || plain.len != len ||
		    (len > 0 && memcmp(plain.p, s, len) != 0))
			abort();
	}
	for (int plus = 0; plus <= 1; plus++) {
		buf_reset(&plain);
		buf_reset(&encoded);
		buf_reset(&again);
		buf_addc(&plain, 'x');
		if (uri_decode(&plain, s, len, plus, NULL) == -1) {
			if (plain.len != 1)
				abort();
			continue;
		}
		uri_encode(&encoded, plain.p + 1, plain.len - 1, 0);
		if (plain.len - 1 > len ||
		    uri_decode(&again, encoded.p, encoded.len, plus, NULL) == -1 ||
		    again.len != plain.len - 1 ||
		    (again.len > 0 && memcmp(again.p, plain.p + 1, again.len) != 0))
			abort();
	}
	buf_free(&encoded);
	buf_free(&plain);
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_parse((const char *)data, size);
	check_codec((const char *)data, size);
	return 0;
}
