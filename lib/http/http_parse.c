#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/num.h"
#include "http/http_parse.h"

enum state {
	STATUS_LINE,
	HEADERS,
	BODY,	  /* of known length */
	BODY_EOF, /* until the connection is closed */
	CHUNK_SIZE,
	CHUNK,
	CHUNK_END, /* the line end after a chunk */
	TRAILERS,
	OVER,
};

void
http_parse_begin(struct http_parse *h, int to_head)
{
	struct buf line = h->line;

	buf_reset(&line);
	*h = (struct http_parse){.state = STATUS_LINE, .no_body = to_head, .line = line};
}

void
http_parse_free(struct http_parse *h)
{
	buf_free(&h->line);
}

int
http_parse_in_body(const struct http_parse *h)
{
	return h->state > HEADERS;
}

int
http_parse_is_whole(const struct http_parse *h)
{
	return h->state == OVER && h->bad == NULL;
}

static enum http_event
bad(struct http_parse *h, const char *why)
{
	h->bad = why;
	h->close = 1;
	h->state = OVER;
	return HTTP_BAD;
}

/* Takes a line, without its end, from the bytes. 1, or 0: it is not complete yet; -1: too long. */
static int
take_line(struct http_parse *h, const char **p, size_t *n, const char **line, size_t *len)
{
	const char *end = memchr(*p, '\n', *n);
	size_t used = end != NULL ? (size_t)(end - *p) + 1 : *n;

	if (h->line_is_used) {
		buf_reset(&h->line);
		h->line_is_used = 0;
	}
	if (used > HTTP_HEAD_MAX - h->head_len)
		return -1;
	h->head_len += used;
	if (h->line.len > 0 || end == NULL)
		buf_add(&h->line, *p, used);
	*line = h->line.len > 0 ? h->line.p : *p;
	*len = (h->line.len > 0 ? h->line.len : used) - 1;
	*p += used;
	*n -= used;
	if (end == NULL)
		return 0;
	h->line_is_used = 1;
	if (*len > 0 && (*line)[*len - 1] == '\r')
		--*len;
	return 1;
}

/* "HTTP/1.1 200 OK" */
static int
status_line(struct http_parse *h, const char *s, size_t len)
{
	uint64_t version, status;

	if (len < 12 || memcmp(s, "HTTP/1.", 7) != 0 || s[8] != ' ' || (len > 12 && s[12] != ' ') ||
	    num_parse_n(s + 7, 1, 0, 9, &version) == -1 ||
	    num_parse_n(s + 9, 3, 100, 999, &status) == -1 || status == 101 ||
	    !ascii_is_text(s, len))
		return -1;
	h->status = (int)status;
	h->version = (int)version;
	h->close = version == 0;
	h->chunked = h->has_length = 0;
	h->left = 0;
	return 0;
}

static int
is_name(const char *s, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(s, name, len) == 0;
}

/* 1 if word is in the comma-separated list. */
static int
has_word(const char *s, size_t len, const char *word)
{
	while (len > 0) {
		const char *comma = memchr(s, ',', len);
		size_t n = comma != NULL ? (size_t)(comma - s) : len, skip = n < len ? n + 1 : n;

		while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
			n--;
		if (is_name(s, n, word))
			return 1;
		s += skip;
		len -= skip;
		while (len > 0 && (*s == ' ' || *s == '\t')) {
			s++;
			len--;
		}
	}
	return 0;
}

/* Splits a line, which a line end follows, into name and value. NULL, or what is wrong. */
static const char *
split(struct http_field *f, const char *line, size_t len)
{
	f->name = line;
	f->name_len = ascii_token_len(line);
	if (f->name_len == 0 || line[f->name_len] != ':')
		return *line == ' ' || *line == '\t' ? "a folded header line" /* RFC 9112, 5.2 */
						     : "a header line without a name";
	f->value = line + f->name_len + 1;
	f->value_len = len - f->name_len - 1;
	while (f->value_len > 0 && (*f->value == ' ' || *f->value == '\t')) {
		f->value++;
		f->value_len--;
	}
	while (f->value_len > 0 &&
	    (f->value[f->value_len - 1] == ' ' || f->value[f->value_len - 1] == '\t'))
		f->value_len--;
	if (!ascii_is_text(f->value, f->value_len))
		return "a header with a control character";
	return NULL;
}

/* Notes what a header says about the end of the body (RFC 9112, 6.3). NULL, or what is wrong. */
static const char *
framing(struct http_parse *h, const struct http_field *f)
{
	uint64_t length;

	if (http_field_is(f, "content-length", 14)) {
		if (num_parse_n(f->value, f->value_len, 0, INT64_MAX, &length) == -1 ||
		    (h->has_length && length != h->left))
			return "an impossible Content-Length";
		h->has_length = 1;
		h->left = length;
	} else if (http_field_is(f, "transfer-encoding", 17)) {
		if (h->chunked || !is_name(f->value, f->value_len, "chunked"))
			return "an unknown Transfer-Encoding";
		h->chunked = 1;
	} else if (http_field_is(f, "connection", 10)) {
		if (has_word(f->value, f->value_len, "close"))
			h->close = 1;
		else if (h->version == 0 && has_word(f->value, f->value_len, "keep-alive"))
			h->close = 0;
	}
	return NULL;
}

