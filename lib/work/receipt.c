#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sums/crc32c.h"
#include "work/receipt.h"

enum {
	FILE_MAX = 65 << 20, /* bytes; it holds the header, see summary.c */
	TEXT_MAX = 2048,     /* bytes of a URI, an ETag */
	MEMBERS_MAX = 1000,  /* s3put writes about a dozen */
};

static void
lacks(struct receipt *r, const char *name)
{
	if (r->lacks == NULL)
		r->lacks = name;
}

static uint64_t
get_number(struct receipt *r, const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	if (json_is_integer(v) && json_integer_value(v) >= 0)
		return (uint64_t)json_integer_value(v);
	lacks(r, name);
	return 0;
}

static char *
get_text(struct receipt *r, const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	if (s != NULL && strlen(s) <= TEXT_MAX)
		return xstrdup(s);
	lacks(r, name);
	return NULL;
}

/* Whether there is one. */
static int
get_crc32c(struct receipt *r, const json_t *o, const char *name, uint32_t *crc)
{
	const char *s = json_string_value(json_object_get(o, name));

	if (s != NULL && crc32c_parse(s, crc) == 0)
		return 1;
	lacks(r, name);
	return 0;
}

/* Whether JSON has few values, so that parsing it takes little more memory than its text. */
static int
has_few_values(const struct buf *text)
{
	int in_string = 0, n = 0;

	for (size_t i = 0; i < text->len && n <= MEMBERS_MAX; i++) {
		char c = text->p[i];

		if (c == '"')
			in_string = !in_string;
		else if (c == '\\' && in_string)
			i++;
		else if (!in_string && (c == ',' || c == '[' || c == '{'))
			n++;
	}
	return n <= MEMBERS_MAX;
}

int
receipt_load(struct receipt *r, const struct work_folder *w, const char *name, struct err *e)
{
	struct buf text = {0};
	json_t *o = NULL;
	int rc;

	*r = (struct receipt){0};
	if ((rc = work_folder_read(w, name, FILE_MAX, &text, e)) != 1) {
		buf_free(&text);
		return rc;
	}
	if (has_few_values(&text))
		o = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
	buf_free(&text);
	if (!json_is_object(o)) {
		err_set(e, EXIT_FAILED, "%s/%s: not a receipt: not a JSON object", w->path, name);
		json_decref(o);
		return -1;
	}
	r->uri = get_text(r, o, "uri");
	r->etag = get_text(r, o, "etag");
	r->bytes = get_number(r, o, "bytes");
	r->has_crc32c = get_crc32c(r, o, "crc32c", &r->crc32c);
	r->objects = get_number(r, o, "objects");
	r->rows = get_number(r, o, "rows");
	r->header_bytes = get_number(r, o, "header_bytes");
	(void)get_crc32c(r, o, "header_crc32c", &r->header_crc32c);
	json_decref(o);
	return 1;
}

void
receipt_free(struct receipt *r)
{
	free(r->uri);
	free(r->etag);
	*r = (struct receipt){0};
}
