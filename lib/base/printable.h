/*
 * Text from outside (keys, messages) made safe for a terminal: control characters, characters that
 * change the direction of the text, and bytes that are not UTF-8 become \xNN.
 */
#ifndef SHEAF_BASE_PRINTABLE_H
#define SHEAF_BASE_PRINTABLE_H

#include "base/buf.h"

/* Appends the len bytes at s, made safe. */
void printable_add(struct buf *out, const char *s, size_t len);

#endif
