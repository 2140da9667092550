/* lib/creds/sts: any answer, as one of credentials and as an error. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "creds/sts.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *doc = (const char *)data;
	struct creds c = {0};
	struct err e = {.status = 0};
	struct buf out = {0};

	if (sts_answer(&c, doc, size, "where", &e) == 1) {
		check_word(c.access_key);
		check_word(c.secret_key);
		check_word(c.session_token);
	} else if (e.status != EXIT_USAGE || e.text[0] == '\0' || c.secret_key != NULL) {
		abort();
	}
	creds_free(&c);
	sts_answer_error(&out, doc, size);
	if (out.len > 2100)
		abort();
	if (!sts_answer_transient(500, doc, size) || sts_answer_transient(200, doc, size))
		abort();
	sts_answer_transient(400, doc, size);
	buf_free(&out);
	return 0;
}
