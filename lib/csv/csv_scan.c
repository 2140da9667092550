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

/* --- what the marks of 64 bytes mean --- */

INLINE int
is_ended(enum csv_state s)
{
	return s == CSV_FIELD || s == CSV_QUOTE;
}

/* Byte by byte, for quotes where RFC 4180 allows none. */
static void
mark_slowly(struct csv_scan *s, const struct block *b, unsigned n, uint64_t ends, uint64_t *delims,
    uint64_t *outside)
{
	*delims = *outside = 0;
	for (unsigned i = 0; i < n; i++) {
		uint64_t bit = UINT64_C(1) << i;

		if (b->quote & bit) {
			if (s->state == CSV_QUOTED)
				s->state = CSV_QUOTE;
			else if (s->state != CSV_PLAIN)
				s->state = CSV_QUOTED;
		} else if (s->state == CSV_QUOTED) {
			continue;
		} else if ((b->delim | b->lf | b->cr) & bit) {
			*delims |= b->delim & bit;
			*outside |= ends & bit;
			s->state = CSV_FIELD;
		} else {
			s->state = CSV_PLAIN;
		}
	}
}

/*
 * A quote outside quotes opens and one inside closes. "" inside does both, which gives the same
 * marks, as long as every quote that opens is a field's first byte or follows one that closes.
 * Otherwise mark_slowly decides. n: how many of the 64 bytes are valid; lf_follows: the byte after
 * them is an LF.
 */
INLINE void
mark(struct csv_scan *s, const struct block *b, unsigned n, int lf_follows, uint64_t *delims,
    uint64_t *ends)
{
	uint64_t cr_ends, line_ends, structure = b->delim | b->lf | b->cr;
	uint64_t last = UINT64_C(1) << (n - 1);

	if ((b->quote | b->cr) == 0 && s->state != CSV_QUOTED) { /* the common case */
		s->line += (uint64_t)__builtin_popcountll(b->lf);
		*delims = b->delim;
		*ends = b->lf;
		s->state = structure & last ? CSV_FIELD : CSV_PLAIN;
		return;
	}
	cr_ends = b->cr & ~(b->lf >> 1 | (uint64_t)lf_follows << (n - 1));
	line_ends = b->lf | cr_ends;
	s->line += (uint64_t)__builtin_popcountll(line_ends);
	if (b->quote == 0 && s->state != CSV_QUOTED) {
		*delims = b->delim;
		*ends = line_ends;
		s->state = structure & last ? CSV_FIELD : CSV_PLAIN;
	} else {
		uint64_t in = b->quote, closing, before;

		/* bit i: the number of quotes up to byte i, modulo 2 */
		for (unsigned k = 1; k < 64; k *= 2)
			in ^= in << k;
		if (s->state == CSV_QUOTED)
			in = ~in;
		closing = b->quote & ~in;
		structure &= ~in;
		before = (structure | closing) << 1 | (uint64_t)is_ended(s->state);
		if (b->quote & in & ~before) {
			mark_slowly(s, b, n, line_ends, delims, ends);
			return;
		}
		*delims = b->delim & ~in;
		*ends = line_ends & ~in;
		s->state = in & last   ? CSV_QUOTED
		    : closing & last   ? CSV_QUOTE
		    : structure & last ? CSV_FIELD
				       : CSV_PLAIN;
	}
}

INLINE void
scan(struct csv_scan *to, const char *p, size_t n, struct csv_marks *m, look_fn *look)
{
	struct csv_scan s = *to; /* a copy, which nothing else can point to */
	size_t i = 0, w = 0;
	struct block b;

	if (n == 0)
		return;
	if (s.prev_cr && *p == '\n')
		s.line--; /* its CR was counted as a line end */
	for (; n - i >= 64; i += 64, w++) {
		look(&b, p + i, s.delim);
		mark(&s, &b, 64, n - i > 64 && p[i + 64] == '\n', &m->delims[w], &m->ends[w]);
	}
	if (i < n) {
		char rest[64] = {0};

		memcpy(rest, p + i, n - i);
		look(&b, rest, s.delim);
		b.delim &= (UINT64_C(1) << (n - i)) - 1; /* the delimiter may be NUL */
		mark(&s, &b, (unsigned)(n - i), 0, &m->delims[w], &m->ends[w]);
	}
	s.prev_cr = p[n - 1] == '\r';
	*to = s;
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
#define AVX2 __attribute__((target("avx2,popcnt")))

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

AVX2 static void
scan_avx2(struct csv_scan *s, const char *p, size_t n, struct csv_marks *m)
{
	scan(s, p, n, m, look_avx2);
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
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
}
#else
#define scan_avx2(s, p, n, m) scan(s, p, n, m, look_portable)
#define pass_avx2 pass
#define next_avx2 next
#define has_avx2() 0
#endif

void
csv_scan_init(struct csv_scan *s, char delim)
{
	*s = (struct csv_scan){.delim = delim, .line = 1, .fast = has_avx2()};
}

size_t
csv_scan_rest(struct csv_scan *s, const char *p, size_t n)
{
	if (!s->prev_cr || s->state == CSV_QUOTED || n == 0)
		return 0;
	s->prev_cr = 0;
	return *p == '\n';
}

void
csv_scan(struct csv_scan *s, const char *p, size_t n, struct csv_marks *m)
{
	if (s->fast)
		scan_avx2(s, p, n, m);
	else
		scan(s, p, n, m, look_portable);
}

/* Not inline: hardened code touches its 64 KiB of stack page by page, which most calls, of a few
 * bytes, would pay for. */
__attribute__((noinline)) static uint64_t
count_lines(const char *p, size_t n)
{
	struct csv_marks m;
	struct csv_scan s;

	csv_scan_init(&s, ',');
	for (; n > 0; p += n < CSV_PIECE ? n : CSV_PIECE, n -= n < CSV_PIECE ? n : CSV_PIECE)
		csv_scan(&s, p, n < CSV_PIECE ? n : CSV_PIECE, &m);
	return s.line - 1;
}

uint64_t
csv_lines(const char *p, size_t n)
{
	uint64_t lines = 0;

	if (n >= 64)
		return count_lines(p, n);
	for (size_t i = 0; i < n; i++)
		lines += p[i] == '\r' || (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'));
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
