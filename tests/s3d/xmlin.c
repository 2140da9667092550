#include "xmlin.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

struct state {
	XML_Parser parser;
	struct xml_delete *del; /* one of the two */
	struct xml_complete *parts;
	int depth, in_item, bad;
	struct buf text; /* of the element being read */
};

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct state *s = arg;

	(void)attributes;
	buf_reset(&s->text);
	s->depth++;
	if (s->depth == 1)
		s->bad |= strcmp(name, s->del != NULL ? "Delete" : "CompleteMultipartUpload") != 0;
	if (s->depth != 2 || strcmp(name, s->del != NULL ? "Object" : "Part") != 0)
		return;
	s->in_item = 1;
	if (s->parts != NULL) {
		struct xml_complete *c = s->parts;

		if (c->n == c->cap) {
			c->cap = c->cap != 0 ? 2 * c->cap : 16;
			c->claims = xrealloc(c->claims, c->cap * sizeof(c->claims[0]));
		}
		c->claims[c->n++] = (struct claim){0};
	}
}

static void
end_delete(struct state *s, const char *name)
{
	struct xml_delete *d = s->del;

	if (s->depth == 2 && strcmp(name, "Quiet") == 0)
		d->quiet = strcmp(buf_str(&s->text), "true") == 0;
	if (s->depth != 3 || !s->in_item || strcmp(name, "Key") != 0)
		return;
	if (d->n == d->cap) {
		d->cap = d->cap != 0 ? 2 * d->cap : 16;
		d->keys = xrealloc(d->keys, d->cap * sizeof(d->keys[0]));
	}
	d->keys[d->n].off = d->text.len;
	d->keys[d->n++].len = s->text.len;
	buf_add(&d->text, s->text.p, s->text.len);
}

static void
copy(char *out, size_t size, struct buf *text)
{
	const char *p = buf_str(text);
	size_t n = text->len;

	/* an ETag comes with or without its quotes */
	if (n > 1 && p[0] == '"' && p[n - 1] == '"') {
		p++;
		n -= 2;
	}
	if (n > size - 1)
		n = size - 1;
	memcpy(out, p, n);
	out[n] = '\0';
}

static void
end_part(struct state *s, const char *name)
{
	struct claim *c;
	uint64_t n;

	if (s->depth != 3 || !s->in_item)
		return;
	c = &s->parts->claims[s->parts->n - 1];
	if (strcmp(name, "PartNumber") == 0) {
		if (num_parse(buf_str(&s->text), 1, PARTS_MAX, &n) == -1)
			s->bad = 1;
		else
			c->number = (unsigned)n;
	} else if (strcmp(name, "ETag") == 0) {
		copy(c->etag, sizeof(c->etag), &s->text);
	} else if (strncmp(name, "Checksum", 8) == 0) {
		copy(c->sum, sizeof(c->sum), &s->text);
	}
}

static void
on_end(void *arg, const XML_Char *name)
{
	struct state *s = arg;

	if (s->del != NULL)
		end_delete(s, name);
	else
		end_part(s, name);
	if (s->depth == 2)
		s->in_item = 0;
	s->depth--;
	buf_reset(&s->text);
}

static void
on_text(void *arg, const XML_Char *p, int n)
{
	struct state *s = arg;

	buf_add(&s->text, p, (size_t)n);
}

static void
on_doctype(void *arg, const XML_Char *name, const XML_Char *sys, const XML_Char *pub, int internal)
{
	struct state *s = arg;

	(void)name;
	(void)sys;
	(void)pub;
	(void)internal;
	s->bad = 1;
	XML_StopParser(s->parser, XML_FALSE);
}

static int
parse(struct state *s, const char *p, size_t n)
{
	int ok;

	s->parser = XML_ParserCreate(NULL);
	if (s->parser == NULL || n > INT32_MAX) {
		XML_ParserFree(s->parser);
		return -1;
	}
	XML_SetUserData(s->parser, s);
	XML_SetElementHandler(s->parser, on_start, on_end);
	XML_SetCharacterDataHandler(s->parser, on_text);
	XML_SetStartDoctypeDeclHandler(s->parser, on_doctype);
	ok = XML_Parse(s->parser, p != NULL ? p : "", (int)n, 1) == XML_STATUS_OK && !s->bad;
	XML_ParserFree(s->parser);
	buf_free(&s->text);
	return ok ? 0 : -1;
}

int
xml_delete_parse(struct xml_delete *d, const char *p, size_t n)
{
	struct state s = {.del = d};

	return parse(&s, p, n) == 0 && d->n > 0 ? 0 : -1;
}

void
xml_delete_free(struct xml_delete *d)
{
	free(d->keys);
	buf_free(&d->text);
}

int
xml_complete_parse(struct xml_complete *c, const char *p, size_t n)
{
	struct state s = {.parts = c};

	if (parse(&s, p, n) == -1 || c->n == 0 || c->n > PARTS_MAX)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		if (c->claims[i].number == 0 || c->claims[i].etag[0] == '\0')
			return -1;
	return 0;
}

void
xml_complete_free(struct xml_complete *c)
{
	free(c->claims);
}
