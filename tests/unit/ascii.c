/* lib/base/ascii: every byte at every place of texts of every length up to 50, against ctype. */
#include <ctype.h>

#include "base/ascii.h"
#include "tap.h"

enum { LEN_MAX = 50 };

static int
is_token_char(int c)
{
	return c < 0x80 && c != 0 && (isalnum(c) || strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

int
main(void)
{
	int text = 1, visible = 1, token = 1;
	char s[LEN_MAX];

	OK(ascii_is_text("", 0) && ascii_is_visible("", 0) && ascii_token_len("") == 0,
	    "nothing: text, visible, no token");
	for (size_t len = 1; len <= LEN_MAX; len++) {
		memset(s, 'x', sizeof(s));
		for (size_t at = 0; at < LEN_MAX; at++) {
			for (int c = 0; c < 256; c++) {
				int in = at < len; /* a byte behind the text does not count */

				s[at] = (char)c;
				text &= ascii_is_text(s, len) ==
				    (!in || c == '\t' || (c >= 0x20 && c != 0x7f));
				visible &=
				    ascii_is_visible(s, len) == (!in || (c > 0x20 && c < 0x7f));
			}
			s[at] = 'x';
		}
	}
	for (int c = 0; c < 256; c++) {
		char pair[] = {'x', (char)c, '\0'};

		token &= ascii_token_len(pair) == (is_token_char(c) ? 2 : 1);
	}
	OK(text, "text");
	OK(visible, "visible characters");
	OK(token, "tokens");
	return tap_done();
}
