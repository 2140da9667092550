/*
 * Both steps are written once, as inline functions, and compiled twice: with AVX2 and POPCNT, and
 * without. The two versions differ only in how they look at 64 bytes.
 */
#include <string.h>

#include "csv/csv.h"

#define INLINE static inline __attribute__((always_inline))

/* One bit for each of 64 bytes: is it this character? */
struct block {
	uint64_t quote, delim, lf, cr;
};

typedef void look_fn(struct block *b, const char *p, char delim);

/* Bit i of the result: the number of bits up to bit i, modulo 2. */
typedef uint64_t parity_fn(uint64_t bits);

/* --- 64 bytes, portable --- */

/* Sets bit 7 of each byte of w that equals c, and clears all other bits. */
INLINE uint64_t
equal(uint64_t w, unsigned char c)
{
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t x = w ^ UINT64_C(0x0101010101010101) * c;

	return ~(((x & low) + low) | x | low);
}

/* Collects bit 7 of each byte into 8 bits. */
INLINE uint64_t
gather(uint64_t m)
{
	return (m >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

INLINE void
look_portable(struct block *b, const char *p, char delim)
{
	const unsigned char *u = (const unsigned char *)p;

	*b = (struct block){0};
	for (unsigned i = 0; i < 64; i += 8, u += 8) {
		uint64_t w = (uint64_t)u[0] | (uint64_t)u[1] << 8 | (uint64_t)u[2] << 16 |
		    (uint64_t)u[3] << 24 | (uint64_t)u[4] << 32 | (uint64_t)u[5] << 40 |
		    (uint64_t)u[6] << 48 | (uint64_t)u[7] << 56;

		b->quote |= gather(equal(w, '"')) << i;
		b->delim |= gather(equal(w, (unsigned char)delim)) << i;
		b->lf |= gather(equal(w, '\n')) << i;
		b->cr |= gather(equal(w, '\r')) << i;
	}
}

INLINE uint64_t
parity_portable(uint64_t bits)
{
	for (unsigned k = 1; k < 64; k *= 2)
		bits ^= bits << k;
	return bits;
}

/* --- what the marks of 64 bytes mean --- */

static int
is_blank(const struct csv_scan *s, char c)
{
	return (c == ' ' || c == '\t') && c != s->delim;
}

/* Inside an unquoted field that goes on at p: are there only blanks before it? The piece began with
 * the field, or with blanks of it, if s->only_blanks. */
static int
only_blanks(const struct csv_scan *s, const char *piece, const char *p)
{
	while (p > piece && is_blank(s, p[-1]))
		p--;
	if (p == piece)
		return s->only_blanks;
	return p[-1] == s->delim || p[-1] == '\n' || (p[-1] == '\r' && !s->cr_is_data);
}

static void
note_fault(struct csv_scan *s, enum csv_fault fault, size_t at)
{
	if (s->fault != CSV_FAULT_NONE)
		return;
	s->fault = fault;
	s->fault_at = at;
}

static enum csv_state
after_quote(struct csv_scan *s, const char *piece, size_t at)
{
	switch (s->state) {
	case CSV_FIELD:
	case CSV_QUOTE: return CSV_QUOTED;
	case CSV_QUOTED: return CSV_QUOTE;
	case CSV_BEHIND: note_fault(s, CSV_FAULT_BEHIND, at); return CSV_PLAIN;
	case CSV_PLAIN: return only_blanks(s, piece, piece + at) ? CSV_ODD : CSV_PLAIN;
	case CSV_ODD: return CSV_EVEN;
	case CSV_EVEN: return CSV_ODD;
	}
	return CSV_PLAIN;
}

/* After text without quotes and structure, from one offset to another. */
static enum csv_state
after_text(struct csv_scan *s, const char *piece, size_t from, size_t to)
{
	if (s->state != CSV_QUOTE && s->state != CSV_BEHIND)
		return s->state == CSV_FIELD ? CSV_PLAIN : s->state;
	for (; from < to; from++)
		if (!is_blank(s, piece[from])) {
			note_fault(s, CSV_FAULT_BEHIND, from);
			return CSV_PLAIN;
		}
	return CSV_BEHIND;
}

/* What the 64 bytes at piece + at are, n of them valid. */
struct found {
	uint64_t quote, delim;
	uint64_t structure; /* delimiters, and bytes of line ends */
	uint64_t line_ends; /* the last byte of each */
};

INLINE int
is_after_cr(const struct csv_scan *s, const char *piece, size_t at)
{
	return at > 0 ? piece[at - 1] == '\r' : s->after_cr;
}

/* Quote by quote and field by field, for quotes where RFC 4180 allows none. */
static void
mark_slowly(struct csv_scan *s, const struct found *f, const char *piece, size_t at, unsigned n,
    uint64_t *delims, uint64_t *ends)
{
	uint64_t rest = UINT64_MAX >> (64 - n), marks;

	*delims = *ends = 0;
	for (unsigned i = 0; i < n; rest &= UINT64_MAX << i) {
		unsigned next;
		uint64_t bit;

		marks = (s->state == CSV_QUOTED ? f->quote : f->quote | f->structure) & rest;
		next = marks != 0 ? (unsigned)__builtin_ctzll(marks) : n;
		if (next > i)
			s->state = after_text(s, piece, at + i, at + next);
		if (next == n)
			return;
		bit = UINT64_C(1) << next;
		if (f->quote & bit) {
			s->state = after_quote(s, piece, at + next);
		} else {
			if (s->state == CSV_ODD)
				note_fault(s, CSV_FAULT_ODD, at + next);
			else if (piece[at + next] == '\r' && s->cr_is_data &&
			    is_after_cr(s, piece, at + next))
				note_fault(s, CSV_FAULT_DOUBLED, at + next);
			*delims |= f->delim & bit;
			*ends |= f->line_ends & bit;
			s->state = CSV_FIELD;
		}
		i = next + 1;
		if (i == n)
			return;
	}
}

/* What changes from block to block, apart from struct csv_scan so that it stays in registers. */
struct live {
	enum csv_state state;
	uint64_t line;
};

/* With all that quotes and CRs can mean. Not inline: it would take registers from those who need it
 * rarely. */
__attribute__((noinline)) static void
mark_rare(struct csv_scan *s, const struct live *l, const struct block *b, uint64_t lone,
    const char *piece, size_t at, unsigned n, uint64_t *delims, uint64_t *ends)
{
	struct found f = {.quote = b->quote,
	    .delim = b->delim,
	    .structure = b->delim | b->lf | b->cr,
	    .line_ends = b->lf | lone};

	if (s->cr_is_data) {
		f.structure &= ~lone;
		f.line_ends &= ~lone;
	}
	s->state = l->state;
	s->line = l->line + (uint64_t)__builtin_popcountll(f.line_ends);
	mark_slowly(s, &f, piece, at, n, delims, ends);
}

/*
 * A quote outside quotes opens and one inside closes. "" inside does both, which gives the same
 * marks, as long as every quote that opens is a field's first byte or follows one that closes, and
 * no text follows one that closes. Otherwise mark_slowly decides. n: how many of the 64 bytes are
 * valid; lf_follows: the byte after them is an LF.
 */
INLINE void
mark(struct csv_scan *s, struct live *l, const struct block *b, const char *piece, size_t at,
    unsigned n, int lf_follows, uint64_t *delims, uint64_t *ends, parity_fn *parity)
{
	uint64_t last = UINT64_C(1) << (n - 1), lone, line_ends, in, closing;
	uint64_t structure = b->delim | b->lf | b->cr, outside, after, before, wrong;

	lone = b->cr & ~(b->lf >> 1 | (uint64_t)lf_follows << (n - 1));
	if (__builtin_expect(lone != 0 || ((b->cr & 1) != 0 && is_after_cr(s, piece, at)), 0)) {
		s->lone_cr = 1;
		if (s->cr_is_data)
			goto rare;
	}
	line_ends = b->lf | lone;
	if (b->quote == 0 && l->state <= CSV_PLAIN) {
		l->line += (uint64_t)__builtin_popcountll(line_ends);
		*delims = b->delim;
		*ends = line_ends;
		l->state = structure & last ? CSV_FIELD : CSV_PLAIN;
		return;
	}
	in = parity(b->quote);
	if (l->state == CSV_QUOTED)
		in = ~in;
	closing = b->quote & ~in;
	outside = structure & ~in;
	after = closing << 1 | (uint64_t)(l->state == CSV_QUOTE);
	before = outside << 1 | after | (uint64_t)(l->state == CSV_FIELD);
	wrong = (b->quote & in & ~before) | (after & ~(structure | b->quote));
	if ((wrong & UINT64_MAX >> (64 - n)) != 0 || l->state > CSV_QUOTE)
		goto rare;
	l->line += (uint64_t)__builtin_popcountll(line_ends);
	*delims = b->delim & ~in;
	*ends = line_ends & ~in;
	l->state = in & last ? CSV_QUOTED
	    : closing & last ? CSV_QUOTE
	    : outside & last ? CSV_FIELD
			     : CSV_PLAIN;
	return;
rare:
	mark_rare(s, l, b, lone, piece, at, n, delims, ends);
	l->state = s->state;
	l->line = s->line;
}

/* The common case: no quote, no CR. */
INLINE int
mark_plain(struct live *l, const struct block *b, unsigned n, uint64_t *delims, uint64_t *ends)
{
	if ((b->quote | b->cr) != 0 || l->state > CSV_PLAIN)
		return 0;
	l->line += (uint64_t)__builtin_popcountll(b->lf);
	*delims = b->delim;
	*ends = b->lf;
	l->state = (b->delim | b->lf) >> (n - 1) & 1 ? CSV_FIELD : CSV_PLAIN;
	return 1;
}

INLINE void
scan(struct csv_scan *s, const char *p, size_t n, struct csv_marks *m, look_fn *look,
    parity_fn *parity)
{
	struct live l = {.state = s->state, .line = s->line};
	const char delim = s->delim;
	size_t i = 0, w = 0;
	struct block b;

	s->fault = CSV_FAULT_NONE;
	s->lone_cr = 0;
	if (n == 0)
		return;
	s->only_blanks = s->state == CSV_FIELD || (s->state == CSV_PLAIN && s->only_blanks);
	for (; n - i >= 64; i += 64, w++) {
		look(&b, p + i, delim);
		if (__builtin_expect(mark_plain(&l, &b, 64, &m->delims[w], &m->ends[w]), 1))
			continue;
		mark(s, &l, &b, p, i, 64, n - i > 64 && p[i + 64] == '\n', &m->delims[w],
		    &m->ends[w], parity);
	}
	if (i < n) {
		char rest[64] = {0};

		memcpy(rest, p + i, n - i);
		look(&b, rest, delim);
		b.delim &= (UINT64_C(1) << (n - i)) - 1; /* the delimiter may be NUL */
		if (!mark_plain(&l, &b, (unsigned)(n - i), &m->delims[w], &m->ends[w]))
			mark(s, &l, &b, p, i, (unsigned)(n - i), 0, &m->delims[w], &m->ends[w],
			    parity);
	}
	s->state = l.state;
	s->line = l.line;
	s->only_blanks = s->state == CSV_PLAIN && only_blanks(s, p, p + n);
	s->after_cr = p[n - 1] == '\r';
}

/* --- records --- */

INLINE uint64_t
bits_below(uint64_t bit)
{
	return (bit & -bit) - 1;
}

/* Loads the next word of marks; 0 if there is none. */
INLINE int
load(struct csv_rows *r)
{
	if (r->word * 64 >= r->n)
		return 0;
	r->word_delims = r->marks->delims[r->word];
	r->word_ends = r->marks->ends[r->word++];
	return 1;
}

INLINE uint64_t
pass(struct csv_rows *r, uint64_t want)
{
	const char *p = r->p;
	size_t at = r->at, word = r->word;
	uint64_t delims = 0, word_delims = r->word_delims, ends = r->word_ends, rows = 0;

	for (;;) {
		while (ends != 0) {
			uint64_t below = bits_below(ends);
			size_t end = (word - 1) * 64 + (size_t)__builtin_ctzll(ends);

			delims += (uint64_t)__builtin_popcountll(word_delims & below);
			if (delims != want || end == at || p[end] != '\n' || p[end - 1] == '\r')
				goto stop;
			word_delims &= ~below;
			ends &= ends - 1;
			delims = 0;
			at = end + 1;
			rows++;
		}
		delims += (uint64_t)__builtin_popcountll(word_delims);
		if (word * 64 >= r->n)
			break;
		word_delims = r->marks->delims[word];
		ends = r->marks->ends[word++];
	}
stop:
	if (rows > 0) { /* go back to the beginning of the record that stopped us */
		r->at = at;
		r->word = at / 64;
		r->word_delims = r->word_ends = 0;
		if (load(r)) {
			r->word_delims &= UINT64_MAX << at % 64;
			r->word_ends &= UINT64_MAX << at % 64;
		}
	}
	return rows;
}

INLINE void
take_delims(struct csv_rows *r, uint64_t delims)
{
	if (r->delim_at == NULL) {
		r->delims += (uint64_t)__builtin_popcountll(delims);
		return;
	}
	for (; delims != 0; delims &= delims - 1, r->delims++)
		if (r->delims < r->delim_max)
			r->delim_at[r->delims] =
			    r->base + (r->word - 1) * 64 + (size_t)__builtin_ctzll(delims) - r->at;
}

INLINE int
next(struct csv_rows *r, struct csv_row *row)
{
	uint64_t below;
	size_t end;

	while (r->word_ends == 0) {
		take_delims(r, r->word_delims);
		r->word_delims = 0;
		if (!load(r)) {
			r->base += r->n - r->at;
			return 0;
		}
	}
	below = bits_below(r->word_ends);
	end = (r->word - 1) * 64 + (size_t)__builtin_ctzll(r->word_ends);
	take_delims(r, r->word_delims & below);
	r->word_delims &= ~below;
	r->word_ends &= r->word_ends - 1;
	row->eol = r->p[end] == '\n' && end > r->at && r->p[end - 1] == '\r' ? 2 : 1;
	row->p = r->p + r->at;
	row->len = end + 1 - row->eol - r->at;
	row->base = r->base;
	row->delims = r->delims;
	r->at = end + 1;
	r->base = r->delims = 0;
	return 1;
}

/* --- the two versions of each --- */

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,popcnt,pclmul")))

AVX2 static inline uint64_t
equal_avx2(__m256i lo, __m256i hi, char c)
{
	__m256i v = _mm256_set1_epi8(c);

	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(lo, v)) |
	    (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(hi, v)) << 32;
}

AVX2 static inline int
either_avx2(__m256i lo, __m256i hi, char c, char d)
{
	__m256i v = _mm256_set1_epi8(c), w = _mm256_set1_epi8(d);
	__m256i in_lo = _mm256_or_si256(_mm256_cmpeq_epi8(lo, v), _mm256_cmpeq_epi8(lo, w));
	__m256i in_hi = _mm256_or_si256(_mm256_cmpeq_epi8(hi, v), _mm256_cmpeq_epi8(hi, w));
	__m256i in = _mm256_or_si256(in_lo, in_hi);

	return !_mm256_testz_si256(in, in);
}

AVX2 static inline void
look_avx2(struct block *b, const char *p, char delim)
{
	__m256i lo = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i hi = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

	b->delim = equal_avx2(lo, hi, delim);
	b->lf = equal_avx2(lo, hi, '\n');
	b->quote = b->cr = 0;
	if (either_avx2(lo, hi, '"', '\r')) {
		b->quote = equal_avx2(lo, hi, '"');
		b->cr = equal_avx2(lo, hi, '\r');
	}
}

/* A product without carries by all ones. */
AVX2 static inline uint64_t
parity_avx2(uint64_t bits)
{
	__m128i product =
	    _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)bits), _mm_set1_epi8((char)0xff), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

