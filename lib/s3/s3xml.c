#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "base/num.h"
#include "base/uri.h"
#include "s3/s3xml.h"

enum {
	DEPTH_MAX = 32,	     /* S3's deepest answer has 5 */
	DOC_MAX = 256 << 20, /* bytes; far below what expat's int can count */
	SHOWN_MAX = 1200,    /* bytes of a key in a message */
};

/* What all readers begin with; expat's handlers get a pointer to it. */
struct reader {
	XML_Parser parser;
	unsigned depth;	   /* open elements */
	const char *fault; /* why it was stopped; NULL: it was not */
	int not_xml;	   /* the fault is expat's */
};

static void
stop(struct reader *r, const char *fault)
{
	if (r->fault == NULL)
		r->fault = fault;
	XML_StopParser(r->parser, XML_FALSE);
}

/* Expat may still call a handler after a stop; depth counts on all the same. */
static int
enter(struct reader *r)
{
	if (++r->depth > DEPTH_MAX)
		stop(r, "elements are nested too deep");
	return r->fault == NULL;
}

static void XMLCALL
on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
    int internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop(arg, "a document type declaration");
}

/* Runs the whole document past the handlers, which get r. 0, or -1 with r->fault. */
static int
read_document(struct reader *r, const char *doc, size_t len, XML_StartElementHandler start,
    XML_EndElementHandler end, XML_CharacterDataHandler text)
{
	if (len > DOC_MAX) {
		r->fault = "too long";
		return -1;
	}
	if ((r->parser = XML_ParserCreate("UTF-8")) == NULL)
		err_nomem();
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, start, end);
	XML_SetCharacterDataHandler(r->parser, text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	if (XML_Parse(r->parser, doc, (int)len, 1) != XML_STATUS_OK && r->fault == NULL) {
		if (XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY)
			err_nomem();
		r->fault = XML_ErrorString(XML_GetErrorCode(r->parser));
		r->not_xml = 1;
	}
	XML_ParserFree(r->parser);
	return r->fault == NULL ? 0 : -1;
}

/* --- listing --- */

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
	struct reader r;
	struct s3xml_page *page;
	struct s3xml_object *object; /* inside <Contents>; NULL elsewhere */
	enum field field;	     /* whose text is being taken; NONE: nobody's */
	unsigned depth;		     /* of that element */
	size_t from;		     /* where its text begins in page->text */
	unsigned seen;		     /* bits of the page's fields */
	unsigned object_seen;	     /* bits of the object's fields */
	int url_encoded;
	int is_marker; /* next_token is a NextMarker, which is a key */
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
	*l->object = (struct s3xml_object){.key = "", .etag = "", .mtime = "", .storage_class = ""};
	l->object_seen = 0;
}

static void XMLCALL
list_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct list_reader *l = arg;
	enum field field = NONE;

	(void)attributes;
	if (!enter(&l->r))
		return;
	if (l->r.depth == 1 && strcmp(name, "ListBucketResult") != 0)
		stop(&l->r, "it is no ListBucketResult");
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

static const char *
without_quotes(char *s, size_t len)
{
	if (len < 2 || s[0] != '"' || s[len - 1] != '"')
		return s;
	s[len - 1] = '\0';
	return s + 1;
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
	case LAST_MODIFIED: o->mtime = s; break;
	case ETAG: o->etag = without_quotes(s, len); break;
	case STORAGE_CLASS: o->storage_class = s; break;
	default:
		if (num_parse_n(s, len, 0, INT64_MAX, &o->size) == -1)
			stop(&l->r, "a Size that is no number");
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
			stop(&l->r, "IsTruncated is neither true nor false");
		break;
	case ENCODING_TYPE: l->url_encoded = strcmp(s, "url") == 0; break;
	default:
		if (*s == '\0') /* an empty one says that there is none */
			break;
		free(page->next_token);
		page->next_token = xstrdup(s);
		l->is_marker = l->field == NEXT_MARKER;
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
		if ((l->object_seen & (1u << KEY)) == 0 || (l->object_seen & (1u << SIZE)) == 0)
			stop(&l->r, "an object without Key or Size");
		l->object = NULL;
	}
	l->r.depth--;
}