/* After the empty line that ends the head. NULL, or what is wrong. */
static const char *
head_ended(struct http_parse *h)
{
	if (h->status < 200) {
		h->state = STATUS_LINE;
		return ++h->interim > HTTP_INTERIM_MAX ? "too many interim answers" : NULL;
	}
	h->head_len = 0;
	if (h->no_body || h->status == 204 || h->status == 304) {
		h->state = OVER;
	} else if (h->chunked) {
		h->state = CHUNK_SIZE;
		/* RFC 9112, 6.1: such framing is not to be trusted for a second answer */
		h->close |= h->has_length || h->version == 0;
	} else if (h->has_length) {
		h->state = h->left > 0 ? BODY : OVER;
	} else {
		h->state = BODY_EOF;
		h->close = 1;
	}
	return NULL;
}

/* Hexadecimal, with optional extensions after a semicolon (RFC 9112, 7.1). */
static int
chunk_size(struct http_parse *h, const char *s, size_t len)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < len; i++) {
		int c = (unsigned char)s[i], digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			digit = (c | 32) - 'a' + 10;
		else
			break;
		if (n > INT64_MAX >> 4)
			return -1;
		n = n << 4 | (uint64_t)digit;
	}
	if (i == 0 || (i < len && s[i] != ';' && s[i] != ' ' && s[i] != '\t'))
		return -1;
	h->left = n;
	return 0;
}

/* A line between the pieces of a chunked body. NULL, or what is wrong. */
static const char *
chunk_line(struct http_parse *h, const char *s, size_t len)
{
	switch (h->state) {
	case CHUNK_SIZE:
		if (chunk_size(h, s, len) == -1)
			return "a chunk without its size";
		h->state = h->left > 0 ? CHUNK : TRAILERS;
		break;
	case CHUNK_END:
		if (len > 0)
			return "a chunk that does not end where it should";
		h->state = CHUNK_SIZE;
		h->head_len = 0;
		break;
	default: /* TRAILERS */
		if (len == 0)
			h->state = OVER;
	}
	return NULL;
}

/* HTTP_MORE: nothing for the caller. */
static enum http_event
head_line(struct http_parse *h, const char *s, size_t len)
{
	const char *why;

	if (h->state == STATUS_LINE) {
		if (status_line(h, s, len) == -1)
			return bad(h, "no HTTP status line");
		h->state = HEADERS;
		return h->status >= 200 ? HTTP_STATUS : HTTP_MORE;
	}
	if (len == 0) {
		why = head_ended(h);
		return why != NULL ? bad(h, why) : HTTP_MORE;
	}
	if ((why = split(&h->field, s, len)) != NULL || (why = framing(h, &h->field)) != NULL)
		return bad(h, why);
	return h->status >= 200 ? HTTP_HEADER : HTTP_MORE;
}

static enum http_event
body_piece(struct http_parse *h, const char **p, size_t *n, const char **out, size_t *out_len)
{
	*out = *p;
	*out_len = h->state == BODY_EOF || h->left > *n ? *n : (size_t)h->left;
	*p += *out_len;
	*n -= *out_len;
	if (h->state != BODY_EOF && (h->left -= *out_len) == 0)
		h->state = h->state == CHUNK ? CHUNK_END : OVER;
	return HTTP_BODY;
}

/* Recognises what is not HTTP by its first bytes, as it may never have a line end. */
static int
begins_wrong(struct http_parse *h, const char *p, size_t n)
{
	static const char begin[] = "HTTP/1.";
	size_t have = h->line_is_used ? 0 : h->line.len, len = sizeof(begin) - 1;

	if (have >= len)
		return 0;
	len -= have;
	return memcmp(p, begin + have, n < len ? n : len) != 0;
}

enum http_event
http_parse_next(struct http_parse *h, const char **p, size_t *n, const char **out, size_t *out_len)
{
	enum http_event event;
	const char *why, *line;
	size_t len;
	int rc;

	for (;;) {
		if (h->state == OVER)
			return HTTP_END;
		if (*n == 0)
			return HTTP_MORE;
		h->began = 1;
		if (h->state == BODY || h->state == BODY_EOF || h->state == CHUNK)
			return body_piece(h, p, n, out, out_len);
		if (h->state == STATUS_LINE && begins_wrong(h, *p, *n))
			return bad(h, "no HTTP status line");
		if ((rc = take_line(h, p, n, &line, &len)) == -1)
			return bad(h, "a head longer than 64 KiB");
		if (rc == 0)
			return HTTP_MORE;
		if (h->state > HEADERS) {
			if ((why = chunk_line(h, line, len)) != NULL)
				return bad(h, why);
		} else if ((event = head_line(h, line, len)) != HTTP_MORE) {
			return event;
		}
	}
}

void
http_parse_untake(struct http_parse *h, size_t len)
{
	if (h->state == BODY_EOF)
		return;
	h->left += len;
	if (h->state == CHUNK_END)
		h->state = CHUNK;
	else if (h->state == OVER)
		h->state = BODY;
}

enum http_event
http_parse_eof(struct http_parse *h)
{
	if (h->state == BODY_EOF) {
		h->state = OVER;
		return HTTP_END;
	}
	return bad(h, "the connection ended inside the answer");
}
