#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "aws/sigv4.h"
#include "sums/hash.h"

enum {
	BLOCK_LEN = 64,	   /* of SHA-256 */
	PARAMS_SMALL = 16, /* query parameters sorted without allocating */
};

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* Begins an HMAC (RFC 2104) with a key. */
static void
hmac_begin(struct hash *inner, struct hash *outer, const void *key, size_t key_len)
{
	unsigned char pad[BLOCK_LEN] = {0};

	if (key_len > BLOCK_LEN)
		hash_of(pad, HASH_SHA256, key, key_len);
	else
		memcpy(pad, key, key_len);
	for (size_t i = 0; i < BLOCK_LEN; i++)
		pad[i] ^= 0x36;
	hash_begin(inner, HASH_SHA256);
	hash_add(inner, pad, BLOCK_LEN);
	for (size_t i = 0; i < BLOCK_LEN; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_begin(outer, HASH_SHA256);
	hash_add(outer, pad, BLOCK_LEN);
	OPENSSL_cleanse(pad, sizeof(pad));
}

/* Works on copies, as one key signs many messages. */
static void
hmac_end(unsigned char out[HASH_SHA256_LEN], struct hash inner, struct hash outer, const void *p,
    size_t n)
{
	hash_add(&inner, p, n);
	hash_end(&inner, out);
	hash_add(&outer, out, HASH_SHA256_LEN);
	hash_end(&outer, out);
}

/* The next key of the chain: the HMAC of text with the last one. */
static void
key_step(struct sigv4_key *k, const char *text)
{
	unsigned char key[HASH_SHA256_LEN];

	hmac_end(key, k->inner, k->outer, text, strlen(text));
	hmac_begin(&k->inner, &k->outer, key, sizeof(key));
	OPENSSL_cleanse(key, sizeof(key));
}

void
sigv4_sha256_hex(char hex[65], const void *p, size_t n)
{
	hash_hex_of(hex, HASH_SHA256, p, n);
}

void
sigv4_date(time_t t, char date[17])
{
	struct tm tm;

	/* years after 9999 do not fit; only a broken clock shows them */
	if (gmtime_r(&t, &tm) == NULL || strftime(date, 17, "%Y%m%dT%H%M%SZ", &tm) != 16)
		memcpy(date, "19700101T000000Z", 17);
}

int
sigv4_key_fits(
    const struct sigv4_key *k, const char date[17], const char *region, const char *service)
{
	return memcmp(k->day, date, 8) == 0 && strcmp(k->region, region) == 0 &&
	    strcmp(k->service, service) == 0;
}

void
sigv4_key_set(struct sigv4_key *k, const char *secret, const char date[17], const char *region,
    const char *service)
{
	struct buf start = {0};

	snprintf(k->day, sizeof(k->day), "%.8s", date);
	snprintf(k->region, sizeof(k->region), "%s", region);
	snprintf(k->service, sizeof(k->service), "%s", service);
	buf_adds(&start, "AWS4");
	buf_adds(&start, secret);
	hmac_begin(&k->inner, &k->outer, start.p, start.len);
	key_step(k, k->day);
	key_step(k, k->region);
	key_step(k, k->service);
	key_step(k, "aws4_request");
	OPENSSL_cleanse(start.p, start.cap);
	buf_free(&start);
}

/* --- canonical request --- */

struct param {
	const char *name, *value; /* point into the query */
	size_t name_len, value_len;
};

static int
compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int order = n != 0 ? memcmp(a, b, n) : 0;

	return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int
compare_params(const void *x, const void *y)
{
	const struct param *a = x, *b = y;
	int order = compare_bytes(a->name, a->name_len, b->name, b->name_len);

	return order != 0 ? order : compare_bytes(a->value, a->value_len, b->value, b->value_len);
}

static size_t
split_query(const char *query, struct param *params)
{
	size_t n = 0;

	for (const char *p = query; *p != '\0';) {
		size_t len = strcspn(p, "&"), name_len = strcspn(p, "=&");

		if (len != 0) { /* skip the empty parameter in "a&&b" */
			params[n].name = p;
			params[n].name_len = name_len;
			params[n].value = name_len < len ? p + name_len + 1 : "";
			params[n].value_len = name_len < len ? len - name_len - 1 : 0;
			n++;
		}
		p += len + (p[len] == '&');
	}
	return n;
}

static void
add_query(struct buf *out, const char *query)
{
	struct param few[PARAMS_SMALL], *params = few;
	size_t n = 1;

	for (const char *p = query; (p = strchr(p, '&')) != NULL; p++)
		n++;
	if (n > PARAMS_SMALL)
		params = xmalloc(n * sizeof(*params));
	n = split_query(query, params);
	if (n > 1)
		qsort(params, n, sizeof(*params), compare_params);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, '&');
		buf_add(out, params[i].name, params[i].name_len);
		buf_addc(out, '=');
		buf_add(out, params[i].value, params[i].value_len);
	}
	if (params != few)
		free(params);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Like strcasecmp, without its look-up of the locale. */
static int
compare_names(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return (unsigned char)lower(*a) - (unsigned char)lower(*b);
}

struct sorted {
	const struct sigv4_header *h[SIGV4_HEADERS_MAX];
	char again[SIGV4_HEADERS_MAX]; /* 1: same name as the header before it */
	size_t n;
};

