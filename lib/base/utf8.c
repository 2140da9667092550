#include "base/utf8.h"

size_t
utf8_char(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */
	size_t n;

	if (len == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (len < n)
		return 0;
	switch (u[0]) {
	case 0xe0: /* below are overlong forms */ low = 0xa0; break;
	case 0xed: /* above are surrogates */ high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: /* above is beyond U+10FFFF */ high = 0x8f; break;
	}
	if (u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	return n;
}
