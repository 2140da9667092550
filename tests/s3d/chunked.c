#include "chunked.h"

#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

struct state {
	const struct auth_result *auth;
	char *p, *end; /* what was not read yet */
	char previous[65];
};

/* The line at s->p without its CRLF; s->p moves behind it. -1 when there is no line end. */
static int
line(struct state *s, struct str *out)
{
	char *lf = memchr(s->p, '\n', (size_t)(s->end - s->p));

	if (lf == NULL || lf == s->p || lf[-1] != '\r')
		return -1;
	*out = (struct str){s->p, (size_t)(lf - 1 - s->p)};
	s->p = lf + 1;
	return 0;
}

static const char *
signature_check(struct state *s, const char *what, const char *hashes, struct str given)
{
	struct buf b = {0};
	unsigned char sum[32];

	buf_addf(
	    &b, "%s\n%s\n%s\n%s\n%s", what, s->auth->date, s->auth->scope, s->previous, hashes);
	hmac_sum(&s->auth->key, b.p, b.len, sum);
	buf_free(&b);
	hex_put(s->previous, sum, sizeof(sum));
	return given.len == 64 && CRYPTO_memcmp(given.p, s->previous, 64) == 0
	    ? NULL
	    : "SignatureDoesNotMatch";
}

static const char *
chunk_check(struct state *s, struct str head, const char *p, size_t n)
{
	static const char empty[] =
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const char mark[] = ";chunk-signature=";
	const char *at = memmem(head.p, head.len, mark, sizeof(mark) - 1);
	char hashes[2 * 64 + 2];
	struct str given;

	if (at == NULL)
		return "SignatureDoesNotMatch";
	at += sizeof(mark) - 1;
	given = (struct str){at, head.len - (size_t)(at - head.p)};
	memcpy(hashes, empty, 64);
	hashes[64] = '\n';
	sha256_hex(hashes + 65, p, n);
	return signature_check(s, "AWS4-HMAC-SHA256-PAYLOAD", hashes, given);
}

static int
chunk_size(struct str head, size_t *out)
{
	size_t n = 0, i;

	for (i = 0; i < head.len && i < 9; i++) {
		char c = head.p[i];

		if (c >= 'A' && c <= 'F')
			c |= 0x20;

		if (c >= '0' && c <= '9')
			n = n * 16 + (size_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n * 16 + (size_t)(c - 'a' + 10);
		else
			break;
	}
	*out = n;
	return i > 0 && (i == head.len || head.p[i] == ';') ? 0 : -1;
}

static void
copy(char *out, size_t size, struct str s)
{
	size_t n = s.len < size - 1 ? s.len : size - 1;

	memcpy(out, s.p, n);
	out[n] = '\0';
}

/* "name:value", then x-amz-trailer-signature where chunks are signed, then an empty line. */
static const char *
trailer_read(struct state *s, struct trailer *t)
{
	struct str l, sig = {"", 0};
	struct buf signed_text = {0};
	char hash[65];
	const char *code = NULL;

	while (line(s, &l) == 0 && l.len > 0) {
		const char *colon = memchr(l.p, ':', l.len);
		struct str name, value;

		if (colon == NULL)
			break;
		name = (struct str){l.p, (size_t)(colon - l.p)};
		value = (struct str){colon + 1, l.len - name.len - 1};
		if (str_eq(name, "x-amz-trailer-signature")) {
			sig = value;
			continue;
		}
		copy(t->name, sizeof(t->name), name);
		copy(t->value, sizeof(t->value), value);
		buf_add(&signed_text, l.p, l.len);
		buf_addc(&signed_text, '\n');
	}
	if (s->auth->payload == PAYLOAD_CHUNKS_SIGNED) {
		sha256_hex(hash, buf_str(&signed_text), signed_text.len);
		code = signature_check(s, "AWS4-HMAC-SHA256-TRAILER", hash, sig);
	}
	buf_free(&signed_text);
	return code;
}

const char *
chunked_decode(const struct auth_result *a, char *body, size_t *len, struct trailer *t)
{
	struct state s = {.auth = a, .p = body, .end = body + *len};
	char *out = body;

	*t = (struct trailer){0};
	memcpy(s.previous, a->signature, sizeof(s.previous));
	for (;;) {
		struct str head;
		const char *code;
		size_t n;

		if (line(&s, &head) == -1 || chunk_size(head, &n) == -1 ||
		    n > (size_t)(s.end - s.p))
			return "IncompleteBody";
		if (a->payload == PAYLOAD_CHUNKS_SIGNED &&
		    (code = chunk_check(&s, head, s.p, n)) != NULL)
			return code;
		if (n == 0)
			break;
		memmove(out, s.p, n);
		out += n;
		s.p += n;
		if (s.end - s.p < 2 || s.p[0] != '\r' || s.p[1] != '\n')
			return "IncompleteBody";
		s.p += 2;
	}
	*len = (size_t)(out - body);
	return a->trailer ? trailer_read(&s, t) : NULL;
}
