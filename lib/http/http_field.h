/* One header of an HTTP message, as parsed: the name is a token (RFC 9110, 5.1), the value has no
 * control character but tabs and no blanks around it. Neither ends with a NUL. */
#ifndef SHEAF_HTTP_HTTP_FIELD_H
#define SHEAF_HTTP_HTTP_FIELD_H

#include <stddef.h>
#include <strings.h>

struct http_field {
	const char *name, *value;
	size_t name_len, value_len;
};

/* 1 if the name is this one, whatever the case. */
static inline int
http_field_is(const struct http_field *f, const char *name, size_t len)
{
	return f->name_len == len && strncasecmp(f->name, name, len) == 0;
}

#endif
