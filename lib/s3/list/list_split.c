#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/uri.h"
#include "base/utf8.h"
#include "s3/list/list_split.h"

enum { BYTES = 256, WORDS = BYTES / 64, FULL = 2 };

struct bytes {
	uint64_t bit[WORDS];
};

struct list_alphabet {
	struct bytes seen[S3_KEY_MAX];	/* by position */
	unsigned char ends[S3_KEY_MAX]; /* 1: a key had that length */
	/* How often the position before it advanced after the highest byte seen here: from FULL on
	 * no higher one is expected. */
	unsigned char full[S3_KEY_MAX];
};

/* The bytes that are likely in a position, each a digit; if a key may end there, that is digit
 * 0. */
struct digits {
	struct bytes bytes;
	unsigned end; /* 1 or 0 */
	unsigned n;
};

struct list_alphabet *
list_alphabet_new(void)
{
	return xcalloc(1, sizeof(struct list_alphabet));
}

void
list_alphabet_free(struct list_alphabet *a)
{
	free(a);
}

void
list_alphabet_see(struct list_alphabet *a, const char *key, size_t len)
{
	for (size_t i = 0; i < len && i < S3_KEY_MAX; i++) {
		unsigned char c = (unsigned char)key[i];

		if ((a->seen[i].bit[c / 64] >> c % 64 & 1) == 0)
			a->full[i] = 0;
		a->seen[i].bit[c / 64] |= UINT64_C(1) << c % 64;
	}
	if (len < S3_KEY_MAX)
		a->ends[len] = 1;
}

size_t
list_common(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n;
}

/* How many of the bytes first..last are in the set. */
static unsigned
has(const struct bytes *b, unsigned first, unsigned last)
{
	unsigned n = 0;

	for (unsigned c = first; c <= last; c++)
		n += b->bit[c / 64] >> c % 64 & 1;
	return n;
}

static void
add(struct bytes *b, unsigned first, unsigned last)
{
	for (unsigned c = first; c <= last; c++)
		b->bit[c / 64] |= UINT64_C(1) << c % 64;
}

static unsigned
highest(const struct bytes *b)
{
	for (int w = WORDS; w-- > 0;)
		if (b->bit[w] != 0)
			return (unsigned)(w * 64 + 63 - __builtin_clzll(b->bit[w]));
	return 0;
}

void
list_alphabet_next(struct list_alphabet *a, const char *key, const char *next)
{
	for (size_t i = list_common(key, next) + 1; i < S3_KEY_MAX && key[i - 1] != '\0'; i++)
		if (key[i] != '\0' && (unsigned char)key[i] == highest(&a->seen[i]) &&
		    a->full[i] < FULL)
			a->full[i]++;
}

/* One digit suggests all digits. A single letter is part of a word; next to digits or other letters
 * it suggests more letters. */
static struct bytes
likely(const struct list_alphabet *a, size_t at)
{
	struct bytes b = a->seen[at];
	unsigned digits = has(&b, '0', '9');

	if (a->full[at] >= FULL)
		return b;
	if (digits > 0)
		add(&b, '0', '9');
	if (has(&b, 'a', 'z') > (digits == 0))
		add(&b, 'a', has(&b, 'g', 'z') ? 'z' : 'f');
	if (has(&b, 'A', 'Z') > (digits == 0))
		add(&b, 'A', has(&b, 'G', 'Z') ? 'Z' : 'F');
	return b;
}

static unsigned
count(const struct bytes *b)
{
	unsigned n = 0;

	for (int w = 0; w < WORDS; w++)
		n += (unsigned)__builtin_popcountll(b->bit[w]);
	return n;
}

/* How many of b are below c. */
static unsigned
rank(const struct bytes *b, unsigned char c)
{
	unsigned n = 0;

	for (int w = 0; w < c / 64; w++)
		n += (unsigned)__builtin_popcountll(b->bit[w]);
	return n + (unsigned)__builtin_popcountll(b->bit[c / 64] & ((UINT64_C(1) << c % 64) - 1));
}

