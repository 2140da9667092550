#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "csv/csv_header.h"

enum { TAR_MAGIC_AT = 257, SEP_MAX = 1000 };

/* UTF-32: the first or the last two bytes of each four are 0, or 0 to 3 for rare characters. The
 * header may end within a character, since its line feed has zeros, too. */
static int
is_utf32(const char *p, size_t n)
{
	int little = n >= 4, big = n >= 4;

	for (size_t i = 0; i + 4 <= n; i += 4) {
		big = big && p[i] == '\0' && p[i + 1] >= 0 && p[i + 1] <= 3;
		little = little && p[i + 3] == '\0' && p[i + 2] >= 0 && p[i + 2] <= 3;
	}
	return little || big;
}

/*
 * UTF-16: the high bytes of a script are the same control character, that of ASCII is NUL; so is
 * that of the line end, which is in the header in big endian. Other control characters may be
 * delimiters.
 */
static int
has_high_bytes(const char *p, size_t n, size_t first)
{
	char high = n > first ? p[first] : '\n';
	size_t found = 0;

	if (high != '\0' && (high < 3 || high >= 0x1a || isspace((unsigned char)high)))
		return 0;
	for (size_t i = first; i < n; i += 2) {
		if (p[i] != high && (p[i] != '\0' || i + 1 < n))
			return 0;
		found += p[i] == high;
	}
	return found > 1 || (high == '\0' && n > 1);
}

static int
is_utf16(char delim, const char *p, size_t n)
{
	for (size_t first = 0; first < 2; first++)
		if (has_high_bytes(p, n, first) && p[first] != delim)
			return 1;
	return 0;
}

static int
is_tar(const char *p, size_t n)
{
	return n >= TAR_MAGIC_AT + 5 && memcmp(p + TAR_MAGIC_AT, "ustar", 5) == 0;
}

/* Excel's line for the delimiter, which may be followed by empty fields. */
static int
is_sep(char delim, const char *p, size_t n)
{
	if (n > 2 && p[0] == '"' && p[n - 1] == '"') {
		p++;
		n -= 2;
	}
	if (n < 5 || strncasecmp(p, "sep=", 4) != 0 ||
	    (!ispunct((unsigned char)p[4]) && !isblank(p[4])))
		return 0;
	for (size_t i = 5; i < n; i++)
		if (p[i] != delim)
			return 0;
	return 1;
}

int
csv_header_check(char delim, const char *p, size_t n, struct err *e)
{
	if (n < SEP_MAX && is_sep(delim, p, n))
		return err_set(e, EXIT_FAILED,
		    "'%.*s' tells Excel the delimiter, and is no header: remove the line", (int)n,
		    p);
	if (delim != '\0' && is_utf32(p, n))
		return err_set(e, EXIT_FAILED,
		    "UTF-32 (without a byte order mark): convert it to UTF-8 first");
	if (is_utf16(delim, p, n))
		return err_set(e, EXIT_FAILED,
		    "UTF-16 (without a byte order mark): convert it to UTF-8 first");
	if (delim == '\0' || memchr(p, '\0', n) == NULL)
		return 0;
	if (is_tar(p, n))
		return err_set(
		    e, EXIT_FAILED, "not CSV, but a tar archive: extract the files in it first");
	return err_set(e, EXIT_FAILED,
	    "a NUL in the header: binary data, or UTF-16 that is to be converted to UTF-8 first");
}
