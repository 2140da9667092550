#include "auth.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SKEW_MAX_S = 15 * 60, SIGNED_MAX = 64 };

struct parsed {
	/* of Credential=id/day/region/service/aws4_request */
	struct str id, day, region, service, end;
	struct str signed_headers, signature;
	struct str names[SIGNED_MAX]; /* of signed_headers */
	size_t n_names;
	const char *date;
};

const char *
header_get(const struct header *h, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(h[i].name, name) == 0)
			return h[i].value;
	return NULL;
}

void
xml_escape(struct buf *out, const char *p, size_t n)
{
	size_t plain = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c >= 0x20 && c != '&' && c != '<' && c != '>' && c != '"')
			continue;
		buf_add(out, p + plain, i - plain);
		plain = i + 1;
		/* S3 writes control characters this way too, although XML 1.0 has none */
		buf_addf(out, "&#%u;", c);
	}
	buf_add(out, p + plain, n - plain);
}

static void
extra(struct auth_result *res, const char *element, const char *p, size_t n)
{
	buf_addf(&res->extra, "<%s>", element);
	xml_escape(&res->extra, p, n);
	buf_addf(&res->extra, "</%s>", element);
}

static struct str
cut(struct str *s, char at)
{
	const char *p = memchr(s->p, at, s->len);
	struct str head = *s;

	if (p == NULL) {
		*s = (struct str){s->p + s->len, 0};
		return head;
	}
	head.len = (size_t)(p - s->p);
	*s = (struct str){p + 1, s->len - head.len - 1};
	return head;
}

static int
starts(struct str s, const char *prefix)
{
	return s.len >= strlen(prefix) && memcmp(s.p, prefix, strlen(prefix)) == 0;
}

/* "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..." */
static const char *
parse_authorization(struct parsed *p, const char *value)
{
	static const char algorithm[] = "AWS4-HMAC-SHA256";
	struct str s = {value, strlen(value)}, cred = {NULL, 0}, names;

	if (!starts(s, algorithm))
		return "InvalidRequest";
	s.p += sizeof(algorithm) - 1;
	s.len -= sizeof(algorithm) - 1;
	while (s.len > 0) {
		struct str item = cut(&s, ',');

		for (; item.len > 0 && *item.p == ' '; item.len--)
			item.p++;
		for (; item.len > 0 && item.p[item.len - 1] == ' ';)
			item.len--;
		if (starts(item, "Credential="))
			cred = (struct str){item.p + 11, item.len - 11};
		else if (starts(item, "SignedHeaders="))
			p->signed_headers = (struct str){item.p + 14, item.len - 14};
		else if (starts(item, "Signature="))
			p->signature = (struct str){item.p + 10, item.len - 10};
	}
	if (cred.len == 0 || p->signed_headers.len == 0 || p->signature.len != 64)
		return "AuthorizationHeaderMalformed";
	p->id = cut(&cred, '/');
	p->day = cut(&cred, '/');
	p->region = cut(&cred, '/');
	p->service = cut(&cred, '/');
	p->end = cred;
	for (names = p->signed_headers; names.len > 0;) {
		if (p->n_names == SIGNED_MAX)
			return "AuthorizationHeaderMalformed";
		p->names[p->n_names] = cut(&names, ';');
		if (p->n_names > 0 && str_cmp(p->names[p->n_names - 1], p->names[p->n_names]) >= 0)
			return "AuthorizationHeaderMalformed";
		p->n_names++;
	}
	return NULL;
}

/* "20150830T123600Z"; -1 when it is none. */
static time_t
parse_date(const char *s)
{
	struct tm tm = {0};
	int v[14];

	if (strlen(s) != 16 || s[8] != 'T' || s[15] != 'Z')
		return -1;
	for (int i = 0, k = 0; i < 15; i++) {
		if (i == 8)
			continue;
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v[k++] = s[i] - '0';
	}
	tm.tm_year = v[0] * 1000 + v[1] * 100 + v[2] * 10 + v[3] - 1900;
	tm.tm_mon = v[4] * 10 + v[5] - 1;
	tm.tm_mday = v[6] * 10 + v[7];
	tm.tm_hour = v[8] * 10 + v[9];
	tm.tm_min = v[10] * 10 + v[11];
	tm.tm_sec = v[12] * 10 + v[13];
	return timegm(&tm);
}

static const char *
check_date(struct auth_result *res, struct parsed *p, const struct auth_request *r)
{
	time_t t;
	struct tm tm;
	char server[32];

	p->date = header_get(r->headers, r->n_headers, "x-amz-date");
	if (p->date == NULL || (t = parse_date(p->date)) == -1)
		return "AccessDenied";
	if (p->day.len != 8 || memcmp(p->day.p, p->date, 8) != 0)
		return "SignatureDoesNotMatch";
	if (t - r->now <= SKEW_MAX_S && r->now - t <= SKEW_MAX_S)
		return NULL;
	gmtime_r(&r->now, &tm);
	strftime(server, sizeof(server), "%Y-%m-%dT%H:%M:%SZ", &tm);
	extra(res, "RequestTime", p->date, 16);
	extra(res, "ServerTime", server, strlen(server));
	extra(res, "MaxAllowedSkewMilliseconds", "900000", 6);
	return "RequestTimeTooSkewed";
}

