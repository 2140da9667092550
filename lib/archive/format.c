#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "archive/format.h"
#include "base/err.h"

static enum format_verdict
not_yet(int whole)
{
	return whole ? FORMAT_NONE : FORMAT_MORE;
}

/* A control character that text does not have, among the 12 bytes behind a magic of four. */
static enum format_verdict
control(const unsigned char *p, size_t n, int whole)
{
	enum { END = 16 };

	for (size_t i = 4; i < END; i++) {
		if (i >= n)
			return not_yet(whole);
		if (p[i] == '\0' || (p[i] < ' ' && strchr("\t\n\v\f\r\x1b", p[i]) == NULL))
			return FORMAT_KNOWN;
	}
	return FORMAT_NONE;
}

static uint32_t
little_endian(const unsigned char *p, size_t n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

/* The level, the magic of a block, its CRC, and 25 bits that are below 900,000. Without a block:
 * the magic of the end, which has a control character. */
static enum format_verdict
bzip2(const unsigned char *p, size_t n, int whole)
{
	enum { MAGIC_AT = 4, CRC_AT = 10, ORIGIN_AT = 14 };

	if (n > 3 && (p[3] < '1' || p[3] > '9'))
		return FORMAT_NONE;
	if (n < CRC_AT)
		return not_yet(whole);
	if (memcmp(p + MAGIC_AT, "\x17\x72\x45\x38\x50\x90", 6) == 0)
		return FORMAT_KNOWN;
	if (memcmp(p + MAGIC_AT, "1AY&SY", 6) != 0)
		return FORMAT_NONE;
	if (n <= ORIGIN_AT)
		return not_yet(whole);
	return (p[ORIGIN_AT] & 0x7f) <= 900000 >> 17 ? FORMAT_KNOWN : FORMAT_NONE;
}

/* RFC 8878: the frame's header, and that of a block, whose size is at most 128 KiB: its last byte
 * is a control character. */
static enum format_verdict
zstd(const unsigned char *p, size_t n, int whole)
{
	enum { BLOCK_MAX = 128 * 1024, RESERVED = 3 };
	static const unsigned char id_len[] = {0, 1, 2, 4}, size_len[] = {0, 2, 4, 8};
	int single;
	uint32_t block;
	size_t at;

	if (n < 5)
		return not_yet(whole);
	if (p[4] & 0x08)
		return FORMAT_NONE;
	single = p[4] >> 5 & 1;
	at = 5 + (size_t)!single + id_len[p[4] & 3] + size_len[p[4] >> 6] +
	    (size_t)(single && p[4] >> 6 == 0);
	if (n < at + 3)
		return not_yet(whole);
	block = little_endian(p + at, 3);
	return (block >> 1 & 3) != RESERVED && block >> 3 <= BLOCK_MAX ? FORMAT_KNOWN : FORMAT_NONE;
}

/* A version, and an object soon after it. */
static enum format_verdict
pdf(const unsigned char *p, size_t n, int whole)
{
	if (n < 9)
		return not_yet(whole);
	if (!isdigit(p[5]) || p[6] != '.' || !isdigit(p[7]) || !isspace(p[8]))
		return FORMAT_NONE;
	if (memmem(p, n, " obj", 4) != NULL)
		return FORMAT_KNOWN;
	return n < FORMAT_LEAD ? not_yet(whole) : FORMAT_NONE;
}

enum remedy { DECOMPRESS, EXTRACT, CONVERT, LEAVE_OUT };

enum follows {
	NOTHING, /* the magic number has a byte that text does not have */
	CONTROL,
	BZIP2,
	ZSTD,
	PDF
};

#define MAGIC(text) text, sizeof(text) - 1

/* No pointers: each would be work at every start of the program. */
static const struct format {
	char magic[17];
	unsigned char len, follows, remedy;
	char name[52];
} formats[] = {
    {MAGIC("\x1f\x8b"), NOTHING, DECOMPRESS, "compressed by gzip twice"},
    {MAGIC("BZh"), BZIP2, DECOMPRESS, "compressed by bzip2"},
    {MAGIC("\x28\xb5\x2f\xfd"), ZSTD, DECOMPRESS, "compressed by zstd"},
    {MAGIC("\xfd"
	   "7zXZ\0"),
	NOTHING, DECOMPRESS, "compressed by xz"},
    {MAGIC("\x5d\0\0"), NOTHING, DECOMPRESS, "compressed by LZMA"},
    {MAGIC("LZIP\1"), NOTHING, DECOMPRESS, "compressed by lzip"},
    {MAGIC("\x04\x22\x4d\x18"), NOTHING, DECOMPRESS, "compressed by LZ4"},
    {MAGIC("\x02\x21\x4c\x18"), NOTHING, DECOMPRESS, "compressed by LZ4"},
    {MAGIC("\x89LZO\0"), NOTHING, DECOMPRESS, "compressed by lzop"},
    {MAGIC("\x1f\x9d"), NOTHING, DECOMPRESS, "compressed by compress (.Z)"},
    {MAGIC("\xff\x06\0\0sNaPpY"), NOTHING, DECOMPRESS, "compressed by snappy"},
    {MAGIC("PK\3\4"), NOTHING, EXTRACT, "a ZIP archive (which .xlsx is, too)"},
    {MAGIC("PK\5\6"), NOTHING, EXTRACT, "a ZIP archive without files"},
    {MAGIC("PK\7\10"), NOTHING, EXTRACT, "a part of a ZIP archive"},
    {MAGIC("7z\xbc\xaf\x27\x1c"), NOTHING, EXTRACT, "a 7z archive"},
    {MAGIC("Rar!\x1a\7"), NOTHING, EXTRACT, "a RAR archive"},
    {MAGIC("PAR1"), CONTROL, CONVERT, "Parquet"},
    {MAGIC("PARE"), CONTROL, CONVERT, "encrypted Parquet"},
    {MAGIC("ORC"), CONTROL, CONVERT, "ORC"},
    {MAGIC("Obj\1"), NOTHING, CONVERT, "Avro"},
    {MAGIC("ARROW1\0\0"), NOTHING, CONVERT, "Arrow"},
    {MAGIC("\xff\xff\xff\xff"), CONTROL, CONVERT, "an Arrow stream"},
    {MAGIC("FEA1"), CONTROL, CONVERT, "Feather"},
    {MAGIC("SEQ\6"), NOTHING, CONVERT, "a Hadoop SequenceFile"},
    {MAGIC("RCF\1"), NOTHING, CONVERT, "an RCFile"},
    {MAGIC("\x89HDF\r\n\x1a\n"), NOTHING, CONVERT, "HDF5"},
    {MAGIC("SQLite format 3\0"), NOTHING, CONVERT, "an SQLite database"},
    {MAGIC("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), NOTHING, CONVERT,
	"an old Excel file (.xls) or another OLE file"},
    {MAGIC("%PDF-"), PDF, CONVERT, "PDF"},
    {MAGIC("\0\5\x16\7"), NOTHING, LEAVE_OUT, "AppleDouble, the attributes of a file on macOS"},
    {MAGIC("\0\5\x16\0"), NOTHING, LEAVE_OUT, "AppleSingle, a file of macOS with its attributes"},
};

/* Does it decompress? Text does so for a few bytes only, and to no right checksum. Apart, because
 * of the room it takes on the stack. */
__attribute__((noinline)) static enum format_verdict
inflates(const unsigned char *p, size_t n, int whole)
{
	z_stream z = {0};
	unsigned char out[4096];
	int rc = Z_OK;

	if (inflateInit(&z) != Z_OK)
		err_nomem();
	z.next_in = (unsigned char *)(uintptr_t)p;
	z.avail_in = (unsigned)n;
	do {
		z.next_out = out;
		z.avail_out = sizeof(out);
		rc = inflate(&z, Z_NO_FLUSH);
	} while (rc == Z_OK && z.avail_out == 0);
	inflateEnd(&z);
	if (rc == Z_STREAM_END)
		return FORMAT_KNOWN;
	if (rc != Z_OK && rc != Z_BUF_ERROR)
		return FORMAT_NONE;
	return n < FORMAT_LEAD ? not_yet(whole) : FORMAT_KNOWN;
}

/* RFC 1950. Its two bytes of header say little: "x^" is one. */
static enum format_verdict
zlib(const unsigned char *p, size_t n, int whole)
{
	if ((p[0] & 0x8f) != 0x08)
		return FORMAT_NONE;
	if (n < 2)
		return not_yet(whole);
	if ((p[0] << 8 | p[1]) % 31 != 0 || (isprint(p[1]) && memcmp(p, "x^", 2) != 0))
		return FORMAT_NONE;
	return inflates(p, n, whole);
}

/* Do the bytes begin with a magic number? */
static enum format_verdict
begins(const unsigned char *p, size_t n, int whole, const char *magic, size_t len)
{
	if (memcmp(p, magic, n < len ? n : len) != 0)
		return FORMAT_NONE;
	return n < len ? not_yet(whole) : FORMAT_KNOWN;
}

static enum format_verdict
follows(int what, const unsigned char *p, size_t n, int whole)
{
	switch (what) {
	case CONTROL: return control(p, n, whole);
	case BZIP2: return bzip2(p, n, whole);
	case ZSTD: return zstd(p, n, whole);
	case PDF: return pdf(p, n, whole);
	default: return FORMAT_KNOWN;
	}
}

static const char *
remedy(int what)
{
	switch (what) {
	case DECOMPRESS: return "decompress it first";
	case EXTRACT: return "extract the files in it first";
	case CONVERT: return "convert it to CSV first";
	default: return "leave it out (macOS's tar adds none with COPYFILE_DISABLE=1)";
	}
}

static enum format_verdict
look_up(const unsigned char *p, size_t n, int whole, struct format_is *is)
{
	enum format_verdict v;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const struct format *f = &formats[i];

		if (p[0] != (unsigned char)f->magic[0])
			continue;
		v = begins(p, n, whole, f->magic, f->len);
		if (v == FORMAT_KNOWN)
			v = follows(f->follows, p, n, whole);
		if (v != FORMAT_NONE) {
			*is = (struct format_is){f->name, remedy(f->remedy)};
			return v;
		}
	}
	return FORMAT_NONE;
}

/* Formats that begin with one of several bytes. */
static enum format_verdict
look_outside(const unsigned char *p, size_t n, int whole, struct format_is *is)
{
	enum format_verdict v;

	/* a frame that zstd and LZ4 skip, of which there are 16 kinds */
	if (p[0] >> 4 == 5 && (v = begins(p + 1, n - 1, whole, "\x2a\x4d\x18", 3)) != FORMAT_NONE) {
		*is = (struct format_is){"a skippable frame of zstd or LZ4", remedy(DECOMPRESS)};
		return v;
	}
	*is = (struct format_is){"compressed by zlib", remedy(DECOMPRESS)};
	return zlib(p, n, whole);
}

/* Headers mostly begin with something else, and are looked at no further. */
enum { IN_TABLE = 1, NOT_IN_TABLE = 2 };

/* clang-format off */
static const unsigned char firsts[256] = {
	[0x00] = IN_TABLE, [0x02] = IN_TABLE, [0x04] = IN_TABLE, [0x1f] = IN_TABLE,
	['%'] = IN_TABLE, ['('] = IN_TABLE, ['7'] = IN_TABLE, ['A'] = IN_TABLE, ['B'] = IN_TABLE,
	['F'] = IN_TABLE, ['L'] = IN_TABLE, ['O'] = IN_TABLE, ['P'] = IN_TABLE, ['R'] = IN_TABLE,
	['S'] = IN_TABLE, [']'] = IN_TABLE, [0x89] = IN_TABLE, [0xd0] = IN_TABLE,
	[0xfd] = IN_TABLE, [0xff] = IN_TABLE,
	/* zlib, but '(' */
	[0x08] = NOT_IN_TABLE, [0x18] = NOT_IN_TABLE, ['8'] = NOT_IN_TABLE, ['H'] = NOT_IN_TABLE,
	['h'] = NOT_IN_TABLE, ['x'] = NOT_IN_TABLE,
	/* frames that are skipped, 0x50 to 0x5f, but 'P', 'R', 'S', ']'; 'X' is zlib's, too */
	['Q'] = NOT_IN_TABLE, ['T'] = NOT_IN_TABLE, ['U'] = NOT_IN_TABLE, ['V'] = NOT_IN_TABLE,
	['W'] = NOT_IN_TABLE, ['X'] = NOT_IN_TABLE, ['Y'] = NOT_IN_TABLE, ['Z'] = NOT_IN_TABLE,
	['['] = NOT_IN_TABLE, ['\\'] = NOT_IN_TABLE, ['^'] = NOT_IN_TABLE, ['_'] = NOT_IN_TABLE,
};
/* clang-format on */

enum format_verdict
format_look(const char *p, size_t n, int whole, struct format_is *is)
{
	const unsigned char *u = (const unsigned char *)p;
	enum format_verdict v = FORMAT_NONE;

	if (n == 0)
		return not_yet(whole);
	if (n > FORMAT_LEAD)
		n = FORMAT_LEAD;
	if (firsts[u[0]] == IN_TABLE)
		v = look_up(u, n, whole, is);
	if (firsts[u[0]] != 0 && v == FORMAT_NONE)
		v = look_outside(u, n, whole, is);
	return v;
}
