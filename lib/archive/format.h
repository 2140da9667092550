/*
 * Knows by its first bytes what is not CSV: compressed streams, archives, and files of other
 * programs. A format is known by its magic number together with something that no CSV has there, so
 * that a header that happens to begin with the same letters passes ("BZh,b", "PAR1,a", "x^2").
 * Pure.
 */
#ifndef SHEAF_ARCHIVE_FORMAT_H
#define SHEAF_ARCHIVE_FORMAT_H

#include <stddef.h>

enum { FORMAT_LEAD = 512 /* bytes that are enough to tell */ };

enum format_verdict {
	FORMAT_NONE, /* no format that is known here */
	FORMAT_MORE, /* more bytes are needed */
	FORMAT_KNOWN,
};

/* What it is, and what to do: "a ZIP archive", "extract the files in it first". */
struct format_is {
	const char *name, *remedy;
};

/*
 * Looks at the first n bytes of a stream; whole: there are no more. Never FORMAT_MORE from
 * FORMAT_LEAD bytes on, or where the stream is whole, and more bytes do not change another verdict.
 * *is is filled for FORMAT_KNOWN.
 */
enum format_verdict format_look(const char *p, size_t n, int whole, struct format_is *is);

#endif
