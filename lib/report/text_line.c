#include <string.h>

#include "base/printable.h"
#include "base/utf8.h"
#include "report/text_line.h"

enum {
	LINES = 3, /* of wrapped text */
	WORD = 16, /* a line may end this many columns early, between words */
};

/* The columns that a character takes. Not wcwidth(), which knows only ASCII in the locale C. */
static size_t
columns(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n == 4)
		return u[1] >= 0x9f ? 2 : 1; /* U+1F000: emoji; U+20000: ideographs */
	if (n < 3)
		return 1;
	/* Hangul jamo, CJK to Yi, Hangul, compatibility ideographs, full width forms */
	return (u[0] == 0xe1 && u[1] >= 0x84 && u[1] <= 0x85) || (u[0] == 0xe2 && u[1] >= 0xba) ||
		(u[0] >= 0xe3 && u[0] <= 0xed) || (u[0] == 0xef && u[1] >= 0xa4 && u[1] <= 0xbd)
	    ? 2
	    : 1;
}

/* The columns that a text takes; stops once there are more than max. */
static size_t
width_of(const char *s, size_t len, size_t max)
{
	size_t col = 0;

	for (size_t i = 0, n; i < len && col <= max; i += n) {
		n = utf8_char(s + i, len - i);
		col += columns(s + i, n);
	}
	return col;
}

/* The bytes at the beginning of s that fit into width columns. */
static size_t
fitting(const char *s, size_t len, size_t width)
{
	size_t i = 0, n;

	for (; i < len; i += n) {
		size_t w;

		n = utf8_char(s + i, len - i);
		w = columns(s + i, n);
		if (w > width)
			break;
		width -= w;
	}
	return i;
}

void
text_line_label(struct buf *out, const char *label)
{
	buf_addf(out, "  %-*s", TEXT_LINE_INDENT - 2, label);
}

void
text_line_shown(struct buf *out, const char *text, size_t width)
{
	struct buf shown = {0};
	size_t front, back, tail = (width - 1) / 2;

	printable_add(&shown, text, strlen(text));
	if (width_of(buf_str(&shown), shown.len, width) <= width) {
		buf_add(out, shown.p, shown.len);
		buf_free(&shown);
		return;
	}
	front = back = fitting(shown.p, shown.len, width - 1 - tail);
	while (width_of(shown.p + back, shown.len - back, tail) > tail)
		back += utf8_char(shown.p + back, shown.len - back);
	buf_add(out, shown.p, front);
	buf_adds(out, "…");
	buf_add(out, shown.p + back, shown.len - back);
	buf_free(&shown);
}

void
text_line_wrapped(struct buf *out, const char *text, size_t first)
{
	struct buf shown = {0};
	size_t width = first, at = 0;

	text_line_shown(&shown, text,
	    first + (size_t)(LINES - 1) * (TEXT_LINE_WIDTH - TEXT_LINE_INDENT - WORD));
	while (at < shown.len) {
		size_t n = fitting(shown.p + at, shown.len - at, width), word = n;

		/* between words, where one ends near the end of the line */
		while (
		    at + n < shown.len && word + WORD > n && word > 0 && shown.p[at + word] != ' ')
			word--;
		if (at + n < shown.len && word > 0 && shown.p[at + word] == ' ')
			n = word;
		buf_add(out, shown.p + at, n);
		at += n;
		at += at < shown.len && shown.p[at] == ' ';
		if (at < shown.len)
			buf_addf(out, "\n%*s", TEXT_LINE_INDENT, "");
		width = TEXT_LINE_WIDTH - TEXT_LINE_INDENT;
	}
	buf_free(&shown);
}

void
text_line_piece(struct buf *out, struct buf *piece)
{
	size_t line = out->len;

	while (line > 0 && out->p[line - 1] != '\n')
		line--;
	if (out->len - line + piece->len > TEXT_LINE_WIDTH) {
		buf_addc(out, '\n');
		text_line_label(out, "");
		while (piece->len > 0 && strchr(" ,;", piece->p[0]) != NULL)
			memmove(piece->p, piece->p + 1, --piece->len);
	}
	buf_add(out, piece->p, piece->len);
	buf_reset(piece);
}
