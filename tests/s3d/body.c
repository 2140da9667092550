#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "req.h"
#include "server.h"

const unsigned char *
body_md5(struct req *r)
{
	if (!r->has_md5)
		md5(r->body.p, r->body.len, r->md5);
	r->has_md5 = 1;
	return r->md5;
}

static const char *
check_md5(struct req *r)
{
	const char *h = req_header(r, "content-md5");
	unsigned char want[16];

	if (h == NULL)
		return NULL;
	if (base64_get(want, sizeof(want), h) == -1)
		return "InvalidDigest";
	return memcmp(want, body_md5(r), sizeof(want)) == 0 ? NULL : "BadDigest";
}

char *
body_take(struct req *r)
{
	char *p = NULL;

	if (r->srv->opt.discard)
		buf_free(&r->body);
	else
		p = xrealloc(r->body.p, r->body.len);
	r->body = (struct buf){0};
	return p;
}

const char *
body_check(struct req *r)
{
	const char *decoded = req_header(r, "x-amz-decoded-content-length"), *code;
	char hex[65];
	uint64_t n;

	if (r->auth.payload == PAYLOAD_CHUNKS_SIGNED ||
	    r->auth.payload == PAYLOAD_CHUNKS_UNSIGNED) {
		if (decoded == NULL || num_parse(decoded, 0, SIZE_MAX, &n) == -1)
			return "MissingContentLength";
		buf_room(&r->body, 1);
		code = chunked_decode(&r->auth, r->body.p, &r->body.len, &r->trailer);
		if (code != NULL)
			return code;
		if (r->body.len != n)
			return "IncompleteBody";
	} else if (r->auth.payload == PAYLOAD_HASHED) {
		sha256_hex(hex, r->body.p, r->body.len);
		if (strcmp(hex, r->auth.sha256) != 0)
			return "XAmzContentSHA256Mismatch";
	}
	return check_md5(r);
}

const char *
body_sum(const struct req *r, enum sum_algo want, enum sum_algo *algo, char sum[SUM_TEXT])
{
	static const char prefix[] = "x-amz-checksum-";
	const char *given = NULL;
	unsigned char raw[64];

	*algo = SUM_NONE;
	sum[0] = '\0';
	for (size_t i = 0; i <= r->n_headers; i++) {
		int last = i == r->n_headers;
		const char *name = last ? r->trailer.name : r->headers[i].name;
		enum sum_algo a;

		if (strncasecmp(name, prefix, sizeof(prefix) - 1) != 0 ||
		    (a = sum_by_name(name + sizeof(prefix) - 1)) == SUM_NONE)
			continue;
		if (given != NULL)
			return "InvalidRequest";
		given = last ? r->trailer.value : r->headers[i].value;
		*algo = a;
	}
	if (given == NULL)
		*algo = want;
	if (*algo == SUM_NONE)
		return NULL;
	sum_text(sum, *algo, r->body.p, r->body.len);
	if (given == NULL || strcmp(given, sum) == 0)
		return NULL;
	return base64_get(raw, sum_len(*algo), given) == -1 ? "InvalidRequest" : "BadDigest";
}
