#include <string.h>

#include "base/json.h"
#include "base/printable.h"
#include "base/utf8.h"

/* A character of 2 or 3 bytes. */
static void
add_escape(struct buf *out, const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n == 2)
		buf_addf(out, "\\u%04x", (u[0] & 0x1fU) << 6 | (u[1] & 0x3fU));
	else
		buf_addf(
		    out, "\\u%04x", (u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU));
}

void
json_quote(struct buf *out, const char *s, size_t len)
{
	/* pairs: the character, its letter */
	static const char brief[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	buf_addc(out, '"');
	while (len > 0) {
		size_t n = utf8_char(s, len);
		const char *b;

		if (n == 0) {
			buf_adds(out, "\xef\xbf\xbd");
			n = 1;
		} else if (printable_is(s, n) && *s != '"' && *s != '\\') {
			buf_add(out, s, n);
		} else if (n > 1) {
			add_escape(out, s, n);
		} else {
			for (b = brief; *b != '\0' && *b != *s; b += 2)
				;
			if (*b != '\0')
				buf_addf(out, "\\%c", b[1]);
			else
				buf_addf(out, "\\u%04x", (unsigned)(unsigned char)*s);
		}
		s += n;
		len -= n;
	}
	buf_addc(out, '"');
}

void
json_name(struct buf *out, const char *name)
{
	json_quote(out, name, strlen(name));
	buf_addc(out, ':');
}

void
json_text(struct buf *out, const char *text)
{
	if (text != NULL)
		json_quote(out, text, strlen(text));
	else
		buf_adds(out, "null");
	buf_addc(out, ',');
}

void
json_text_member(struct buf *out, const char *name, const char *text)
{
	json_name(out, name);
	json_text(out, text);
}

void
json_bytes_member(struct buf *out, const char *name, const char *s, size_t len)
{
	json_name(out, name);
	json_quote(out, s, len);
	buf_addc(out, ',');
}

void
json_u64_member(struct buf *out, const char *name, uint64_t value)
{
	json_name(out, name);
	buf_addu(out, value);
	buf_addc(out, ',');
}

void
json_number_member(struct buf *out, const char *name, double value)
{
	json_name(out, name);
	buf_addf(out, "%.15g,", value);
}

void
json_raw_member(struct buf *out, const char *name, const char *json)
{
	json_name(out, name);
	buf_adds(out, json);
	buf_addc(out, ',');
}

static void
drop_comma(struct buf *out)
{
	if (out->len > 0 && out->p[out->len - 1] == ',')
		out->len--;
}

void
json_end(struct buf *out, const char *closing)
{
	drop_comma(out);
	buf_adds(out, closing);
	buf_addc(out, ',');
}

void
json_end_line(struct buf *out)
{
	drop_comma(out);
	buf_adds(out, "}\n");
}
