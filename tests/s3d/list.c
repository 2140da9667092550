/*
 * ListObjects and ListObjectsV2.
 */
#include <string.h>

#include "base/num.h"
#include "req.h"
#include "server.h"

enum { PAGE_MAX = 1000 };

struct listing {
	struct str prefix, delimiter, after; /* after: marker, start-after or what the token says */
	struct str token;		     /* as given; p NULL when not */
	struct str start_after;		     /* as given; p NULL when not */
	int after_prefix; /* after is a common prefix: keys that begin with it were listed */
	int url;	  /* encoding-type=url */
	uint64_t max_keys;
	char last[KEY_MAX]; /* the last thing listed, from which the next page continues */
	size_t last_len;
	int last_prefix;
	int truncated;
	uint64_t n;
	struct buf contents, prefixes; /* XML */
	char token_text[KEY_MAX + 1];
	size_t token_dots, next_dots; /* at the end of the token, and of the next one */
};

static struct str
param(const struct req *r, const char *name)
{
	const struct str *s = req_param(r, name);

	return s != NULL ? *s : (struct str){NULL, 0};
}

/* A token is "k" or "p" (the last was a key, a common prefix), the last in hex, and a dot for each
 * page without keys before it: no two pages in a row have the same token. */
static const char *
token_read(struct listing *l)
{
	size_t len;

	if (l->token.p == NULL)
		return NULL;
	while (l->token_dots < l->token.len && l->token.p[l->token.len - l->token_dots - 1] == '.')
		l->token_dots++;
	len = l->token.len - l->token_dots;
	if (len > 2 * KEY_MAX + 1 || len % 2 == 0)
		return "InvalidArgument";
	for (size_t i = 1; i < len; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *d = memchr(digits, l->token.p[i], 16);

		if (d == NULL)
			return "InvalidArgument";
		l->token_text[(i - 1) / 2] =
		    (char)((unsigned char)l->token_text[(i - 1) / 2] << 4 | (unsigned)(d - digits));
	}
	l->after = (struct str){l->token_text, len / 2};
	l->after_prefix = l->token.p[0] == 'p';
	return NULL;
}

static const char *
listing_parse(struct listing *l, const struct req *r)
{
	struct str max = param(r, "max-keys"), encoding = param(r, "encoding-type");

	l->prefix = param(r, "prefix");
	l->delimiter = param(r, "delimiter");
	l->max_keys = PAGE_MAX;
	if (max.p != NULL && num_parse_n(max.p, max.len, 0, INT32_MAX, &l->max_keys) == -1)
		return "InvalidArgument";
	if (l->max_keys > PAGE_MAX)
		l->max_keys = PAGE_MAX;
	if (encoding.p != NULL && !str_eq(encoding, "url"))
		return "InvalidArgument";
	l->url = encoding.p != NULL;
	if (r->op == OP_LIST_V1) {
		l->after = param(r, "marker");
	} else {
		l->start_after = l->after = param(r, "start-after");
		l->token = param(r, "continuation-token");
	}
	return token_read(l);
}

static void
escape(const struct listing *l, struct buf *out, struct str s)
{
	size_t start = out->len, end;

	if (!l->url) {
		xml_escape(out, s.p, s.len);
		return;
	}
	if (s.len == 0)
		return;
	uri_encode(out, s.p, s.len, 1);
	if (memchr(s.p, ' ', s.len) == NULL)
		return;
	/* S3 sends a space as '+' here, as a form does */
	end = start;
	for (size_t i = start; i < out->len; i++) {
		int space = out->len - i >= 3 && memcmp(out->p + i, "%20", 3) == 0;

		out->p[end++] = space ? '+' : out->p[i];
		i += space ? 2 : 0;
	}
	out->len = end;
}

static void
text(const struct listing *l, struct buf *out, const char *name, struct str s)
{
	buf_addf(out, "<%s>", name);
	escape(l, out, s);
	buf_addf(out, "</%s>", name);
}

static void
add_num(struct buf *out, uint64_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	buf_add(out, digits + i, sizeof(digits) - i);
}

/* A million of these lines a second: too many for printf. */
static void
add_contents(struct listing *l, const struct entry *e, int owner)
{
	static _Thread_local char date[32];
	static _Thread_local int64_t date_ms = -1;
	struct buf *b = &l->contents;

	if (date_ms != e->mtime_ms) {
		time_iso(date, e->mtime_ms);
		date_ms = e->mtime_ms;
	}
	buf_adds(b, "<Contents><Key>");
	escape(l, b, e->key);
	buf_adds(b, "</Key><LastModified>");
	buf_adds(b, date);
	buf_adds(b, "</LastModified><ETag>&quot;");
	buf_adds(b, e->etag);
	buf_adds(b, "&quot;</ETag><Size>");
	add_num(b, e->size);
	buf_adds(b, "</Size>");
	if (owner)
		buf_adds(b, "<Owner><ID>s3d</ID><DisplayName>s3d</DisplayName></Owner>");
	buf_adds(b, "<StorageClass>");
	buf_adds(b, e->storage_class);
	buf_adds(b, "</StorageClass></Contents>");
}

