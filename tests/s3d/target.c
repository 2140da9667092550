#include "target.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

static int
unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == '.' || c == '~';
}

void
uri_encode(struct buf *out, const char *p, size_t n, int keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";
	char *d = buf_room(out, 3 * n);
	char *start = d;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (unreserved(c) || (c == '/' && keep_slash)) {
			*d++ = (char)c;
			continue;
		}
		*d++ = '%';
		*d++ = digits[c >> 4];
		*d++ = digits[c & 15];
	}
	out->len += (size_t)(d - start);
}

/* Decodes into d, adds a NUL and returns the place after it, or NULL for a broken escape. */
static char *
decode(char *d, const char *p, size_t n, int plus_is_space, struct str *out)
{
	out->p = d;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '%') {
			int hi, lo;

			if (n - i < 3 || (hi = hex_digit(p[i + 1])) == -1 ||
			    (lo = hex_digit(p[i + 2])) == -1)
				return NULL;
			*d++ = (char)(hi << 4 | lo);
			i += 2;
		} else {
			*d++ = p[i] == '+' && plus_is_space ? ' ' : p[i];
		}
	}
	out->len = (size_t)(d - out->p);
	*d++ = '\0';
	return d;
}

int
target_parse(struct target *t, const char *raw)
{
	size_t path_len = strcspn(raw, "?"), len = strlen(raw);
	const char *q = raw + path_len;
	char *d;

	t->n_params = 0;
	t->bucket = t->key = (struct str){"", 0};
	t->vhost = 0;
	buf_reset(&t->text);
	/* decoding only shrinks, but each string gets a NUL */
	d = buf_room(&t->text, len + 2 + (size_t)2 * PARAMS_MAX);
	if (raw[0] != '/' || (d = decode(d, raw, path_len, 0, &t->path)) == NULL)
		return -1;
	while (*q != '\0') {
		size_t n = strcspn(++q, "&"), name = strcspn(q, "=&");
		struct param *p = &t->params[t->n_params];

		if (n == 0)
			continue;
		if (t->n_params++ == PARAMS_MAX)
			return -1;
		if ((d = decode(d, q, name, 1, &p->name)) == NULL)
			return -1;
		if (name < n)
			name++;
		if ((d = decode(d, q + name, n - name, 1, &p->value)) == NULL)
			return -1;
		q += n;
	}
	return 0;
}

void
target_address(struct target *t, const char *host, const char *const *domains, size_t n_domains)
{
	size_t host_len = strcspn(host, ":");
	char *slash;

	for (size_t i = 0; i < n_domains; i++) {
		size_t n = strlen(domains[i]);

		if (host_len < n + 2 || host[host_len - n - 1] != '.' ||
		    strncasecmp(host + host_len - n, domains[i], n) != 0)
			continue;
		t->bucket = (struct str){host, host_len - n - 1};
		t->key = (struct str){t->path.p + 1, t->path.len - 1};
		t->vhost = 1;
		return;
	}
	t->bucket = (struct str){t->path.p + 1, t->path.len - 1};
	slash = memchr(t->bucket.p, '/', t->bucket.len);
	if (slash == NULL)
		return;
	t->key = (struct str){slash + 1, t->bucket.len - (size_t)(slash + 1 - t->bucket.p)};
	t->bucket.len = (size_t)(slash - t->bucket.p);
}

void
target_free(struct target *t)
{
	buf_free(&t->text);
}

const struct str *
target_param(const struct target *t, const char *name)
{
	for (size_t i = 0; i < t->n_params; i++)
		if (str_eq(t->params[i].name, name))
			return &t->params[i].value;
	return NULL;
}

void
target_canonical_path(struct buf *out, const struct target *t)
{
	uri_encode(out, t->path.p, t->path.len, 1);
}

struct encoded {
	const char *p;
	size_t name_len, value_len; /* the value follows the name directly */
};

static int
encoded_cmp(const void *va, const void *vb)
{
	const struct encoded *a = va, *b = vb;
	int c = str_cmp((struct str){a->p, a->name_len}, (struct str){b->p, b->name_len});

	return c != 0 ? c
		      : str_cmp((struct str){a->p + a->name_len, a->value_len},
			    (struct str){b->p + b->name_len, b->value_len});
}

void
target_canonical_query(struct buf *out, const struct target *t)
{
	struct encoded e[PARAMS_MAX];
	struct buf tmp = {0};

	if (t->n_params == 0)
		return;
	buf_room(&tmp, 6 * t->text.cap);
	for (size_t i = 0; i < t->n_params; i++) {
		size_t start = tmp.len;

		uri_encode(&tmp, t->params[i].name.p, t->params[i].name.len, 0);
		e[i].name_len = tmp.len - start;
		uri_encode(&tmp, t->params[i].value.p, t->params[i].value.len, 0);
		e[i].value_len = tmp.len - start - e[i].name_len;
		e[i].p = tmp.p + start;
	}
	qsort(e, t->n_params, sizeof(e[0]), encoded_cmp);
	for (size_t i = 0; i < t->n_params; i++) {
		if (i > 0)
			buf_addc(out, '&');
		buf_add(out, e[i].p, e[i].name_len);
		buf_addc(out, '=');
		buf_add(out, e[i].p + e[i].name_len, e[i].value_len);
	}
	buf_free(&tmp);
}

int
str_eq(struct str a, const char *b)
{
	return strlen(b) == a.len && (a.len == 0 || memcmp(a.p, b, a.len) == 0);
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

int
utf8_valid(const char *p, size_t n)
{
	const unsigned char *s = (const unsigned char *)p, *end = s + n;

	while (s < end) {
		unsigned char c = *s++;
		unsigned lo = 0x80, hi = 0xbf;
		int more;

		if (c < 0x80)
			continue;
		if (c < 0xc2 || c > 0xf4)
			return 0;
		more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		/* no overlong form, no surrogate, nothing above U+10FFFF */
		if (c == 0xe0)
			lo = 0xa0;
		else if (c == 0xed)
			hi = 0x9f;
		else if (c == 0xf0)
			lo = 0x90;
		else if (c == 0xf4)
			hi = 0x8f;
		for (; more > 0; more--, lo = 0x80, hi = 0xbf)
			if (s == end || *s < lo || *s++ > hi)
				return 0;
	}
	return 1;
}
