/* Which characters text consists of, sixteen bytes at a time. Pure. */
#ifndef SHEAF_BASE_ASCII_H
#define SHEAF_BASE_ASCII_H

#include <stddef.h>

/* 1 if the only control character (0x00 to 0x1f, 0x7f) is the tab; bytes above ASCII are fine. */
int ascii_is_text(const char *s, size_t n);

/* 1 if all bytes are visible ASCII, 0x21 to 0x7e. */
int ascii_is_visible(const char *s, size_t n);

/* The length of the token (RFC 9110, 5.6.2) that s begins with: of letters, digits and
 * !#$%&'*+-.^_`|~. Some other byte must follow it, a NUL or a line end, say. */
extern const unsigned char ascii_token_bytes[256];
static inline size_t
ascii_token_len(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	while (ascii_token_bytes[*p])
		p++;
	return (size_t)(p - (const unsigned char *)s);
}

#endif