static const char *
check_scope(struct auth_result *res, const struct parsed *p, const struct auth_config *conf)
{
	if (!str_eq(p->service, "s3") || !str_eq(p->end, "aws4_request"))
		return "AuthorizationHeaderMalformed";
	if (str_eq(p->region, conf->region))
		return NULL;
	extra(res, "Region", conf->region, strlen(conf->region));
	return "AuthorizationHeaderMalformed";
}

static int
is_signed(const struct parsed *p, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < p->n_names; i++)
		if (p->names[i].len == n && strncasecmp(p->names[i].p, name, n) == 0)
			return 1;
	return 0;
}

static const char *
check_signed(struct auth_result *res, const struct parsed *p, const struct auth_request *r)
{
	if (!is_signed(p, "host")) {
		extra(res, "HeadersNotSigned", "host", 4);
		return "AccessDenied";
	}
	for (size_t i = 0; i < r->n_headers; i++) {
		const char *name = r->headers[i].name;

		if (strncasecmp(name, "x-amz-", 6) != 0 || is_signed(p, name))
			continue;
		extra(res, "HeadersNotSigned", name, strlen(name));
		return "AccessDenied";
	}
	return NULL;
}

static const char *
check_payload(struct auth_result *res, const struct auth_request *r, int is_signed_request)
{
	const char *h = header_get(r->headers, r->n_headers, "x-amz-content-sha256");

	res->payload = PAYLOAD_UNSIGNED;
	if (h == NULL)
		return is_signed_request ? "InvalidRequest" : NULL;
	if (strcmp(h, "UNSIGNED-PAYLOAD") == 0)
		return NULL;
	if (strcmp(h, "STREAMING-UNSIGNED-PAYLOAD-TRAILER") == 0) {
		res->payload = PAYLOAD_CHUNKS_UNSIGNED;
		res->trailer = 1;
		return NULL;
	}
	if (strncmp(h, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", 34) == 0) {
		res->payload = PAYLOAD_CHUNKS_SIGNED;
		res->trailer = strcmp(h + 34, "-TRAILER") == 0;
		if (!is_signed_request || (h[34] != '\0' && !res->trailer))
			return "InvalidArgument";
		return NULL;
	}
	if (strlen(h) != 64 || strspn(h, "0123456789abcdefABCDEF") != 64)
		return "InvalidArgument";
	for (int i = 0; i < 64; i++)
		res->sha256[i] = (char)(h[i] | 0x20);
	res->payload = PAYLOAD_HASHED;
	return NULL;
}

/* Ends trimmed, runs of spaces folded to one. */
static void
canonical_value(struct buf *out, const char *v)
{
	int space = 0, any = 0;

	for (; *v != '\0'; v++) {
		if (*v == ' ' || *v == '\t') {
			space = any;
			continue;
		}
		if (space)
			buf_addc(out, ' ');
		buf_addc(out, *v);
		space = 0;
		any = 1;
	}
}

static const char *
canonical_request(struct buf *out, const struct parsed *p, const struct auth_request *r)
{
	const char *hash = header_get(r->headers, r->n_headers, "x-amz-content-sha256");

	buf_reset(out);
	buf_adds(out, r->method);
	buf_addc(out, '\n');
	target_canonical_path(out, r->target);
	buf_addc(out, '\n');
	target_canonical_query(out, r->target);
	buf_addc(out, '\n');
	for (size_t i = 0; i < p->n_names; i++) {
		int n = 0;

		buf_add(out, p->names[i].p, p->names[i].len);
		for (size_t k = 0; k < r->n_headers; k++) {
			const struct header *h = &r->headers[k];

			if (strncasecmp(h->name, p->names[i].p, p->names[i].len) != 0 ||
			    h->name[p->names[i].len] != '\0')
				continue;
			buf_addc(out, n++ == 0 ? ':' : ',');
			canonical_value(out, h->value);
		}
		if (n == 0)
			return "SignatureDoesNotMatch";
		buf_addc(out, '\n');
	}
	buf_addc(out, '\n');
	buf_add(out, p->signed_headers.p, p->signed_headers.len);
	buf_addc(out, '\n');
	buf_adds(out, hash);
	return NULL;
}

/* kSigning = HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), "s3"), "aws4_request") */
static const struct hmac *
signing_key(struct auth_cache *cache, const struct auth_config *conf, size_t i, const char *day)
{
	struct hmac h;
	struct buf secret = {0};
	unsigned char sum[32];

	if (memcmp(cache->keys[i].day, day, 8) == 0)
		return &cache->keys[i].key;
	buf_adds(&secret, "AWS4");
	buf_adds(&secret, conf->credentials[i].secret);
	hmac_key(&h, secret.p, secret.len);
	buf_free(&secret);
	hmac_sum(&h, day, 8, sum);
	hmac_key(&h, sum, sizeof(sum));
	hmac_sum(&h, conf->region, strlen(conf->region), sum);
	hmac_key(&h, sum, sizeof(sum));
	hmac_sum(&h, "s3", 2, sum);
	hmac_key(&h, sum, sizeof(sum));
	hmac_sum(&h, "aws4_request", 12, sum);
	hmac_key(&cache->keys[i].key, sum, sizeof(sum));
	memcpy(cache->keys[i].day, day, 8);
	return &cache->keys[i].key;
}

static void
scope_put(struct buf *out, const struct parsed *p, const struct auth_config *conf)
{
	buf_add(out, p->day.p, 8);
	buf_addc(out, '/');
	buf_adds(out, conf->region);
	buf_adds(out, "/s3/aws4_request");
}

static const char *
check_signature(struct auth_result *res, const struct parsed *p, const struct auth_request *r,
    const struct auth_config *conf, struct auth_cache *cache, size_t cred)
{
	const struct hmac *key = signing_key(cache, conf, cred, p->date);
	struct buf *canonical = &cache->canonical, *to_sign = &cache->to_sign;
	unsigned char sum[32];
	char hex[65];
	const char *code = canonical_request(canonical, p, r);

	buf_reset(to_sign);
	buf_adds(to_sign, "AWS4-HMAC-SHA256\n");
	buf_add(to_sign, p->date, 16);
	buf_addc(to_sign, '\n');
	scope_put(to_sign, p, conf);
	buf_addc(to_sign, '\n');
	sha256_hex(hex, canonical->p, canonical->len);
	buf_add(to_sign, hex, 64);
	hmac_sum(key, to_sign->p, to_sign->len, sum);
	hex_put(res->signature, sum, sizeof(sum));
	if (code == NULL && CRYPTO_memcmp(res->signature, p->signature.p, 64) == 0) {
		if (res->payload == PAYLOAD_CHUNKS_SIGNED) {
			struct buf scope = {0};

			scope_put(&scope, p, conf);
			strncpy(res->scope, buf_str(&scope), sizeof(res->scope) - 1);
			buf_free(&scope);
			memcpy(res->date, p->date, 16);
			res->key = *key;
		}
		return NULL;
	}
	extra(res, "AWSAccessKeyId", p->id.p, p->id.len);
	extra(res, "StringToSign", to_sign->p, to_sign->len);
	extra(res, "SignatureProvided", p->signature.p, p->signature.len);
	extra(res, "CanonicalRequest", canonical->p, canonical->len);
	return "SignatureDoesNotMatch";
}

static const char *
check_token(const struct auth_request *r, const struct credential *c)
{
	const char *token = header_get(r->headers, r->n_headers, "x-amz-security-token");

	if (token == NULL)
		/* S3 does not know the id of a temporary key without its token */
		return c->token == NULL ? NULL : "InvalidAccessKeyId";
	return c->token != NULL && strcmp(token, c->token) == 0 ? NULL : "InvalidToken";
}

static const char *
check(struct auth_result *res, const struct auth_request *r, const struct auth_config *conf,
    struct auth_cache *cache)
{
	const char *value = header_get(r->headers, r->n_headers, "authorization");
	struct parsed p = {0};
	const char *code;
	size_t i;

	if (value == NULL) {
		if (target_param(r->target, "X-Amz-Algorithm") != NULL)
			return "NotImplemented";
		return conf->anonymous ? check_payload(res, r, 0) : "AccessDenied";
	}
	if ((code = parse_authorization(&p, value)) != NULL ||
	    (code = check_payload(res, r, 1)) != NULL ||
	    (code = check_scope(res, &p, conf)) != NULL)
		return code;
	for (i = 0; i < conf->n_credentials; i++)
		if (str_eq(p.id, conf->credentials[i].id))
			break;
	if (i == conf->n_credentials) {
		extra(res, "AWSAccessKeyId", p.id.p, p.id.len);
		return "InvalidAccessKeyId";
	}
	res->user = conf->credentials[i].id;
	if ((code = check_token(r, &conf->credentials[i])) != NULL ||
	    (code = check_date(res, &p, r)) != NULL || (code = check_signed(res, &p, r)) != NULL)
		return code;
	return check_signature(res, &p, r, conf, cache, i);
}

void
auth_check(struct auth_result *res, const struct auth_request *r, const struct auth_config *conf,
    struct auth_cache *cache)
{
	res->code = check(res, r, conf, cache);
}

void
auth_cache_init(struct auth_cache *c, const struct auth_config *conf)
{
	*c = (struct auth_cache){0};
	c->keys = xcalloc(conf->n_credentials, sizeof(c->keys[0]));
}

void
auth_cache_free(struct auth_cache *c)
{
	free(c->keys);
	buf_free(&c->canonical);
	buf_free(&c->to_sign);
}