static int
begins(struct str s, struct str prefix)
{
	return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

/* Goes to the first key that does not begin with p. 0, or -1 when there can be none. */
static int
seek_past(struct cursor *c, struct str p)
{
	char next[KEY_MAX];
	size_t n = p.len < sizeof(next) ? p.len : sizeof(next);

	memcpy(next, p.p, n);
	while (n > 0 && (unsigned char)next[n - 1] == 0xff)
		n--;
	if (n == 0)
		return -1;
	next[n - 1]++;
	store_seek(c, (struct str){next, n}, 0);
	return 0;
}

static int
seek_start(struct listing *l, struct cursor *c)
{
	if (l->after_prefix && str_cmp(l->after, l->prefix) >= 0)
		return seek_past(c, l->after);
	if (l->after.len > 0 && str_cmp(l->after, l->prefix) >= 0)
		store_seek(c, l->after, 1);
	else
		store_seek(c, (struct str){l->prefix.len > 0 ? l->prefix.p : "", l->prefix.len}, 0);
	return 0;
}

/* The common prefix that key falls under, or len 0. */
static struct str
common_prefix(const struct listing *l, struct str key)
{
	const char *rest = key.p + l->prefix.len, *at;

	if (l->delimiter.len == 0)
		return (struct str){NULL, 0};
	at = memmem(rest, key.len - l->prefix.len, l->delimiter.p, l->delimiter.len);
	if (at == NULL)
		return (struct str){NULL, 0};
	return (struct str){key.p, (size_t)(at - key.p) + l->delimiter.len};
}

static void
walk(struct listing *l, struct cursor *c, int owner)
{
	const struct entry *e;

	if (l->max_keys == 0 || seek_start(l, c) == -1)
		return;
	while ((e = store_next(c)) != NULL && begins(e->key, l->prefix)) {
		struct str p = common_prefix(l, e->key), item = p.len > 0 ? p : e->key;

		/* a marker that is itself a common prefix: the keys under it were listed */
		if (p.len > 0 && p.len == l->after.len && begins(l->after, p)) {
			if (seek_past(c, l->after) == -1)
				return;
			continue;
		}
		if (l->n == l->max_keys) {
			l->truncated = 1;
			return;
		}
		l->n++;
		memcpy(l->last, item.p, item.len);
		l->last_len = item.len;
		l->last_prefix = p.len > 0;
		if (p.len == 0) {
			add_contents(l, e, owner);
			continue;
		}
		buf_adds(&l->prefixes, "<CommonPrefixes>");
		text(l, &l->prefixes, "Prefix", item);
		buf_adds(&l->prefixes, "</CommonPrefixes>");
		if (seek_past(c, (struct str){l->last, l->last_len}) == -1)
			return;
	}
}

static void
add_token(const struct listing *l, struct buf *b)
{
	char hex[2 * KEY_MAX + 1];

	hex_put(hex, (const unsigned char *)l->last, l->last_len);
	buf_addf(b, "<NextContinuationToken>%c%s", "kp"[l->last_prefix], hex);
	for (size_t i = 0; i < l->next_dots; i++)
		buf_addc(b, '.');
	buf_adds(b, "</NextContinuationToken>");
}

static void
answer_listing(struct req *r, struct listing *l)
{
	struct buf *b = answer_xml(r);
	struct str last = {l->last, l->last_len};

	buf_adds(b, "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	xml_element(b, "Name", r->bucket);
	text(l, b, "Prefix", l->prefix);
	if (r->op == OP_LIST_V1)
		text(l, b, "Marker", l->after);
	else
		buf_addf(b, "<KeyCount>%llu</KeyCount>", (unsigned long long)l->n);
	if (l->token.p != NULL)
		xml_element(b, "ContinuationToken", l->token);
	if (l->start_after.p != NULL)
		text(l, b, "StartAfter", l->start_after);
	buf_addf(b, "<MaxKeys>%llu</MaxKeys>", (unsigned long long)l->max_keys);
	if (l->delimiter.len > 0)
		text(l, b, "Delimiter", l->delimiter);
	if (l->url)
		buf_adds(b, "<EncodingType>url</EncodingType>");
	buf_addf(b, "<IsTruncated>%s</IsTruncated>", l->truncated ? "true" : "false");
	/* V1 gives NextMarker only where the client cannot know it: with a delimiter */
	if (l->truncated && r->op == OP_LIST_V1 && l->delimiter.len > 0)
		text(l, b, "NextMarker", last);
	if (l->truncated && r->op == OP_LIST_V2)
		add_token(l, b);
	buf_add(b, l->contents.p, l->contents.len);
	buf_add(b, l->prefixes.p, l->prefixes.len);
	buf_adds(b, "</ListBucketResult>");
}

/* Applies a fault to the listing. */
static void
listing_fault(struct req *r, struct listing *l)
{
	switch (r->fault.action) {
	case FAULT_EMPTY_LIST: l->truncated = 0; break;
	case FAULT_NO_KEYS:
		/* the next page begins where this one did */
		l->truncated = 1;
		l->last_len = l->after.len < sizeof(l->last) ? l->after.len : sizeof(l->last);
		if (l->last_len > 0)
			memcpy(l->last, l->after.p, l->last_len);
		l->last_prefix = l->after_prefix;
		l->next_dots = l->token_dots + 1;
		break;
	default: return;
	}
	buf_reset(&l->contents);
	buf_reset(&l->prefixes);
	l->n = 0;
}

void
op_list(struct req *r)
{
	struct store *s = &r->srv->store;
	struct listing l = {0};
	struct cursor c;
	const char *code = listing_parse(&l, r);
	int owner = r->op == OP_LIST_V1;

	if (code == NULL && r->fault.action == FAULT_IGNORE_AFTER && l.token.p == NULL)
		l.after = (struct str){NULL, 0};
	if (code == NULL)
		code = store_list_begin(s, &c, r->bucket);
	if (code != NULL) {
		answer_error(r, code, NULL);
		return;
	}
	walk(&l, &c, owner);
	store_list_end(s);
	listing_fault(r, &l);
	answer_listing(r, &l);
	buf_free(&l.contents);
	buf_free(&l.prefixes);
}
