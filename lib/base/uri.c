#include <stdlib.h>
#include <string.h>

#include "base/uri.h"

enum {
	BUCKET_MAX = 255,
	SHOWN_MAX =
	    1200, /* bytes of a URI in a message, so that the cause after it is not cut off */
};

static int
is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == '.' || c == '~';
}

static int
is_bucket_char(unsigned char c)
{
	return is_unreserved(c) && c != '~';
}

static int
ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(s + len - n, end, n) == 0;
}

static int
has(const char *s, size_t len, const char *part)
{
	return memmem(s, len, part, strlen(part)) != NULL;
}

static const char *
bucket_fault(const char *s, size_t len)
{
	if (len == 0)
		return "no bucket name";
	if ((len >= 4 && memcmp(s, "arn:", 4) == 0 && has(s, len, ":s3-outposts:")) ||
	    ends_with(s, len, "--op-s3"))
		return "S3 on Outposts is not supported";
	if (len >= 4 && memcmp(s, "arn:", 4) == 0 && has(s, len, ":s3-object-lambda:"))
		return "Object Lambda access point ARNs are not supported; their alias is";
	if (len >= 4 && memcmp(s, "arn:", 4) == 0)
		return "access point ARNs are not supported; an access point's alias is";
	if (ends_with(s, len, "--x-s3") || ends_with(s, len, "--xa-s3"))
		return "S3 Express directory buckets are not supported";
	if (len > BUCKET_MAX)
		return "the bucket name is longer than 255 bytes";
	for (size_t i = 0; i < len; i++) {
		if (!is_bucket_char((unsigned char)s[i]))
			return "a bucket name is made of letters, digits, '.', '_' and '-'";
		if (s[i] == '.' && (i + 1 < len ? s[i + 1] == '.' : len == 1))
			return "a bucket name is not '.' and has no '..'";
	}
	return NULL;
}

int
uri_parse(const char *s, size_t len, struct uri *u, struct err *e)
{
	static const char scheme[] = "s3://";
	const size_t skip = sizeof(scheme) - 1;
	const char *bucket, *slash, *key, *end = s + len, *fault = NULL;
	size_t bucket_len = 0;

	*u = (struct uri){0};
	bucket = key = end;
	if (len < skip || memcmp(s, scheme, skip) != 0) {
		fault = "not an s3:// URI";
	} else if (memchr(s, '\0', len) != NULL) {
		fault = "a NUL byte in a URI";
	} else {
		bucket = s + skip;
		slash = memchr(bucket, '/', len - skip);
		bucket_len = (size_t)((slash != NULL ? slash : end) - bucket);
		key = slash != NULL ? slash + 1 : end;
		fault = bucket_fault(bucket, bucket_len);
		if (fault == NULL && end - key > S3_KEY_MAX)
			fault = "the key is longer than 1024 bytes";
	}
	if (fault != NULL)
		return err_set(e, EXIT_USAGE, "%.*s%s: %s",
		    (int)(len < SHOWN_MAX ? len : SHOWN_MAX), s, len > SHOWN_MAX ? "..." : "",
		    fault);
	u->bucket = xstrndup(bucket, bucket_len);
	u->key = xstrndup(key, (size_t)(end - key));
	return 0;
}

void
uri_free(struct uri *u)
{
	if (u == NULL)
		return;
	free(u->bucket);
	free(u->key);
	*u = (struct uri){0};
}

void
uri_encode(struct buf *out, const char *s, size_t len, int keep_slash)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = buf_room(out, 3 * len);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (is_unreserved(c) || (c == '/' && keep_slash)) {
			*p++ = (char)c;
		} else {
			*p++ = '%';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	out->len = (size_t)(p - out->p);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
uri_decode(struct buf *out, const char *s, size_t len, int plus_is_space, struct err *e)
{
	const size_t before = out->len;
	char *p = buf_room(out, len);

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (s[i] != '%') {
			*p++ = s[i] == '+' && plus_is_space ? ' ' : s[i];
			continue;
		}
		if (len - i < 3 || (high = hex_value(s[i + 1])) == -1 ||
		    (low = hex_value(s[i + 2])) == -1) {
			out->len = before;
			return err_set(e, EXIT_FAILED, "%.*s%s: broken percent-encoding",
			    (int)(len < SHOWN_MAX ? len : SHOWN_MAX), s,
			    len > SHOWN_MAX ? "..." : "");
		}
		*p++ = (char)(high << 4 | low);
		i += 2;
	}
	out->len = (size_t)(p - out->p);
	return 0;
}
