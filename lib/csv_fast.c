#include "csv_fast.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* What one block is made of, a bit a byte. */
struct masks {
	uint64_t quote, delim, lf, cr;
};

/* Where the scan stands between two blocks. */
struct place {
	uint64_t inside; /* all ones inside quotes, else 0 */
	uint64_t
	    field;    /* 1 where an opening quote may follow: at a field's start, behind a quote */
	uint64_t row; /* 1 at the start of a row */
	uint64_t delims; /* of the row so far */
	uint64_t line, record_line;
};

__attribute__((target("avx2"))) static inline struct masks
masks_of(const char *p, __m256i quote, __m256i delim, __m256i lf, __m256i cr)
{
	__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
	struct masks m;

#define MASK(c)                                                                                    \
	((uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, c)) |                       \
	    (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(b, c)) << 32)
	m.quote = MASK(quote);
	m.delim = MASK(delim);
	m.lf = MASK(lf);
	m.cr = MASK(cr);
#undef MASK
	return m;
}

/* Bit i of the result is the parity of the bits 0 to i. */
static inline uint64_t
parity(uint64_t x)
{
	x ^= x << 1;
	x ^= x << 2;
	x ^= x << 4;
	x ^= x << 8;
	x ^= x << 16;
	return x ^ x << 32;
}

/* One block: 1 when all its rows are as they should be and *at has moved on; 0 with *at as it was.
 */
__attribute__((target("avx2,popcnt,bmi"))) static inline int
take_block(struct place *at, const struct masks *m, uint64_t want_delims, uint64_t *rows)
{
	uint64_t inside = at->inside, delim = m->delim, end = m->lf, delims = at->delims;

	if (m->cr != 0)
		return 0;
	if (m->quote != 0 || inside != 0) {
		uint64_t opening;

		inside ^= parity(m->quote);
		delim &= ~inside;
		end &= ~inside;
		opening = m->quote & inside;
		if ((opening & ~((delim | end | m->quote) << 1 | at->field)) != 0)
			return 0;
	}
	if ((end & (end << 1 | at->row)) != 0) /* a blank line */
		return 0;
	for (uint64_t left = end; left != 0; left &= left - 1) {
		uint64_t before = (left & -left) - 1; /* the bits below this row's end */

		if (delims + (uint64_t)__builtin_popcountll(delim & before) != want_delims)
			return 0;
		delims = -(uint64_t)__builtin_popcountll(delim & before);
	}
	at->delims = delims + (uint64_t)__builtin_popcountll(delim);
	if (end != 0) {
		uint64_t last = UINT64_C(1) << (63 - __builtin_clzll(end));

		at->record_line =
		    at->line + (uint64_t)__builtin_popcountll(m->lf & (last | (last - 1)));
		*rows += (uint64_t)__builtin_popcountll(end);
	}
	at->line += (uint64_t)__builtin_popcountll(m->lf);
	at->inside = (uint64_t)((int64_t)inside >> 63);
	at->field = (delim | end | (m->quote & ~inside)) >> 63;
	at->row = end >> 63;
	return 1;
}

__attribute__((target("avx2,popcnt,bmi"))) static size_t
rows_avx2(struct csv_scan *s, const char *p, size_t n, uint64_t want_delims, uint64_t *rows)
{
	__m256i quote = _mm256_set1_epi8('"'), delim = _mm256_set1_epi8(s->delim);
	__m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
	int fresh = s->ended || !s->begun;
	struct place at = {
	    .inside = s->state == CSV_QUOTED ? UINT64_MAX : 0,
	    .field = s->state == CSV_FIELD || s->state == CSV_QUOTE,
	    .row = (uint64_t)fresh,
	    .delims = fresh ? 0 : s->delims,
	    .line = s->line,
	    .record_line = s->ended ? s->line : s->record_line,
	};
	size_t i = 0;

	if (s->quoted_cr) /* an LF that is first would belong to it */
		return 0;
	for (; n - i >= CSV_FAST_BLOCK; i += CSV_FAST_BLOCK) {
		struct masks m = masks_of(p + i, quote, delim, lf, cr);

		if (!take_block(&at, &m, want_delims, rows))
			break;
	}
	if (i == 0)
		return 0;
	s->state = at.inside != 0 ? CSV_QUOTED
	    : p[i - 1] == '"'	  ? CSV_QUOTE
	    : at.field != 0	  ? CSV_FIELD
				  : CSV_PLAIN;
	s->ended = (int)at.row;
	s->begun = 1;
	s->delims = at.row ? want_delims : at.delims;
	s->line = at.line;
	s->record_line = at.record_line;
	s->after_cr = 0;
	return i;
}

size_t
csv_fast_rows(struct csv_scan *s, const char *p, size_t n, uint64_t want_delims, uint64_t *rows)
{
	if (n < CSV_FAST_BLOCK || !__builtin_cpu_supports("avx2"))
		return 0;
	return rows_avx2(s, p, n, want_delims, rows);
}

#else

size_t
csv_fast_rows(struct csv_scan *s, const char *p, size_t n, uint64_t want_delims, uint64_t *rows)
{
	(void)s;
	(void)p;
	(void)n;
	(void)want_delims;
	(void)rows;
	return 0;
}

#endif
