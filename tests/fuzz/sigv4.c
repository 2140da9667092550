/*
 * lib/aws/sigv4: canonicalisation of any request. The input's lines are the path, the query, then
 * headers; a canonical query is canonical; the header that is sent and the three stages agree.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the line at *p and moves to the next; never NULL. */
static char *
next_line(char **p)
{
	char *line = *p;

	*p += strcspn(line, "\n");
	if (**p != '\0')
		*(*p)++ = '\0';
	return line;
}

/* The third line: the canonical query. */
static char *
query_of(struct buf *canonical)
{
	char *p;

	buf_str(canonical);
	p = canonical->p;
	next_line(&p);
	next_line(&p);
	return xstrdup(next_line(&p));
}

static void
check_query(const char *query)
{
	struct sigv4_request r = {
	    .method = "GET", .path = "/", .query = query, .payload_hash = SIGV4_UNSIGNED};
	struct buf out = {0};
	char *once, *twice;

	sigv4_canonical_request(&out, &r);
	once = query_of(&out);
	buf_reset(&out);
	r.query = once;
	sigv4_canonical_request(&out, &r);
	twice = query_of(&out);
	if (strcmp(once, twice) != 0)
		abort();
	free(once);
	free(twice);
	buf_free(&out);
}

static void
check_stages(const struct sigv4_request *r)
{
	static struct sigv4_key key;
	struct buf canonical = {0}, to_sign = {0}, sent = {0};
	char hex[65];

	sigv4_key_set(&key, "secret", "20150830T123600Z", "us-east-1", "s3");
	sigv4_canonical_request(&canonical, r);
	sigv4_string_to_sign(&to_sign, &key, "20150830T123600Z", canonical.p, canonical.len);
	sigv4_signature(hex, &key, to_sign.p, to_sign.len);
	buf_adds(&sent, "before");
	sigv4_authorization(&sent, r, &key, "AK", "20150830T123600Z");
	if (sent.len < 70 || memcmp(sent.p, "before", 6) != 0 ||
	    memcmp(sent.p + sent.len - 64, hex, 64) != 0)
		abort();
	buf_free(&canonical);
	buf_free(&to_sign);
	buf_free(&sent);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sigv4_header headers[SIGV4_HEADERS_MAX];
	struct sigv4_request r = {
	    .method = "GET", .headers = headers, .payload_hash = SIGV4_EMPTY_SHA256};
	char *text = xstrndup((const char *)data, size), *p = text;

	r.path = next_line(&p);
	r.query = next_line(&p);
	while (*p != '\0' && r.n_headers < SIGV4_HEADERS_MAX) {
		struct sigv4_header *h = &headers[r.n_headers++];
		char *line = next_line(&p), *colon = strchr(line, ':');

		h->name = line;
		h->value = colon != NULL ? colon + 1 : "";
		if (colon != NULL)
			*colon = '\0';
	}
	check_stages(&r);
	check_query(r.query);
	free(text);
	return 0;
}
