#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

typedef unsigned char vec __attribute__((vector_size(16)));

static inline vec
load(const char *s)
{
	vec v;

	memcpy(&v, s, sizeof(v));
	return v;
}

/* Up to 16 bytes, filled up with one that every set here has. */
static inline vec
load_some(const char *s, size_t n)
{
	vec v = (vec){0} + (unsigned char)'a';
	unsigned char *to = (unsigned char *)&v;

	if (n >= 8) {
		memcpy(to, s, 8);
		memcpy(to + 8, s + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, s, 4);
		memcpy(to + 4, s + n - 4, 4);
	} else if (n > 0) {
		to[0] = (unsigned char)s[0];
		to[1] = (unsigned char)s[n / 2];
		to[2] = (unsigned char)s[n - 1];
	}
	return v;
}

static inline int
any(vec hits)
{
	uint64_t half[2];

	memcpy(half, &hits, sizeof(half));
	return (half[0] | half[1]) != 0;
}

/* 1 if bad marks no byte. The last vector overlaps the one before it. */
static inline int __attribute__((always_inline)) has_none(const char *s, size_t n, vec (*bad)(vec))
{
	vec hits = {0};

	if (n < sizeof(vec))
		return !any(bad(load_some(s, n)));
	for (size_t i = 0; i + sizeof(vec) < n; i += sizeof(vec))
		hits |= bad(load(s + i));
	return !any(hits | bad(load(s + n - sizeof(vec))));
}

static inline vec
is_control(vec v)
{
	return ((vec)(v < 0x20) & (vec)(v != '\t')) | (vec)(v == 0x7f);
}

int
ascii_is_text(const char *s, size_t n)
{
	return has_none(s, n, is_control);
}

static inline vec
is_invisible(vec v)
{
	return (vec)(v < 0x21) | (vec)(v > 0x7e);
}

int
ascii_is_visible(const char *s, size_t n)
{
	return has_none(s, n, is_invisible);
}

const unsigned char ascii_token_bytes[256] = {
    ['!'] = 1,
    ['#'] = 1,
    ['$'] = 1,
    ['%'] = 1,
    ['&'] = 1,
    ['\''] = 1,
    ['*'] = 1,
    ['+'] = 1,
    ['-'] = 1,
    ['.'] = 1,
    ['^'] = 1,
    ['_'] = 1,
    ['`'] = 1,
    ['|'] = 1,
    ['~'] = 1,
    ['0'] = 1,
    ['1'] = 1,
    ['2'] = 1,
    ['3'] = 1,
    ['4'] = 1,
    ['5'] = 1,
    ['6'] = 1,
    ['7'] = 1,
    ['8'] = 1,
    ['9'] = 1,
    ['A'] = 1,
    ['B'] = 1,
    ['C'] = 1,
    ['D'] = 1,
    ['E'] = 1,
    ['F'] = 1,
    ['G'] = 1,
    ['H'] = 1,
    ['I'] = 1,
    ['J'] = 1,
    ['K'] = 1,
    ['L'] = 1,
    ['M'] = 1,
    ['N'] = 1,
    ['O'] = 1,
    ['P'] = 1,
    ['Q'] = 1,
    ['R'] = 1,
    ['S'] = 1,
    ['T'] = 1,
    ['U'] = 1,
    ['V'] = 1,
    ['W'] = 1,
    ['X'] = 1,
    ['Y'] = 1,
    ['Z'] = 1,
    ['a'] = 1,
    ['b'] = 1,
    ['c'] = 1,
    ['d'] = 1,
    ['e'] = 1,
    ['f'] = 1,
    ['g'] = 1,
    ['h'] = 1,
    ['i'] = 1,
    ['j'] = 1,
    ['k'] = 1,
    ['l'] = 1,
    ['m'] = 1,
    ['n'] = 1,
    ['o'] = 1,
    ['p'] = 1,
    ['q'] = 1,
    ['r'] = 1,
    ['s'] = 1,
    ['t'] = 1,
    ['u'] = 1,
    ['v'] = 1,
    ['w'] = 1,
    ['x'] = 1,
    ['y'] = 1,
    ['z'] = 1,
};