static struct digits
digits(const struct list_alphabet *a, size_t at)
{
	struct digits d = {.bytes = likely(a, at), .end = a->ends[at]};

	d.n = d.end + count(&d.bytes);
	return d;
}

static unsigned
digit(const struct digits *d, const char *key, size_t len, size_t at)
{
	return at < len ? d->end + rank(&d->bytes, (unsigned char)key[at]) : 0;
}

double
list_place(const struct list_alphabet *a, const char *key, size_t from)
{
	size_t len = key != NULL ? strlen(key) : 0;
	double place = 0, scale = 1;

	if (key == NULL)
		return 1;
	for (size_t at = from; at < len && at < S3_KEY_MAX && scale > 1e-17; at++) {
		struct digits d = digits(a, at);

		if (d.n == 0)
			break;
		scale /= d.n;
		place += scale * digit(&d, key, len, at);
	}
	return place;
}

/* Appends the nth byte of the set, counting from 0; if there are only n, the one after the last. 0
 * or -1. */
static int
add_nth(struct buf *out, const struct bytes *b, unsigned n)
{
	unsigned c = 0, last = 0, i = 0;

	for (; c < BYTES && i <= n; c++) {
		if ((b->bit[c / 64] >> c % 64 & 1) == 0)
			continue;
		last = c;
		i++;
	}
	if (i <= n) {
		/* the next lead byte, the next continuation, or out of ASCII */
		last = last == 0x7e || last == 0x7f ? 0xc2 : last + 1;
		if (last == 0xc0 || last > 0xf4)
			return -1;
	}
	if (last < ' ' || last == 0x7f)
		return -1;
	buf_addc(out, (char)last);
	return 0;
}

/* Completes a truncated character with the lowest continuation bytes. -1 if out is not UTF-8. */
static int
complete_utf8(struct buf *out)
{
	size_t i = 0, n;

	while (i < out->len && (n = utf8_char(out->p + i, out->len - i)) > 0)
		i += n;
	for (int more = 0; i < out->len && more < 4; more++) {
		unsigned char lead = (unsigned char)out->p[i];
		char least = out->len - i > 1 ? '\x80' : lead == 0xe0 ? '\xa0' : '\x80';

		if (lead == 0xf0 && out->len - i == 1)
			least = '\x90';
		if (utf8_char(out->p + i, out->len - i) == out->len - i)
			return 0;
		buf_addc(out, least);
	}
	return i == out->len ? 0 : -1;
}

static int
is_between(struct buf *out, const char *pos, const char *bound)
{
	if (complete_utf8(out) == -1 || out->len > S3_KEY_MAX)
		return 0;
	return strcmp(buf_str(out), pos) > 0 && (bound == NULL || strcmp(buf_str(out), bound) < 0);
}

int
list_cut(struct buf *out, const struct list_alphabet *a, const char *pos, const char *bound,
    size_t from, double place, double near)
{
	double scale = 1;

	if (from > strlen(pos))
		return -1;
	buf_reset(out);
	buf_add(out, pos, from);
	for (size_t at = from; at < S3_KEY_MAX && scale > near; at++) {
		struct digits d = digits(a, at);
		unsigned n;

		if (d.n == 0)
			break;
		scale /= d.n;
		n = (unsigned)(place / scale);
		if (n < d.end || n >= d.n || add_nth(out, &d.bytes, n - d.end) == -1)
			break;
		place -= n * scale;
	}
	return is_between(out, pos, bound) ? 0 : -1;
}

int
list_next(
    struct buf *out, const struct list_alphabet *a, const char *pos, const char *bound, size_t at)
{
	const size_t len = strlen(pos);

	for (; at < len && at < S3_KEY_MAX; at++) {
		struct bytes b = likely(a, at);
		unsigned low = rank(&b, (unsigned char)pos[at]), behind = count(&b) + 1;

		buf_reset(out);
		buf_add(out, pos, at);
		if (add_nth(out, &b, low + (behind - low) / 2) == 0 && is_between(out, pos, bound))
			return 0;
	}
	return -1;
}
