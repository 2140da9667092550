/*
 * Lines of the report's text: a label, then text or pieces of text, in a fixed number of columns.
 * Text from outside is escaped, so that no terminal obeys any of it.
 */
#ifndef SHEAF_REPORT_TEXT_LINE_H
#define SHEAF_REPORT_TEXT_LINE_H

#include <stddef.h>

#include "base/buf.h"

enum {
	TEXT_LINE_WIDTH = 80,  /* columns */
	TEXT_LINE_INDENT = 11, /* columns of a label */
};

/* Begins a line; "" continues the one above. */
void text_line_label(struct buf *out, const char *label);

/* Appends text in at most width columns. Of longer text the middle is dropped: the end of a key
 * says as much as its beginning, and a cause may follow it. */
void text_line_shown(struct buf *out, const char *text, size_t width);

/* The same on up to three lines, of which the first has only so many columns left. */
void text_line_wrapped(struct buf *out, const char *text, size_t first);

/* Appends a piece, ASCII, to the line at hand, or on a line of its own where it does not fit. The
 * piece is emptied. */
void text_line_piece(struct buf *out, struct buf *piece);

#endif
