#include "base/printable.h"
#include "base/utf8.h"

/* C0 and C1 controls, line and paragraph separators, bidirectional controls. */
static int
is_unsafe(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n == 1)
		return u[0] < 0x20 || u[0] == 0x7f;
	if (n == 2)
		return u[0] == 0xc2 && u[1] < 0xa0;
	if (n == 3 && u[0] == 0xe2)
		return (u[1] == 0x80 && u[2] >= 0xa8 && u[2] <= 0xae) || /* U+2028 to U+202E */
		    (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9);	 /* U+2066 to U+2069 */
	return 0;
}

void
printable_add(struct buf *out, const char *s, size_t len)
{
	while (len > 0) {
		size_t n = utf8_char(s, len);

		if (n != 0 && !is_unsafe(s, n)) {
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