AVX2 static void
scan_avx2(struct csv_scan *s, const char *p, size_t n, struct csv_marks *m)
{
	scan(s, p, n, m, look_avx2, parity_avx2);
}

AVX2 static uint64_t
pass_avx2(struct csv_rows *r, uint64_t delims)
{
	return pass(r, delims);
}

AVX2 static int
next_avx2(struct csv_rows *r, struct csv_row *row)
{
	return next(r, row);
}

static int
has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt") &&
	    __builtin_cpu_supports("pclmul");
}
#else
#define scan_avx2(s, p, n, m) scan(s, p, n, m, look_portable, parity_portable)
#define pass_avx2 pass
#define next_avx2 next
#define has_avx2() 0
#endif

void
csv_scan_init(struct csv_scan *s, char delim)
{
	*s = (struct csv_scan){.delim = delim, .line = 1, .fast = has_avx2()};
}

void
csv_scan(struct csv_scan *s, const char *p, size_t n, struct csv_marks *m)
{
	if (s->fast)
		scan_avx2(s, p, n, m);
	else
		scan(s, p, n, m, look_portable, parity_portable);
}

/* Not inline: hardened code touches its 64 KiB of stack page by page, which most calls, of a few
 * bytes, would pay for. */
__attribute__((noinline)) static uint64_t
count_lines(const struct csv_scan *as, const char *p, size_t n)
{
	struct csv_marks m;
	struct csv_scan s;

	csv_scan_init(&s, as->delim);
	s.cr_is_data = as->cr_is_data;
	while (n > 0) {
		size_t len = n < CSV_PIECE ? n : CSV_PIECE;

		if (len < n && p[len - 1] == '\r')
			len--;
		csv_scan(&s, p, len, &m);
		p += len;
		n -= len;
	}
	return s.line - 1;
}

uint64_t
csv_lines(const struct csv_scan *s, const char *p, size_t n)
{
	uint64_t lines = 0;

	if (n >= 64)
		return count_lines(s, p, n);
	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\n' ||
		    (p[i] == '\r' && !s->cr_is_data && (i + 1 == n || p[i + 1] != '\n'));
	return lines;
}

void
csv_rows_piece(
    struct csv_rows *r, const struct csv_scan *s, const char *p, size_t n, struct csv_marks *m)
{
	r->p = p;
	r->n = n;
	r->marks = m;
	r->fast = s->fast;
	r->at = r->word = 0;
	r->word_delims = r->word_ends = 0;
}

uint64_t
csv_rows_pass(struct csv_rows *r, uint64_t delims)
{
	return r->fast ? pass_avx2(r, delims) : pass(r, delims);
}

int
csv_rows_next(struct csv_rows *r, struct csv_row *row)
{
	return r->fast ? next_avx2(r, row) : next(r, row);
}