/* Only now is it known whether they are encoded: EncodingType may stand behind the keys. */
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
			memcpy(in_text, plain.p, plain.len); /* never longer than it was */
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
	page->is_truncated = 0;
	free(page->next_token);
	page->next_token = NULL;
	buf_reset(&page->text);
	/*
	 * The objects point into text, so it must not move while it grows. It does not: a string
	 * and its NUL take less than the element they come from, as references and escapes are
	 * longer than what they stand for, and without a document type there are no others.
	 */
	if (len <= DOC_MAX)
		buf_room(&page->text, len + 1);
	if (read_document(&l.r, doc, len, list_start, list_end, list_text) == 0 &&
	    (l.seen & (1u << IS_TRUNCATED)) == 0)
		l.r.fault = "it does not say IsTruncated";
	if (l.r.fault != NULL) {
		page->n_objects = 0;
		return err_set(e, EXIT_FAILED, "listing answer: %s%s",
		    l.r.not_xml ? "broken XML: " : "", l.r.fault);
	}
	if (l.url_encoded &&
	    (decode_keys(page, e) == -1 ||
		(l.is_marker && page->next_token != NULL && decode_marker(page, e) == -1))) {
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

/* --- error --- */

struct error_reader {
	struct reader r;
	struct s3xml_error *x;
	char *to; /* where the text of the open element goes; NULL: nowhere */
	size_t room;
};

static void XMLCALL
error_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct error_reader *er = arg;
	struct s3xml_error *x = er->x;
	const struct {
		const char *name;
		char *to;
		size_t size;
	} fields[] = {
	    {"Code", x->code, sizeof(x->code)},
	    {"Message", x->message, sizeof(x->message)},
	    {"Region", x->region, sizeof(x->region)},
	    {"Endpoint", x->endpoint, sizeof(x->endpoint)},
	    {"StorageClass", x->storage_class, sizeof(x->storage_class)},
	};

	(void)attributes;
	if (!enter(&er->r))
		return;
	if (er->r.depth == 1 && strcmp(name, "Error") != 0)
		stop(&er->r, "it is no Error");
	er->to = NULL;
	if (er->r.depth != 2)
		return;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(name, fields[i].name) == 0) {
			er->to = fields[i].to;
			er->room = fields[i].size - 1;
			memset(er->to, 0, fields[i].size);
		}
	}
}

static void XMLCALL
error_text(void *arg, const XML_Char *s, int len)
{
	struct error_reader *er = arg;
	size_t n = (size_t)len;

	if (er->to == NULL)
		return;
	if (n > er->room)
		n = er->room;
	memcpy(er->to, s, n);
	er->to += n;
	er->room -= n;
}

static void XMLCALL
error_end(void *arg, const XML_Char *name)
{
	struct error_reader *er = arg;

	(void)name;
	er->to = NULL;
	er->r.depth--;
}

int
s3xml_error(struct s3xml_error *x, const char *doc, size_t len)
{
	struct error_reader er = {.x = x};

	*x = (struct s3xml_error){0};
	if (read_document(&er.r, doc, len, error_start, error_end, error_text) == 0)
		return 1;
	*x = (struct s3xml_error){0};
	return 0;
}

/* --- uploads --- */

enum {
	UPLOAD_KEY,
	UPLOAD_ID,
	UPLOAD_STORAGE_CLASS,
	UPLOAD_INITIATED,
	UPLOAD_ALGORITHM,
	UPLOAD_TYPE,
	UPLOAD_INITIATOR,
	UPLOAD_FIELDS
};

struct uploads_reader {
	struct reader r;
	void (*each)(void *arg, const struct s3xml_upload *u);
	void *arg;
	struct buf text[UPLOAD_FIELDS];
	struct buf *to; /* where the text of the open element goes; NULL: nowhere */
	int in_upload, in_initiator;
};

/* Where the text of the element goes that has been entered. */
static struct buf *
upload_field(struct uploads_reader *u, const char *name)
{
	static const char *const names[UPLOAD_INITIATOR] = {
	    "Key", "UploadId", "StorageClass", "Initiated", "ChecksumAlgorithm", "ChecksumType"};

	if (!u->in_upload)
		return NULL;
	if (u->r.depth == 4 && u->in_initiator && strcmp(name, "ID") == 0)
		return &u->text[UPLOAD_INITIATOR];
	for (int i = 0; u->r.depth == 3 && i < UPLOAD_INITIATOR; i++)
		if (strcmp(name, names[i]) == 0)
			return &u->text[i];
	return NULL;
}

