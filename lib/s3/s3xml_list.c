#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "base/iso_time.h"
#include "base/num.h"
#include "base/uri.h"
#include "s3/s3_etag.h"
#include "s3/s3xml_list.h"

enum { SHOWN_MAX = 1200 }; /* bytes of a key in a message */

enum field {
	NONE,
	/* of an object */
	KEY,
	LAST_MODIFIED,
	ETAG,
	SIZE,
	STORAGE_CLASS,
	/* of the page */
	CONTENTS,
	IS_TRUNCATED,
	NEXT_TOKEN,
	NEXT_MARKER,
	ENCODING_TYPE,
};

struct name {
	const char *name;
	enum field field;
};

static const struct name object_names[] = {
    {"Key", KEY},
    {"LastModified", LAST_MODIFIED},
    {"ETag", ETAG},
    {"Size", SIZE},
    {"StorageClass", STORAGE_CLASS},
    {NULL, NONE},
};

static const struct name page_names[] = {
    {"Contents", CONTENTS},
    {"IsTruncated", IS_TRUNCATED},
    {"NextContinuationToken", NEXT_TOKEN},
    {"NextMarker", NEXT_MARKER},
    {"EncodingType", ENCODING_TYPE},
    {NULL, NONE},
};

struct list_reader {
	struct xml_reader r;
	struct s3xml_page *page;
	struct s3xml_object *object; /* inside <Contents>; NULL elsewhere */
	enum field field;	     /* whose text is being read; NONE: no field's */
	unsigned depth;		     /* of that element */
	size_t from;		     /* where its text begins in page->text */
	unsigned seen;		     /* bits of the page's fields */
	unsigned object_seen;	     /* bits of the object's fields */
	int url_encoded;
};

static enum field
field_of(const struct name *names, const char *name)
{
	while (names->name != NULL && strcmp(names->name, name) != 0)
		names++;
	return names->field;
}

static void
begin_object(struct list_reader *l)
{
	struct s3xml_page *page = l->page;

	if (page->n_objects == page->cap_objects) {
		page->cap_objects = page->cap_objects != 0 ? page->cap_objects * 2 : 1024;
		page->objects = xrealloc(page->objects, page->cap_objects * sizeof(*page->objects));
	}
	l->object = &page->objects[page->n_objects++];
	*l->object = (struct s3xml_object){
	    .key = "", .size = S3XML_NO_SIZE, .etag = "", .mtime = "", .storage_class = ""};
	l->object_seen = 0;
}

static void XMLCALL
list_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct list_reader *l = arg;
	enum field field = NONE;

	(void)attributes;
	if (!xml_enter(&l->r))
		return;
	if (l->r.depth == 1 && strcmp(name, "ListBucketResult") != 0)
		xml_stop(&l->r, "it is no ListBucketResult");
	else if (l->r.depth == 2)
		field = field_of(page_names, name);
	else if (l->r.depth == 3 && l->object != NULL)
		field = field_of(object_names, name);
	if (field == CONTENTS) {
		begin_object(l);
	} else if (field != NONE) {
		l->field = field;
		l->depth = l->r.depth;
		l->from = l->page->text.len;
	}
}

static void XMLCALL
list_text(void *arg, const XML_Char *s, int len)
{
	struct list_reader *l = arg;

	if (l->field != NONE && l->r.depth == l->depth)
		buf_add(&l->page->text, s, (size_t)len);
}

/* The opaque tag of the len bytes at s, which are followed by a NUL. */
static const char *
opaque_tag(char *s, size_t len)
{
	size_t tag_len = len;
	const char *tag = s3_etag_opaque(s, &tag_len);

	s[(size_t)(tag - s) + tag_len] = '\0';
	return tag;
}

/* A time in another form than "2026-11-23T13:45:00.000Z", such as one with a zone, is written in
 * this one. What is not a time stays, to be refused by whoever uses it. */
static const char *
normal_time(char *s, size_t len)
{
	char text[ISO_TIME_LEN + 1];
	int64_t t;

	if (iso_time_is_plain(s, len))
		return s;
	if (len < ISO_TIME_LEN || iso_time_parse(s, &t) == -1)
		return s;
	iso_time_format(t, text);
	memcpy(s, text, sizeof(text));
	return s;
}

static void
take_object_field(struct list_reader *l, char *s, size_t len)
{
	struct s3xml_object *o = l->object;

	l->object_seen |= 1u << l->field;
	switch (l->field) {
	case KEY:
		o->key = s;
		o->key_len = len;
		break;
	case LAST_MODIFIED: o->mtime = normal_time(s, len); break;
	case ETAG: o->etag = opaque_tag(s, len); break;
	case STORAGE_CLASS: o->storage_class = s; break;
	default:
		if (num_parse_n(s, len, 0, INT64_MAX, &o->size) == -1)
			o->size = S3XML_NO_SIZE; /* an error that names the key, if it is needed */
		l->page->text.len = l->from;
		break;
	}
}

