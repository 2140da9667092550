/*
 * lib/http/http_parse: any bytes, at once and in small pieces, to a GET and to a HEAD: the same
 * headers, the same body. Names are tokens, values have no control characters and no blanks around
 * them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct got {
	struct buf lines, body;
	enum http_event last;
	int close, status;
};

static void
check_field(const struct http_field *f)
{
	for (size_t i = 0; i < f->name_len; i++)
		if (f->name[i] <= ' ' || f->name[i] == ':' || f->name[i] == '/')
			abort();
	for (size_t i = 0; i < f->value_len; i++) {
		int c = (unsigned char)f->value[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			abort();
	}
	if (f->name_len == 0 ||
	    (f->value_len > 0 &&
		(*f->value == ' ' || *f->value == '\t' || f->value[f->value_len - 1] == ' ' ||
		    f->value[f->value_len - 1] == '\t')))
		abort();
}

static void
read_all(struct got *g, const char *text, size_t n, size_t step, int to_head)
{
	struct http_parse h = {0};
	const char *out, *p = text;
	size_t have = 0, out_len, total = 0;

	http_parse_begin(&h, to_head);
	for (g->last = HTTP_MORE; g->last != HTTP_END && g->last != HTTP_BAD;) {
		if (have == 0 && g->last == HTTP_MORE) {
			if (n == 0)
				break;
			have = n < step ? n : step;
			n -= have;
		}
		g->last = http_parse_next(&h, &p, &have, &out, &out_len);
		if (g->last == HTTP_STATUS) {
			if (h.status < 200 || h.status > 999 || g->lines.len > 0)
				abort();
			buf_addf(&g->lines, "%d\n", h.status);
		} else if (g->last == HTTP_HEADER) {
			check_field(&h.field);
			buf_add(&g->lines, h.field.name, h.field.name_len);
			buf_addc(&g->lines, ':');
			buf_add(&g->lines, h.field.value, h.field.value_len);
			buf_addc(&g->lines, '\n');
		} else if (g->last == HTTP_BODY) {
			if (out + out_len != p || out_len == 0)
				abort();
			buf_add(&g->body, out, out_len);
			total += out_len;
		} else if (g->last == HTTP_MORE && have > 0) {
			abort();
		}
	}
	if ((g->last == HTTP_BAD) != (h.bad != NULL) || (to_head && total > 0))
		abort();
	g->close = h.close;
	g->status = h.status;
	http_parse_free(&h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = {1, 7, SIZE_MAX};
	struct got g[3] = {0};

	for (int to_head = 0; to_head < 2; to_head++) {
		for (size_t i = 0; i < 3; i++) {
			buf_reset(&g[i].lines);
			buf_reset(&g[i].body);
			read_all(&g[i], (const char *)data, size, steps[i], to_head);
			if (g[i].last != g[0].last || g[i].close != g[0].close ||
			    g[i].status != g[0].status || g[i].lines.len != g[0].lines.len ||
			    g[i].body.len != g[0].body.len ||
			    (g[i].lines.len > 0 &&
				memcmp(g[i].lines.p, g[0].lines.p, g[0].lines.len) != 0) ||
			    (g[i].body.len > 0 &&
				memcmp(g[i].body.p, g[0].body.p, g[0].body.len) != 0))
				abort();
		}
	}
	for (size_t i = 0; i < 3; i++) {
		buf_free(&g[i].lines);
		buf_free(&g[i].body);
	}
	return 0;
}
