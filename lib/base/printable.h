/*
 * Text from outside (keys, messages) made safe for a terminal: control characters, characters that
 * change the direction of the text, and bytes that are not UTF-8 become \xNN.
 */
#ifndef SHEAF_BASE_PRINTABLE_H
#define SHEAF_BASE_PRINTABLE_H

#include "base/buf.h"

/*
 * Whether the character of n bytes at s is safe as it is; n is what utf8_char returned, 0 for none.
 * Unsafe are C0 and C1 controls, DEL, the line and paragraph separators (U+2028, U+2029) and what
 * controls the direction of text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069).
 */
int printable_is(const char *s, size_t n);

/* Appends the len bytes at s, made safe. */
void printable_add(struct buf *out, const char *s, size_t len);

#endif
