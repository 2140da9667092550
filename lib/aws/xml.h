/*
 * Reading the XML that AWS's services answer with, on expat. A document type declaration is
 * refused: AWS never sends one, and entities are how XML explodes. Pure.
 */
#ifndef SHEAF_AWS_XML_H
#define SHEAF_AWS_XML_H

#include <stddef.h>

#include <expat.h>

#include "base/buf.h"

enum { XML_DOC_MAX = 256 << 20 }; /* bytes; far below what expat's int can count */

/* The first member of every reader: expat's handlers get a pointer to it. */
struct xml_reader {
	XML_Parser parser;
	unsigned depth;	   /* open elements */
	const char *fault; /* why reading stopped early; NULL: it did not */
	int not_xml;	   /* the fault is expat's */
};

/*
 * Runs a whole document past the handlers. 0, or -1 with r->fault set. A start handler begins with
 * xml_enter; an end handler decrements r->depth.
 */
int xml_read(struct xml_reader *r, const char *doc, size_t len, XML_StartElementHandler start,
    XML_EndElementHandler end, XML_CharacterDataHandler text);

/* An element opens. 1, or 0 if reading has stopped: expat may still call handlers after that. */
int xml_enter(struct xml_reader *r);

/* Stops reading; the first fault counts. */
void xml_stop(struct xml_reader *r, const char *fault);

/* Appends the text of the first element of that name, at any depth ("UploadId", "ETag"). 0, or -1
 * if there is none or the document is not XML; out is unchanged then. */
int xml_text(struct buf *out, const char *doc, size_t len, const char *element);

/* Appends s with & < > " and control characters escaped. */
void xml_escape(struct buf *out, const char *s, size_t len);

#endif
