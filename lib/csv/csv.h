/*
 * CSV records (RFC 4180, and what real files do). Pure.
 *
 * A quote opens a quoted field only as the field's first byte. Inside quotes, "" is one quote;
 * behind the closing quote only blanks may follow, which belong to the field. In an unquoted field
 * a quote is a byte like others; but if the field begins with blanks and a quote, it must have an
 * even number of them: `, "a` was meant to open a quoted field. A record ends at an LF or CRLF
 * outside quotes; a CR alone ends one in a file whose header it ends, and is data elsewhere. No
 * other byte has a meaning: NUL and every encoding that extends ASCII pass unchanged.
 *
 * Input is read in pieces, in two steps: csv_scan marks the delimiters and line ends outside
 * quotes, and csv_rows walks over the records by these marks.
 */
#ifndef SHEAF_CSV_CSV_H
#define SHEAF_CSV_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { CSV_PIECE = 256 * 1024, CSV_WORDS = CSV_PIECE / 64 };
enum { CSV_HEADER_MAX = 1 << 20 /* bytes of a header, and of all columns of a union together */ };

/* The order matters to csv_scan. */
enum csv_state {
	CSV_FIELD,  /* at the start of a field */
	CSV_PLAIN,  /* inside an unquoted field */
	CSV_QUOTED, /* inside quotes */
	CSV_QUOTE,  /* after a quote inside quotes: it closes, or is the first of two */
	CSV_BEHIND, /* among blanks behind a closing quote */
	CSV_ODD,    /* inside an unquoted field that begins with blanks and a quote, after one, */
	CSV_EVEN,   /* three, ... quotes; after two, four, ... */
};

enum csv_fault {
	CSV_FAULT_NONE,
	CSV_FAULT_BEHIND, /* text behind a closing quote */
	CSV_FAULT_ODD, /* a field that begins with blanks and a quote has an odd number of them */
	CSV_FAULT_DOUBLED, /* CR CR LF, where a CR is data: the LF written would swallow it */
	CSV_FAULT_MIXED,  /* found by csv_merge: LF ends a record, where CR alone ends the header */
	CSV_FAULT_CTRL_Z, /* likewise: a record of one column begins with it */
};

struct csv_scan {
	char delim;
	enum csv_state state; /* before the next byte */
	int after_cr;	      /* a CR came before the next byte */
	int only_blanks;      /* in CSV_PLAIN: the field has only blanks so far */
	int cr_is_data;	      /* a CR that no LF follows is data, not a line end */
	int fast;	      /* uses AVX2; 0: the portable code, which gives the same result */
	uint64_t line;	      /* physical line (as its line ends are) of the next byte, from 1 */

	/* of the piece at hand */
	int lone_cr; /* there was a CR that no LF followed */
	enum csv_fault fault;
	size_t fault_at; /* the offset of the first fault; what follows it is not marked rightly */
};

/* Byte i of the piece is bit i % 64 of word i / 64; bits past the piece are 0. */
struct csv_marks {
	uint64_t delims[CSV_WORDS]; /* delimiters outside quotes */
	uint64_t ends[CSV_WORDS];   /* line ends outside quotes; the LF of a CRLF */
};

/* delim is any byte but a quote, CR or LF. Uses AVX2 where the processor has it. */
void csv_scan_init(struct csv_scan *s, char delim);

/* Marks the n bytes at p, at most CSV_PIECE. A CRLF must not be cut in two. */
void csv_scan(struct csv_scan *s, const char *p, size_t n, struct csv_marks *m);

/* The number of line ends in the n bytes at p, in quotes or not, as csv_scan counts them. */
uint64_t csv_lines(const struct csv_scan *s, const char *p, size_t n);

/* A record that ends in the piece. A blank line has len, base and delims 0. */
struct csv_row {
	const char *p; /* borrowed: the record's bytes in this piece, without the line end */
	size_t len;
	uint64_t base;	 /* the number of its bytes in earlier pieces */
	uint64_t delims; /* all of them */
	size_t eol;	 /* bytes of its line end: 1 or 2 */
};

struct csv_rows {
	const char *p; /* borrowed */
	size_t n;
	const struct csv_marks *marks; /* borrowed */
	int fast;
	size_t at;	 /* where the record at hand begins, or goes on, in the piece */
	uint64_t base;	 /* its bytes in earlier pieces */
	uint64_t delims; /* its delimiters so far */
	size_t word;	 /* the next word of marks */
	uint64_t word_delims, word_ends; /* the remaining bits of the word before */
	uint64_t *delim_at; /* borrowed or NULL: receives the offsets in the record of its first */
	uint64_t delim_max; /* delim_max delimiters */
};

/* Starts on a new piece, which csv_scan has marked. Zero-initialise before the first one. */
void csv_rows_piece(
    struct csv_rows *r, const struct csv_scan *s, const char *p, size_t n, struct csv_marks *m);

/* Gets the next record that ends in the piece: 1. When there is none: 0; the bytes from r->p +
 * r->at on begin a record and are now counted in r->base. */
int csv_rows_next(struct csv_rows *r, struct csv_row *row);

/*
 * Called after csv_rows_next has returned a record: skips the records that follow, as long as each
 * ends in the piece, in a single LF, is not blank and has that many delimiters. Returns how many
 * were skipped; the next record begins at r->at.
 */
uint64_t csv_rows_pass(struct csv_rows *r, uint64_t delims);

/* Splits a record into its fields. Zero-initialise; memory is reused from record to record. */
struct csv_fields {
	char delim;
	const char *p; /* borrowed: the rest of the record; NULL: there are no more fields */
	size_t n;
	struct buf value; /* the field at hand, followed by a NUL */
};

/* Begins with a record of n bytes, without its line end. */
void csv_fields_begin(struct csv_fields *f, char delim, const char *p, size_t n);
/* Puts the next field's value into f->value: 1; 0 when there are no more. */
int csv_fields_next(struct csv_fields *f);
void csv_fields_free(struct csv_fields *f);

/* Appends a value, quoted if it must be. */
void csv_quote(struct buf *out, char delim, const char *p, size_t n);

#endif