static void
take_page_field(struct list_reader *l, char *s)
{
	struct s3xml_page *page = l->page;

	l->seen |= 1u << l->field;
	switch (l->field) {
	case IS_TRUNCATED:
		page->is_truncated = strcmp(s, "true") == 0;
		if (!page->is_truncated && strcmp(s, "false") != 0)
			xml_stop(&l->r, "IsTruncated is neither true nor false");
		break;
	case ENCODING_TYPE: l->url_encoded = strcmp(s, "url") == 0; break;
	default:
		if (*s == '\0') /* an empty one counts as absent */
			break;
		if (l->field == NEXT_MARKER && page->next_token != NULL && !page->next_is_key)
			break; /* the token is meant for us */
		free(page->next_token);
		page->next_token = xstrdup(s);
		page->next_is_key = l->field == NEXT_MARKER;
		break;
	}
	page->text.len = l->from;
}

static void XMLCALL
list_end(void *arg, const XML_Char *name)
{
	struct list_reader *l = arg;
	struct buf *text = &l->page->text;

	(void)name;
	if (l->r.fault != NULL)
		return;
	if (l->field != NONE && l->r.depth == l->depth) {
		size_t len = text->len - l->from;

		buf_addc(text, '\0');
		if (l->object != NULL)
			take_object_field(l, text->p + l->from, len);
		else
			take_page_field(l, text->p + l->from);
		l->field = NONE;
	} else if (l->r.depth == 2 && l->object != NULL) {
		if ((l->object_seen & (1u << KEY)) == 0)
			xml_stop(&l->r, "an object without Key");
		l->object = NULL;
	}
	l->r.depth--;
}

/* Done last, as EncodingType may follow the keys. */
static int
decode_keys(struct s3xml_page *page, struct err *e)
{
	struct buf plain = {0};

	for (size_t i = 0; i < page->n_objects; i++) {
		struct s3xml_object *o = &page->objects[i];
		char *in_text = page->text.p + (o->key - page->text.p);

		buf_reset(&plain);
		if (uri_decode(&plain, o->key, o->key_len, 1, NULL) == -1) {
			err_set(e, EXIT_FAILED,
			    "listing answer: key '%.*s': broken percent-encoding", SHOWN_MAX,
			    o->key);
			buf_free(&plain);
			return -1;
		}
		if (plain.len > 0)
			memcpy(in_text, plain.p, plain.len); /* never longer than encoded */
		in_text[plain.len] = '\0';
		o->key_len = plain.len;
	}
	buf_free(&plain);
	return 0;
}

static int
decode_marker(struct s3xml_page *page, struct err *e)
{
	struct buf plain = {0};

	if (uri_decode(&plain, page->next_token, strlen(page->next_token), 1, NULL) == -1) {
		buf_free(&plain);
		return err_set(e, EXIT_FAILED,
		    "listing answer: NextMarker '%.*s': broken percent-encoding", SHOWN_MAX,
		    page->next_token);
	}
	buf_str(&plain);
	free(page->next_token);
	page->next_token = plain.p;
	return 0;
}

int
s3xml_list(struct s3xml_page *page, const char *doc, size_t len, struct err *e)
{
	struct list_reader l = {.page = page};

	page->n_objects = 0;
	page->is_truncated = page->next_is_key = 0;
	free(page->next_token);
	page->next_token = NULL;
	buf_reset(&page->text);
	/*
	 * The objects point into text, so it must not move while it grows. It does not: a string
	 * and its NUL take less than their element, as references are longer than the characters
	 * they stand for, and without a document type there are no other entities.
	 */
	if (len <= XML_DOC_MAX)
		buf_room(&page->text, len + 1);
	if (xml_read(&l.r, doc, len, list_start, list_end, list_text) == 0 &&
	    (l.seen & (1u << IS_TRUNCATED)) == 0)
		l.r.fault = "it does not say IsTruncated";
	if (l.r.fault != NULL) {
		page->n_objects = 0;
		return err_set(e, EXIT_FAILED, "listing answer: %s%s",
		    l.r.not_xml ? "broken XML: " : "", l.r.fault);
	}
	if (l.url_encoded &&
	    (decode_keys(page, e) == -1 || (page->next_is_key && decode_marker(page, e) == -1))) {
		page->n_objects = 0;
		return -1;
	}
	return 0;
}

void
s3xml_page_free(struct s3xml_page *page)
{
	if (page == NULL)
		return;
	free(page->objects);
	free(page->next_token);
	buf_free(&page->text);
	*page = (struct s3xml_page){0};
}