/* Insertion sort: headers of the same name keep the order they are sent in. */
static void
sort_headers(struct sorted *s, const struct sigv4_request *r)
{
	if (r->n_headers > SIGV4_HEADERS_MAX)
		abort();
	s->n = r->n_headers;
	for (size_t n = 0; n < s->n; n++) {
		const struct sigv4_header *h = &r->headers[n];
		size_t i = n;
		int order = -1;

		for (; i > 0 && (order = compare_names(s->h[i - 1]->name, h->name)) > 0; i--) {
			s->h[i] = s->h[i - 1];
			s->again[i] = s->again[i - 1];
		}
		s->h[i] = h;
		s->again[i] = order == 0;
	}
}

static void
add_lower(struct buf *out, const char *s)
{
	size_t n = strlen(s);
	char *p = buf_room(out, n);

	for (size_t i = 0; i < n; i++)
		p[i] = lower(s[i]);
	out->len += n;
}

static void
add_signed_names(struct buf *out, const struct sorted *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->again[i])
			continue;
		if (i > 0)
			buf_addc(out, ';');
		add_lower(out, s->h[i]->name);
	}
}

static void
add_folded(struct buf *out, const char *value)
{
	static const char space[] = " \t\r\n\v\f";
	const char *p = value + strspn(value, space);

	while (*p != '\0') {
		size_t n = strcspn(p, space);

		buf_add(out, p, n);
		p += n;
		p += strspn(p, space);
		if (*p != '\0')
			buf_addc(out, ' ');
	}
}

/* Appends a copy of n bytes of out itself. */
static void
add_again(struct buf *out, size_t at, size_t n)
{
	char *to = buf_room(out, n);

	memcpy(to, out->p + at, n);
	out->len += n;
}

/* Copies the lower-case names from the list of signed names. */
static void
add_headers(struct buf *out, const struct sorted *s, size_t names)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->again[i]) {
			out->p[out->len - 1] = ','; /* continue the line */
		} else {
			size_t len = strlen(s->h[i]->name);

			add_again(out, names, len);
			names += len + 1;
			buf_addc(out, ':');
		}
		add_folded(out, s->h[i]->value);
		buf_addc(out, '\n');
	}
}

/* The signed names are in out already: names_len bytes at names. */
static void
add_canonical_request(struct buf *out, const struct sigv4_request *r, const struct sorted *s,
    size_t names, size_t names_len)
{
	buf_adds(out, r->method);
	buf_addc(out, '\n');
	buf_adds(out, r->path);
	buf_addc(out, '\n');
	add_query(out, r->query);
	buf_addc(out, '\n');
	add_headers(out, s, names);
	buf_addc(out, '\n');
	add_again(out, names, names_len);
	buf_addc(out, '\n');
	buf_adds(out, r->payload_hash);
}

void
sigv4_canonical_request(struct buf *out, const struct sigv4_request *r)
{
	struct buf text = {0};
	struct sorted s;
	size_t names_len;

	sort_headers(&s, r);
	add_signed_names(&text, &s);
	names_len = text.len;
	add_canonical_request(&text, r, &s, 0, names_len);
	buf_add(out, text.p + names_len, text.len - names_len);
	buf_free(&text);
}

/* --- string to sign, signature --- */

static void
add_scope(struct buf *out, const struct sigv4_key *k)
{
	buf_adds(out, k->day);
	buf_addc(out, '/');
	buf_adds(out, k->region);
	buf_addc(out, '/');
	buf_adds(out, k->service);
	buf_adds(out, "/aws4_request");
}

static void
add_string_to_sign(
    struct buf *out, const struct sigv4_key *k, const char date[17], const char *request_sha256)
{
	buf_adds(out, algorithm);
	buf_addc(out, '\n');
	buf_adds(out, date);
	buf_addc(out, '\n');
	add_scope(out, k);
	buf_addc(out, '\n');
	buf_adds(out, request_sha256);
}

void
sigv4_string_to_sign(struct buf *out, const struct sigv4_key *k, const char date[17],
    const char *canonical_request, size_t len)
{
	char hex[65];

	sigv4_sha256_hex(hex, canonical_request, len);
	add_string_to_sign(out, k, date, hex);
}

void
sigv4_signature(char hex[65], const struct sigv4_key *k, const char *string_to_sign, size_t len)
{
	unsigned char h[HASH_SHA256_LEN];

	hmac_end(h, k->inner, k->outer, string_to_sign, len);
	hash_hex(hex, h, sizeof(h));
}

void
sigv4_authorization(struct buf *out, const struct sigv4_request *r, const struct sigv4_key *k,
    const char *access_key, const char date[17])
{
	struct sorted s;
	char hex[65];
	size_t names, names_len, end;

	sort_headers(&s, r);
	buf_adds(out, algorithm);
	buf_adds(out, " Credential=");
	buf_adds(out, access_key);
	buf_addc(out, '/');
	add_scope(out, k);
	buf_adds(out, ", SignedHeaders=");
	names = out->len;
	add_signed_names(out, &s);
	names_len = out->len - names;
	buf_adds(out, ", Signature=");

	/* the first two stages borrow the place where the signature will go */
	end = out->len;
	add_canonical_request(out, r, &s, names, names_len);
	sigv4_sha256_hex(hex, out->p + end, out->len - end);
	out->len = end;
	add_string_to_sign(out, k, date, hex);
	sigv4_signature(hex, k, out->p + end, out->len - end);
	out->len = end;
	buf_add(out, hex, 64);
}
