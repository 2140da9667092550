#include "base/printable.h"
#include "base/utf8.h"

int
printable_is(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n == 1)
		return u[0] >= 0x20 && u[0] != 0x7f;
	if (n == 2)
		return (u[0] != 0xc2 || u[1] >= 0xa0) && (u[0] != 0xd8 || u[1] != 0x9c);
	if (n == 3 && u[0] == 0xe2 && u[1] == 0x80)
		return u[2] != 0x8e && u[2] != 0x8f && (u[2] < 0xa8 || u[2] > 0xae);
	if (n == 3 && u[0] == 0xe2 && u[1] == 0x81)
		return u[2] < 0xa6 || u[2] > 0xa9;
	return n != 0;
}

void
printable_add(struct buf *out, const char *s, size_t len)
{
	while (len > 0) {
		size_t n = utf8_char(s, len);

		if (printable_is(s, n)) {
			buf_add(out, s, n);
		} else {
			if (n == 0)
				n = 1;
			for (size_t i = 0; i < n; i++)
				buf_addf(out, "\\x%02x", (unsigned)(unsigned char)s[i]);
		}
		s += n;
		len -= n;
	}
}
