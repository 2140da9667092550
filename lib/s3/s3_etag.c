#include <string.h>

#include "base/ascii.h"
#include "s3/s3_etag.h"

const char *
s3_etag_opaque(const char *s, size_t *len)
{
	if (*len >= 4 && memcmp(s, "W/\"", 3) == 0 && s[*len - 1] == '"') {
		s += 2;
		*len -= 2;
	}
	if (*len >= 2 && s[0] == '"' && s[*len - 1] == '"') {
		s++;
		*len -= 2;
	}
	return s;
}

int
s3_etag_is_valid(const char *s, size_t len)
{
	return len < S3_ETAG_LEN && ascii_is_visible(s, len) && memchr(s, '"', len) == NULL;
}

int
s3_etag_looks_like_md5(const char *tag)
{
	return strlen(tag) == 32 && strspn(tag, "0123456789abcdef") == 32;
}

int
s3_etag_read(char tag[S3_ETAG_LEN], const char *s, size_t len)
{
	s = s3_etag_opaque(s, &len);
	tag[0] = '\0';
	if (!s3_etag_is_valid(s, len))
		return -1;
	memcpy(tag, s, len);
	tag[len] = '\0';
	return 0;
}
