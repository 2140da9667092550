/* UTF-8 by RFC 3629. Pure. */
#ifndef SHEAF_BASE_UTF8_H
#define SHEAF_BASE_UTF8_H

#include <stddef.h>

/*
 * The length, 1 to 4 bytes, of the character that the len bytes at s begin with; 0 when they
 * begin with none: len 0, a stray or missing continuation byte, an overlong form, a surrogate, a
 * number over U+10FFFF.
 */
size_t utf8_char(const char *s, size_t len);

#endif
