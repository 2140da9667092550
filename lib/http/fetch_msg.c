#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/printable.h"
#include "http/fetch_msg.h"

enum { NAME_SHOWN = 64 };

/* Notes the first header that cannot be sent. */
static void
refuse(struct fetch_msg *m, const char *name, const char *why)
{
	if (m->bad != NULL)
		return;
	m->bad = why;
	printable_add(&m->bad_name, name, strnlen(name, NAME_SHOWN));
	buf_str(&m->bad_name);
}

void
fetch_msg_header(struct fetch_msg *m, const char *name, const char *value)
{
	size_t name_len = ascii_token_len(name), len = strlen(value);
	char *to;

	if (m->n_headers == FETCH_MSG_HEADERS_MAX) {
		refuse(m, name, "is one too many");
	} else if (name_len > FETCH_MSG_LEN_MAX || len > FETCH_MSG_LEN_MAX) {
		refuse(m, name, "is too long");
	} else if (name_len == 0 || name[name_len] != '\0') {
		refuse(m, name, "has a name that is not a token");
	} else if (!ascii_is_text(value, len)) {
		refuse(m, name, "has a control character");
	} else {
		to = buf_room(&m->headers, name_len + len + 4);
		memcpy(to, name, name_len);
		memcpy(to + name_len, ": ", 2);
		memcpy(to + name_len + 2, value, len);
		memcpy(to + name_len + 2 + len, "\r\n", 2);
		m->headers.len += name_len + len + 4;
		m->n_headers++;
	}
}

/* Host and port, without what a URL divides by. */
static int
is_authority(const char *s, size_t n)
{
	return n > 0 && ascii_is_visible(s, n) && strcspn(s, "/?#@\\\"<>^`{|}") == n;
}

int
fetch_msg_check(struct fetch_msg *m, char *why, size_t why_len)
{
	const char *origin = buf_str(&m->origin);
	const struct buf *t = &m->target;
	size_t scheme = 0;

	if (strncmp(origin, "https://", 8) == 0)
		scheme = 8;
	else if (strncmp(origin, "http://", 7) == 0)
		scheme = 7;
	if (m->bad != NULL)
		snprintf(why, why_len, "the header %s %s", m->bad_name.p, m->bad);
	else if (*m->method == '\0' || m->method[ascii_token_len(m->method)] != '\0')
		snprintf(why, why_len, "the method is not a token");
	else if (scheme == 0 || !is_authority(origin + scheme, m->origin.len - scheme))
		snprintf(why, why_len, "the host has a character that hosts do not have");
	else if (t->len == 0 || *t->p != '/' || !ascii_is_visible(t->p, t->len) ||
	    memchr(t->p, '#', t->len) != NULL)
		snprintf(why, why_len, "the path has a character that paths do not have");
	else if (m->origin.len + t->len + m->headers.len > FETCH_MSG_LEN_MAX)
		snprintf(why, why_len, "its head is longer than %d bytes", FETCH_MSG_LEN_MAX);
	else
		return 0;
	return -1;
}

void
fetch_msg_reset(struct fetch_msg *m)
{
	buf_reset(&m->origin);
	buf_reset(&m->target);
	buf_reset(&m->headers);
	buf_reset(&m->bad_name);
	*m = (struct fetch_msg){.origin = m->origin,
	    .target = m->target,
	    .headers = m->headers,
	    .bad_name = m->bad_name};
}

void
fetch_msg_free(struct fetch_msg *m)
{
	buf_free(&m->origin);
	buf_free(&m->target);
	buf_wipe(&m->headers);
	buf_free(&m->bad_name);
}
