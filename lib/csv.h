/*
 * Scanning CSV (RFC 4180, and what real files do). Pure.
 *
 * A quote opens a quoted field only as the field's first byte; inside, "" is one quote; what
 * follows the closing quote belongs to the field as it stands. A record ends at LF, CRLF or CR
 * outside quotes. Bytes have no meaning beyond that: NUL and any encoding that keeps ASCII pass.
 */
#ifndef SHEAF_CSV_H
#define SHEAF_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum csv_state {
	CSV_FIELD,  /* at the start of a field */
	CSV_PLAIN,  /* inside an unquoted one, or behind a closing quote */
	CSV_QUOTED, /* inside quotes */
	CSV_QUOTE,  /* behind a quote inside quotes: the closing one, or the first of two */
};

struct csv_scan {
	unsigned char special[256]; /* delimiter, CR, LF */
	char delim;
	enum csv_state state;
	int ended;	 /* the last call went to the end of a record */
	int begun;	 /* the record has a byte */
	int after_cr;	 /* the last record ended with CR: an LF that follows belongs to it */
	uint64_t delims; /* of the record so far */
	uint64_t line;	 /* physical line, from 1, of the next byte */
	uint64_t
	    record_line; /* of the record's first byte; of the last record until the next begins */
	int quoted_cr;	 /* the last byte, inside quotes, was a CR */
};

void csv_scan_init(struct csv_scan *s, char delim);

/* The length of the line end's rest at p: 1 for an LF behind a CR that was the last byte before,
 * else 0. To be passed over before csv_scan. */
size_t csv_scan_rest(struct csv_scan *s, const char *p, size_t n);

/*
 * Goes on to the end of the record or of the n bytes at p. Returns how many were gone over, line
 * end included; *eol is the length of that line end, 0 where the record goes on. After the end of a
 * record s->begun and s->delims are its own until the next call.
 */
size_t csv_scan(struct csv_scan *s, const char *p, size_t n, size_t *eol);

/* One record taken apart. Zero-initialised is empty; reused ones keep their memory. */
struct csv_record {
	struct buf text;  /* the fields' values, one after another, each with a NUL behind it */
	size_t *at, *len; /* of each value in text; owned */
	size_t *raw_at, *raw_len; /* of each field as it stands in the record; owned */
	size_t n, cap;
};

/* Takes apart the n bytes of one record, without its line end. */
void csv_record_parse(struct csv_record *r, char delim, const char *p, size_t n);

/* The same without the values: only where each field stands. */
void csv_record_split(struct csv_record *r, char delim, const char *p, size_t n);
void csv_record_free(struct csv_record *r);

/* Appends a value, in quotes where it needs them. */
void csv_quote(struct buf *out, char delim, const char *p, size_t n);

#endif