static void XMLCALL
uploads_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct uploads_reader *u = arg;

	(void)attributes;
	if (!enter(&u->r))
		return;
	if (u->r.depth == 1 && strcmp(name, "ListMultipartUploadsResult") != 0)
		stop(&u->r, "it is no ListMultipartUploadsResult");
	if (u->r.depth == 2) {
		u->in_upload = strcmp(name, "Upload") == 0;
		for (int i = 0; i < UPLOAD_FIELDS; i++)
			buf_reset(&u->text[i]);
	}
	if (u->r.depth == 3)
		u->in_initiator = strcmp(name, "Initiator") == 0;
	if ((u->to = upload_field(u, name)) != NULL)
		buf_reset(u->to);
}

static void XMLCALL
uploads_text(void *arg, const XML_Char *s, int len)
{
	struct uploads_reader *u = arg;

	if (u->to != NULL)
		buf_add(u->to, s, (size_t)len);
}

static void XMLCALL
uploads_end(void *arg, const XML_Char *name)
{
	struct uploads_reader *u = arg;

	(void)name;
	u->to = NULL;
	if (u->r.fault == NULL && u->r.depth == 2 && u->in_upload) {
		const struct s3xml_upload upload = {
		    .key = buf_str(&u->text[UPLOAD_KEY]),
		    .id = buf_str(&u->text[UPLOAD_ID]),
		    .initiator = buf_str(&u->text[UPLOAD_INITIATOR]),
		    .storage_class = buf_str(&u->text[UPLOAD_STORAGE_CLASS]),
		    .initiated = buf_str(&u->text[UPLOAD_INITIATED]),
		    .checksum_algorithm = buf_str(&u->text[UPLOAD_ALGORITHM]),
		    .checksum_type = buf_str(&u->text[UPLOAD_TYPE]),
		};

		u->each(u->arg, &upload);
	}
	u->r.depth--;
}

int
s3xml_uploads(const char *doc, size_t len, void (*each)(void *arg, const struct s3xml_upload *u),
    void *arg, struct err *e)
{
	struct uploads_reader u = {.each = each, .arg = arg};
	int rc = read_document(&u.r, doc, len, uploads_start, uploads_end, uploads_text);

	for (int i = 0; i < UPLOAD_FIELDS; i++)
		buf_free(&u.text[i]);
	if (rc == -1)
		return err_set(e, EXIT_FAILED, "listing of uploads: %s%s",
		    u.r.not_xml ? "broken XML: " : "", u.r.fault);
	return 0;
}

/* --- one element's text --- */

struct text_reader {
	struct reader r;
	struct buf *out;
	const char *element;
	unsigned depth; /* of the element while it is open; 0: not yet, or no more */
	int found;
};

static void XMLCALL
text_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct text_reader *t = arg;

	(void)attributes;
	if (!enter(&t->r) || t->found || strcmp(name, t->element) != 0)
		return;
	t->found = 1;
	t->depth = t->r.depth;
}

static void XMLCALL
text_text(void *arg, const XML_Char *s, int len)
{
	struct text_reader *t = arg;

	if (t->depth != 0 && t->r.depth == t->depth)
		buf_add(t->out, s, (size_t)len);
}

static void XMLCALL
text_end(void *arg, const XML_Char *name)
{
	struct text_reader *t = arg;

	(void)name;
	if (t->r.depth == t->depth)
		t->depth = 0;
	t->r.depth--;
}

int
s3xml_text(struct buf *out, const char *doc, size_t len, const char *element)
{
	struct text_reader t = {.out = out, .element = element};
	const size_t before = out->len;

	if (read_document(&t.r, doc, len, text_start, text_end, text_text) == 0 && t.found)
		return 0;
	out->len = before;
	return -1;
}

void
s3xml_escape(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		switch (c) {
		case '&': buf_adds(out, "&amp;"); break;
		case '<': buf_adds(out, "&lt;"); break;
		case '>': buf_adds(out, "&gt;"); break;
		case '"': buf_adds(out, "&quot;"); break;
		default:
			if (c < 0x20 || c == 0x7f)
				buf_addf(out, "&#x%x;", (unsigned)c);
			else
				buf_addc(out, (char)c);
		}
	}
}
