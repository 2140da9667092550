/*
 * lib/archive/format: each format is known by as many bytes as it takes and by any more, and no
 * honest header is taken for one.
 */
#include <zlib.h>

#include "archive/format.h"
#include "tap.h"

#define BYTES(text) (text), sizeof(text) - 1

static const struct {
	const char *what, *p;
	size_t n;
} formats[] = {
    {"gzip", BYTES("\x1f\x8b\x08\0\0\0\0\0\0\3")},
    {"bzip2", BYTES("BZh61AY&SY\x59\x06\xa9\xdb\x02\0\0\x03\x59\x80")},
    {"bzip2", BYTES("BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0")},
    {"zstd", BYTES("\x28\xb5\x2f\xfd\x04\x58\x41\0\0k,v\n1,2\n")},
    {"zstd", BYTES("\x28\xb5\x2f\xfd\x20\x08\x41\0\0k,v\n1,2\n")},
    {"zstd", BYTES("\x28\xb5\x2f\xfd\xe3\1\2\3\4\0\0\0\0\0\0\0\0\xfd\xff\x0f")},
    {"skippable", BYTES("\x53\x2a\x4d\x18\4\0\0\0abcd")},
    {"xz",
	BYTES("\xfd"
	      "7zXZ\0\0\4")},
    {"LZMA", BYTES("\x5d\0\0\x80\0\xff\xff")},
    {"lzip", BYTES("LZIP\1\x0c")},
    {"LZ4", BYTES("\4\x22\x4d\x18\x64\x40\xa7")},
    {"LZ4", BYTES("\2\x21\x4c\x18\x09\0\0\0")},
    {"lzop", BYTES("\x89LZO\0\r\n\x1a\n")},
    {".Z", BYTES("\x1f\x9d\x90\x6b\x58")},
    {"snappy", BYTES("\xff\6\0\0sNaPpY\0")},
    {"ZIP", BYTES("PK\3\4\x14\0")},
    {"ZIP", BYTES("PK\5\6\0\0")},
    {"7z", BYTES("7z\xbc\xaf\x27\x1c\0\4")},
    {"RAR", BYTES("Rar!\x1a\7\1\0")},
    {"Parquet", BYTES("PAR1\x15\0\x15\x1c")},
    {"Parquet", BYTES("PARE\x15\4\x15\x1c")},
    {"ORC", BYTES("ORC\n\x1c\n\4\x08\1\x50")},
    {"ORC", BYTES("ORC\x2a\0\0\x0b\xe4")},
    {"Avro",
	BYTES("Obj\1\4\x16"
	      "avro.schema")},
    {"Arrow", BYTES("ARROW1\0\0\xff\xff\xff\xff")},
    {"Arrow", BYTES("\xff\xff\xff\xff\x78\1\0\0")},
    {"Feather", BYTES("FEA1\0\0\0\0")},
    {"SequenceFile", BYTES("SEQ\6\x19org")},
    {"RCFile", BYTES("RCF\1\0")},
    {"HDF5", BYTES("\x89HDF\r\n\x1a\n\0")},
    {"SQLite", BYTES("SQLite format 3\0\x10\0")},
    {".xls", BYTES("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0")},
    {"PDF", BYTES("%PDF-1.7\n%\xb5\xb5\xb5\xb5\n\n1 0 obj\n")},
    {"AppleDouble", BYTES("\0\5\x16\7\0\2\0\0")},
    {"AppleSingle", BYTES("\0\5\x16\0\0\2\0\0")},
};

/* Headers, with a row where that makes them more like a format. */
static const char *const honest[] = {"id,name", "BZh,b", "BZh9,b", "BZh91AY&SY,b\nx,y,z\n1,2,3\n",
    "PAR1,a", "PAR1\na\n", "PARE\tb", "ORC", "ORC,a", "ORC\nOracle\n", "Obj,1", "PK,name", "PK",
    "x^2", "x^2,y\n1,2\n3,4\n5,6\n", "x\x9c,a\n", "x\xda\n\xdf\n", "x\x01", "xy", "h", "8", "H,a",
    "(\xb5/\xfd,a", "(\xb5/\xfd", "(a)", "7z,a", "7zip", "Rar!,b", "Rar", "LZIP,x", "LZIPS",
    "ARROW1,x", "ARROW", "FEA1,FEA2", "FEA1", "SEQ,a", "SEQ", "RCF", "SQLite format 3,a",
    "SQLite format 3", "%PDF-1.4,a\n", "%PDF-1.4\n1\n2\n", "%PDF", "%", "]", "]a", "P*M", "[*M]",
    "X", "Q", "\xff\xff\xff\xff,a,b,c", "\xd0\xcf,a", "\x89LZO,a", "\x04", "\x02,a"};

static void
test_formats(void)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct format_is is = {"nothing", ""};
		size_t n = 0;
		enum format_verdict v;

		while (
		    (v = format_look(formats[i].p, n, 0, &is)) == FORMAT_MORE && n < formats[i].n)
			n++;
		OK(v == FORMAT_KNOWN && strstr(is.name, formats[i].what) != NULL,
		    "%s is known by %zu bytes: %s", formats[i].what, n, is.name);
		for (; n < formats[i].n && v == FORMAT_KNOWN; n++)
			v = format_look(formats[i].p, n, n % 2 != 0, &is);
		OK(v == FORMAT_KNOWN, "and by any more");
	}
}

static void
test_honest(void)
{
	for (size_t i = 0; i < sizeof(honest) / sizeof(honest[0]); i++) {
		struct format_is is = {"nothing", ""};
		size_t n = strlen(honest[i]);
		enum format_verdict v = FORMAT_MORE;

		for (size_t k = 0; k < n && v == FORMAT_MORE; k++)
			v = format_look(honest[i], k, 0, &is);
		OK(v != FORMAT_KNOWN && format_look(honest[i], n, 1, &is) == FORMAT_NONE,
		    "header %zu is honest: %.3s", i, honest[i]);
	}
}

/* Zlib streams of every level and window, of a few bytes and of many. */
static void
test_zlib(void)
{
	static unsigned char text[20000], packed[30000];
	unsigned seed = 7, good = 0, all = 0;

	for (size_t i = 0; i < sizeof(text); i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = "0123456789,,\nabc"[seed >> 16 & 15];
	}
	for (int bits = 9; bits <= 15; bits++)
		for (int level = 0; level <= 9; level++)
			for (size_t n = 1; n <= sizeof(text); n = n * 4 + 3) {
				z_stream z = {.next_in = text, .avail_in = (unsigned)n};
				struct format_is is;
				size_t len;

				if (deflateInit2(&z, level, Z_DEFLATED, bits, 8, 0) != Z_OK)
					continue;
				z.next_out = packed;
				z.avail_out = sizeof(packed);
				deflate(&z, Z_FINISH);
				len = z.total_out;
				deflateEnd(&z);
				/* at level 1 a small window begins as text does */
				if (bits < 15 && packed[1] >= ' ' && packed[1] < 127)
					continue;
				all++;
				good += format_look((const char *)packed, len, 1, &is) ==
					FORMAT_KNOWN &&
				    strstr(is.name, "zlib") != NULL;
			}
	OK(all > 300 && good == all, "zlib: %u of %u streams are known", good, all);
}

int
main(void)
{
	test_formats();
	test_honest();
	test_zlib();
	return tap_done();
}
