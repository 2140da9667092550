#include <stdint.h>

#include "base/utf8.h"
#include "csv/csv_name.h"

enum {
	BLANK = 1 << 0, /* at an end, or behind another */
	MARK = 1 << 1,
	NO_BREAK = 1 << 2,
	SPACE = 1 << 3,
	NO_WIDTH = 1 << 4,
	COMBINING = 1 << 5,
};

enum { SHOWN_MAX = 300 /* bytes of a name */ };

static const char *const explanations[] = {"a blank at an end, or two in a row",
    "U+FEFF is a byte order mark", "U+00A0 is a no-break space", "a space other than U+0020",
    "a character without width",
    "an accent or a part of a letter that is a character of its own (NFD instead of NFC)"};

/* In the order of their numbers. */
static const struct {
	uint32_t first, last;
	unsigned kind;
} unseen_ranges[] = {
    {0x00a0, 0x00a0, NO_BREAK},
    {0x00ad, 0x00ad, NO_WIDTH}, /* soft hyphen */
    {0x0300, 0x036f, COMBINING},
    {0x1100, 0x11ff, COMBINING}, /* parts of Hangul syllables */
    {0x1680, 0x1680, SPACE},
    {0x180b, 0x180f, NO_WIDTH},
    {0x1ab0, 0x1aff, COMBINING},
    {0x1dc0, 0x1dff, COMBINING},
    {0x2000, 0x200a, SPACE},
    {0x200b, 0x200f, NO_WIDTH},
    {0x2028, 0x202e, NO_WIDTH},
    {0x202f, 0x202f, SPACE},
    {0x205f, 0x205f, SPACE},
    {0x2060, 0x206f, NO_WIDTH},
    {0x20d0, 0x20ff, COMBINING},
    {0x2800, 0x2800, SPACE},
    {0x3000, 0x3000, SPACE},
    {0x3099, 0x309a, COMBINING}, /* voiced sound marks */
    {0x3164, 0x3164, SPACE},
    {0xfe00, 0xfe0f, NO_WIDTH}, /* variation selectors */
    {0xfe20, 0xfe2f, COMBINING},
    {0xfeff, 0xfeff, MARK},
    {0xffa0, 0xffa0, SPACE},
    {0xe0000, 0xe0fff, NO_WIDTH},
};

static uint32_t
code_point(const char *s, size_t n)
{
	static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)s[0] & first_bits[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

/* What kind of unseen character the one of n bytes at name + at is; 0 for one that is seen. */
static unsigned
unseen_kind(const char *name, size_t at, size_t n, size_t len)
{
	uint32_t c = code_point(name + at, n);

	if (c == ' ' || c == '\t')
		return at == 0 || at + n == len || name[at - 1] == ' ' || name[at - 1] == '\t'
		    ? BLANK
		    : 0;
	for (size_t i = 0; i < sizeof(unseen_ranges) / sizeof(unseen_ranges[0]); i++)
		if (c >= unseen_ranges[i].first && c <= unseen_ranges[i].last)
			return unseen_ranges[i].kind;
	return 0;
}

void
csv_name_show(struct buf *to, const char *name, size_t len, unsigned *unseen)
{
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		unsigned kind = 0;

		if (at >= SHOWN_MAX) {
			buf_adds(to, "...");
			return;
		}

		if ((n = utf8_char(name + at, len - at)) == 0)
			n = 1; /* no UTF-8: the log shows the byte as \xNN */
		else
			kind = unseen_kind(name, at, n, len);
		if (kind != 0)
			buf_addf(to, "<U+%04X>", (unsigned)code_point(name + at, n));
		else
			buf_add(to, name + at, n);
		*unseen |= kind;
	}
}

void
csv_name_explain(struct buf *to, unsigned unseen)
{
	const char *before = " (";

	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (unseen & 1U << i) {
			buf_adds(to, before);
			buf_adds(to, explanations[i]);
			before = "; ";
		}
	if (unseen != 0)
		buf_addc(to, ')');
}
