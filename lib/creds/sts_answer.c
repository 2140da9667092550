#include <string.h>

#include "aws/xml.h"
#include "base/iso_time.h"
#include "creds/creds_source.h"
#include "creds/sts.h"

enum { MESSAGE_MAX = 1000 };

/* The text of an element; NULL if there is none, or it is empty. */
static const char *
element(struct buf *out, const char *doc, size_t len, const char *name)
{
	buf_reset(out);
	return xml_text(out, doc, len, name) == 0 && out->len > 0 ? buf_str(out) : NULL;
}

int
sts_answer(struct creds *c, const char *doc, size_t len, const char *where, struct err *e)
{
	struct buf texts[4] = {{0}};
	const char *access_key, *secret_key, *token, *expiration;
	int rc;

	for (size_t i = 0; i < 4; i++) /* they must not move, so that all of it can be wiped */
		buf_room(&texts[i], len + 1);
	access_key = element(&texts[0], doc, len, "AccessKeyId");
	secret_key = element(&texts[1], doc, len, "SecretAccessKey");
	token = element(&texts[2], doc, len, "SessionToken");
	expiration = element(&texts[3], doc, len, "Expiration");
	if (access_key == NULL || secret_key == NULL || token == NULL || expiration == NULL)
		rc = err_set(e, EXIT_USAGE, "%s: the answer holds no credentials", where);
	else if (iso_time_parse(expiration, &c->expires) == -1)
		rc = err_set(e, EXIT_USAGE, "%s: the answer's Expiration is not a time", where);
	else
		rc = creds_take(c, access_key, secret_key, token, where, e);
	for (size_t i = 0; i < 4; i++) {
		explicit_bzero(texts[i].p, texts[i].cap);
		buf_free(&texts[i]);
	}
	return rc;
}

void
sts_answer_error(struct buf *out, const char *doc, size_t len)
{
	struct buf text = {0};

	if (element(&text, doc, len, "Code") != NULL)
		buf_add(out, text.p, text.len < MESSAGE_MAX ? text.len : MESSAGE_MAX);
	if (element(&text, doc, len, "Message") != NULL) {
		if (out->len > 0)
			buf_adds(out, ": ");
		buf_add(out, text.p, text.len < MESSAGE_MAX ? text.len : MESSAGE_MAX);
	}
	buf_free(&text);
}

int
sts_answer_transient(long status, const char *doc, size_t len)
{
	static const char *const codes[] = {"Throttling", "ThrottlingException",
	    "ThrottledException", "RequestThrottled", "RequestThrottledException",
	    "RequestLimitExceeded", "TooManyRequestsException", "PriorRequestNotComplete",
	    "BandwidthLimitExceeded", "IDPCommunicationError", "RequestTimeout",
	    "RequestTimeoutException"};
	struct buf text = {0};
	const char *code;
	int transient = status == 429 || status >= 500;

	if (!transient && status >= 400 && (code = element(&text, doc, len, "Code")) != NULL)
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
			transient |= strcmp(code, codes[i]) == 0;
	buf_free(&text);
	return transient;
}
