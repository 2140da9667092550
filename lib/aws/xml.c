#include "aws/xml.h"
#include "base/err.h"

enum { DEPTH_MAX = 32 }; /* the deepest answer of S3 has 5 */

void
xml_stop(struct xml_reader *r, const char *fault)
{
	if (r->fault == NULL)
		r->fault = fault;
	XML_StopParser(r->parser, XML_FALSE);
}

int
xml_enter(struct xml_reader *r)
{
	if (++r->depth > DEPTH_MAX)
		xml_stop(r, "elements are nested too deep");
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
	xml_stop(arg, "a document type declaration");
}

int
xml_read(struct xml_reader *r, const char *doc, size_t len, XML_StartElementHandler start,
    XML_EndElementHandler end, XML_CharacterDataHandler text)
{
	if (len > XML_DOC_MAX) {
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

/* --- the text of one element --- */

struct text_reader {
	struct xml_reader r;
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
	if (!xml_enter(&t->r) || t->found || strcmp(name, t->element) != 0)
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
xml_text(struct buf *out, const char *doc, size_t len, const char *element)
{
	struct text_reader t = {.out = out, .element = element};
	const size_t before = out->len;

	if (xml_read(&t.r, doc, len, text_start, text_end, text_text) == 0 && t.found)
		return 0;
	out->len = before;
	return -1;
}

void
xml_escape(struct buf *out, const char *s, size_t len)
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
