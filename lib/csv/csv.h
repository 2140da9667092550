/*
 * CSV records (RFC 4180, and what real files do). Pure.
 *
 * A quote opens a quoted field only as the field's first byte; inside, "" is one quote; what
 * follows the closing quote belongs to the field as it stands. A record ends at LF, CRLF or CR
 * outside quotes. Bytes have no meaning beyond that: NUL and any encoding that keeps ASCII pass.
 *
 * Reading goes in two steps, a piece of input at a time: csv_scan marks the delimiters and line
 * ends that are outside quotes, csv_rows walks over the records by these marks.
 */
#ifndef SHEAF_CSV_CSV_H
#define SHEAF_CSV_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { CSV_PIECE = 256 * 1024, CSV_WORDS = CSV_PIECE / 64 };
enum { CSV_HEADER_MAX = 1 << 20 /* bytes of one header, and of all columns of a union */ };

enum csv_state {
	CSV_FIELD,  /* at the start of a field */
	CSV_PLAIN,  /* inside an unquoted one, or behind a closing quote */
	CSV_QUOTED, /* inside quotes */
	CSV_QUOTE,  /* behind a quote inside quotes: the closing one, or the first of two */
};

struct csv_scan {
	char delim;
	enum csv_state state; /* of the next byte */
	int prev_cr;	      /* the last byte was a CR */
	int fast;      /* AVX2 is used; 0 for the portable code, which gives the same answer */
	uint64_t line; /* physical line (LF, CRLF or CR ends it), from 1, of the next byte */
};

/* Byte i of the piece is bit i % 64 of word i / 64; bits behind the piece are 0. */
struct csv_marks {
	uint64_t delims[CSV_WORDS]; /* delimiters outside quotes */
	uint64_t ends[CSV_WORDS];   /* line ends outside quotes; of CRLF its LF */
};

/* delim: any byte but quote, CR and LF. Uses what the processor has. */
void csv_scan_init(struct csv_scan *s, char delim);

/*
 * 1 where the first byte at p is the LF of a line end whose CR was the last byte before, else 0.
 * It is to be passed over before csv_scan.
 */
size_t csv_scan_rest(struct csv_scan *s, const char *p, size_t n);

/* Marks the n bytes at p, at most CSV_PIECE. A CR that comes last is marked as a line end. */
void csv_scan(struct csv_scan *s, const char *p, size_t n, struct csv_marks *m);

/* Line ends in the n bytes at p, whether in quotes or not, CRLF being one. */
uint64_t csv_lines(const char *p, size_t n);

/* A record that ends in the piece. Blank: len, base and delims are 0. */
struct csv_row {
	const char *p; /* borrowed from the piece: its bytes there, without the line end */
	size_t len;
	uint64_t base;	 /* its bytes in earlier pieces */
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
	uint64_t delims; /* of it, so far */
	size_t word;	 /* the next word of marks */
	uint64_t word_delims, word_ends; /* what is left of the one before */
	uint64_t *delim_at; /* borrowed or NULL: where the first delim_max delimiters of the */
	uint64_t delim_max; /* record at hand are, counted from its beginning */
};

/* Walks on over a new piece, which csv_scan has marked. Zero-initialise before the first one. */
void csv_rows_piece(
    struct csv_rows *r, const struct csv_scan *s, const char *p, size_t n, struct csv_marks *m);

/* The next record that ends in the piece: 1; 0 when none does: what is left, from r->p + r->at on,
 * is a record's beginning, and now counted in r->base. */
int csv_rows_next(struct csv_rows *r, struct csv_row *row);

/*
 * After csv_rows_next has given a record: passes over those that follow as long as each ends in the
 * piece, in a single LF, is not blank and has that many delimiters. Returns their number; r->at is
 * where the next begins.
 */
uint64_t csv_rows_pass(struct csv_rows *r, uint64_t delims);

/* Takes one record apart, field by field. Zero-initialise; a reused one keeps its memory. */
struct csv_fields {
	char delim;
	const char *p, *end; /* borrowed: what is left; p NULL: nothing */
	struct buf value;    /* of the field at hand, with a NUL behind it */
};

/* The n bytes of a record, without its line end. */
void csv_fields_begin(struct csv_fields *f, char delim, const char *p, size_t n);
/* The next field: 1, its value is in f->value; 0 when there is no more. */
int csv_fields_next(struct csv_fields *f);
void csv_fields_free(struct csv_fields *f);

/* Appends a value, in quotes where it needs them. */
void csv_quote(struct buf *out, char delim, const char *p, size_t n);

#endif
