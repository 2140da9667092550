/*
 * Text from outside (keys, messages) for a terminal: control characters, what turns the direction
 * of the text around, and bytes that are no UTF-8 become \xNN, so that nothing of it is obeyed.
 */
#ifndef SHEAF_BASE_PRINTABLE_H
#define SHEAF_BASE_PRINTABLE_H

#include "base/buf.h"

void printable_add(struct buf *out, const char *s, size_t len);

#endif
