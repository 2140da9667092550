/*
 * lib/archive/tar: it reads what it writes, in pieces of any size, and what other programs write;
 * it refuses streams that are cut short or damaged. tests/tar.bats does the same with GNU tar.
 */
#include <stdlib.h>

#include "archive/tar.h"
#include "base/buf.h"
#include "tap.h"

#define BAD_SIZE "the tar stream is damaged: the size of a member is not a valid number"

/* Reads a stream in pieces. The result is "name(size)=body;" for each entry, then how it ended. */
static const char *
read_back(const char *p, size_t n, size_t piece)
{
	static struct buf out;
	struct tar_reader *t = tar_reader_new();
	enum tar_event ev = TAR_NEED;
	const char *data;
	size_t len;
	struct err e;

	buf_reset(&out);
	for (size_t at = 0; at < n && ev == TAR_NEED; at += piece) {
		const char *in = p + at;
		size_t in_len = n - at < piece ? n - at : piece;

		while ((ev = tar_reader_next(t, &in, &in_len, &data, &len, &e)) != TAR_NEED &&
		    ev != TAR_ERROR) {
			if (ev == TAR_END) {
				continue;
			} else if (ev == TAR_DATA) {
				buf_add(&out, data, len);
			} else if (ev == TAR_CLOSE) {
				buf_addc(&out, ';');
			} else {
				data = tar_entry_name(t, &len);
				buf_add(&out, data, len);
				buf_addf(&out, "(%llu)%s", (unsigned long long)tar_entry_size(t),
				    tar_entry_unfit(t) != NULL ? "!" : "=");
			}
		}
	}
	if (ev == TAR_ERROR || tar_reader_eof(t, &e) == -1)
		buf_addf(&out, "%s", e.text);
	else
		buf_adds(&out, "whole");
	tar_reader_free(t);
	return buf_str(&out);
}

static void
add_file(struct buf *out, const char *name, const char *body)
{
	size_t len = strlen(body);

	tar_write_header(out, name, strlen(name), len, 1700000000);
	buf_add(out, body, len);
	memset(buf_room(out, tar_padding(len)), 0, tar_padding(len));
	out->len += tar_padding(len);
}

static void
set_sum(char block[static TAR_BLOCK])
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
}

/* Adds a header block that tar_write_header would not write. */
static void
add_block(struct buf *out, char type, const char *name, const char *size)
{
	size_t at = out->len;

	tar_write_header(out, name, strlen(name), 0, 0);
	memcpy(out->p + at + 124, size, 12);
	out->p[at + 156] = type;
	set_sum(out->p + at);
}

static void
add_padded(struct buf *out, const char *p, size_t n)
{
	buf_add(out, p, n);
	memset(buf_room(out, tar_padding(n)), 0, tar_padding(n));
	out->len += tar_padding(n);
}

static void
round_trip(void)
{
	char name[1025], body[2000];
	struct buf tar = {0}, want = {0};
	unsigned bad = 0;

	srand(2);
	for (int round = 0; round < 300; round++) {
		buf_reset(&tar);
		buf_reset(&want);
		for (int files = rand() % 4; files >= 0; files--) {
			size_t name_len = 1 + (size_t)rand() % (round % 3 != 0 ? 110 : 1024);
			size_t len = (size_t)rand() % 1600;

			for (size_t i = 0; i < name_len; i++)
				name[i] = (char)(1 + rand() % 255);
			name[name_len] = body[len] = '\0';
			memset(body, 'a' + rand() % 26, len);
			add_file(&tar, name, body);
			buf_addf(&want, "%s(%zu)=%s;", name, len, body);
		}
		tar_write_end(&tar);
		buf_adds(&want, "whole");
		for (size_t piece = 1; piece < 3000; piece = piece * 3 + (size_t)rand() % 7)
			bad += strcmp(read_back(tar.p, tar.len, piece), buf_str(&want)) != 0;
	}
	OK(bad == 0, "300 archives, names of any bytes, come back in pieces of any size");
	buf_free(&tar);
	buf_free(&want);
}

static void
cut_short(void)
{
	struct buf tar = {0};
	unsigned whole = 0;

	add_file(&tar, "a.csv", "id\n1\n");
	add_file(&tar, "caf\xc3\xa9.csv", "id\n2\n");
	tar_write_end(&tar);
	for (size_t n = 0; n < tar.len; n++)
		whole += strstr(read_back(tar.p, n, 100), "whole") != NULL;
	OK(whole == 0, "cut short at any of %zu bytes it is not whole", tar.len);
	OK_STR(read_back(tar.p, tar.len, 512), "a.csv(5)=id\n1\n;caf\xc3\xa9.csv(5)=id\n2\n;whole",
	    "and whole it is");
	buf_free(&tar);
}

/* Formats that other programs write. */
static void
forms(void)
{
	struct buf tar = {0};

	tar_write_header(&tar, "big", 3, UINT64_C(10737418240), -5);
	OK(memcmp(tar.p + TAR_BLOCK, "20 size=10737418240\n12 mtime=-5\n", 32) == 0,
	    "10 GiB and a time before 1970 are pax records");
	OK(strncmp(read_back(tar.p, tar.len, 99), "big(10737418240)=", 17) == 0, "and read back");
	buf_reset(&tar);
	add_block(&tar, '0', "huge", "\x80\0\0\0\0\0\0\x03\0\0\0\0");
	OK(strncmp(read_back(tar.p, tar.len, 512), "huge(12884901888)=", 18) == 0, "base 256");
	buf_reset(&tar);
	add_block(&tar, 'L', "././@LongLink", "00000000005");
	add_padded(&tar, "long", 5);
	add_block(&tar, '0', "short", "00000000002");
	add_padded(&tar, "x\n", 2);
	add_block(&tar, '5', "folder/", "00000000077");
	add_block(&tar, '2', "link", "00000000000");
	add_block(&tar, '1', "hard", "00000000077");
	add_block(&tar, 'S', "sparse", "00000000003");
	add_padded(&tar, "abc", 3);
	add_block(&tar, '\0', "v7", "00000000001");
	add_padded(&tar, "y", 1);
	add_block(&tar, '\0', "v7folder/", "00000000000");
	tar_write_end(&tar);
	OK_STR(read_back(tar.p, tar.len, 7),
	    "long(2)=x\n;link(0)!;hard(0)!;sparse(3)!abc;v7(1)=y;whole",
	    "GNU's long name, folders, links, a sparse file, V7");
	buf_free(&tar);
}

static void
pax_records(void)
{
	static const struct {
		const char *pax, *says;
	} cases[] = {
	    {"8 path=\n", "short(0)=;whole"}, /* empty: the header block counts */
	    {"8 path=\n10 path=a\n", "a(0)=;whole"},
	    {"10 path=a\n10 path=b\n", "the tar stream is damaged: a member with two names"},
	    {"10 path=a\n10 path=a\n", "the tar stream is damaged: a member with two names"},
	    {"9 size=0\n9 size=0\n", "the tar stream is damaged: a member with two sizes"},
	    {"28 size=9223372036854775808\n", BAD_SIZE},
	    {"29 size=18446744073709551616\n", BAD_SIZE},
	    {"18446744073709551627 path=a\n", "the tar stream is damaged: a pax record is wrong"},
	    {"99999999999999999999999 path=a\n",
		"the tar stream is damaged: a pax record is wrong"},
	    {"-10 path=a\n", "the tar stream is damaged: a pax record is wrong"},
	    {"11 path=ab\n", "ab(0)=;whole"},
	    {"12 path=a=b\n", "a=b(0)=;whole"},
	    {"10 path=a\n9 size=0\n", "a(0)=;whole"},
	    {"11 path=ab", "the tar stream is damaged: a pax record is wrong"},
	    {"99 path=ab\n", "the tar stream is damaged: a pax record is wrong"},
	    {"2 path=ab\n", "the tar stream is damaged: a pax record is wrong"},
	    {"x path=ab\n", "the tar stream is damaged: a pax record is wrong"},
	    {"5 ab\n", "the tar stream is damaged: a pax record is wrong"},
	    {"10 size=a\n", BAD_SIZE},
	    {"11 size=-1\n", BAD_SIZE},
	    {"22 GNU.sparse.major=1\n", "short(0)!;whole"},
	};
	struct buf tar = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char size[24];

		buf_reset(&tar);
		snprintf(size, sizeof(size), "%011zo", strlen(cases[i].pax));
		add_block(&tar, 'x', "x", size);
		add_padded(&tar, cases[i].pax, strlen(cases[i].pax));
		add_block(&tar, '0', "short", "00000000000");
		tar_write_end(&tar);
		OK_STR(read_back(tar.p, tar.len, 511), cases[i].says, "pax record %zu", i);
	}
	buf_free(&tar);
}

/* Headers whose size is not one. */
static void
sizes(void)
{
	static const char *const bad[] = {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	    "\x80\0\0\0\x80\0\0\0\0\0\0", "\x81\0\0\0\0\0\0\0\0\0\0", "-0000000001", "0000000008",
	    "0x00000001", "+0000000001"};
	char field[12];
	struct buf tar = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(field, 0, sizeof(field));
		memcpy(field, bad[i], i < 3 ? 12 : strlen(bad[i]));
		buf_reset(&tar);
		add_block(&tar, '0', "a", field);
		OK_STR(read_back(tar.p, tar.len, 512), BAD_SIZE, "size %zu", i);
	}
	buf_reset(&tar);
	add_block(&tar, '0', "a", "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
	OK_STR(read_back(tar.p, tar.len, 512),
	    "a(9223372036854775807)=the tar stream ends without its end-of-archive: it was cut "
	    "short",
	    "the largest one");
	buf_free(&tar);
}

/* Adds a GNU long name record of n bytes. */
static void
add_long_name(struct buf *out, const char *name, size_t n)
{
	char size[24];

	snprintf(size, sizeof(size), "%011zo", n);
	add_block(out, 'L', "././@LongLink", size);
	add_padded(out, name, n);
}

static void
names(void)
{
	struct buf tar = {0};

	add_long_name(&tar, "a\0b\0", 4);
	add_block(&tar, '0', "short", "00000000000");
	OK_STR(read_back(tar.p, tar.len, 512), "the tar stream is damaged: a NUL in a name",
	    "GNU's long name with a NUL inside");
	buf_reset(&tar);
	add_long_name(&tar, "long", 5);
	add_long_name(&tar, "longer", 7);
	add_block(&tar, '0', "short", "00000000000");
	OK_STR(read_back(tar.p, tar.len, 512), "the tar stream is damaged: a member with two names",
	    "two of them");
	buf_reset(&tar);
	add_long_name(&tar, "long", 5);
	add_block(&tar, 'x', "x", "00000000013");
	add_padded(&tar, "11 path=ab\n", 11);
	OK_STR(read_back(tar.p, tar.len, 512), "the tar stream is damaged: a member with two names",
	    "one of each kind");
	buf_reset(&tar);
	add_block(&tar, '0', "", "00000000000");
	OK_STR(read_back(tar.p, tar.len, 512), "the tar stream is damaged: a member without a name",
	    "no name");
	buf_reset(&tar);
	add_long_name(&tar, "long", 5);
	tar_write_end(&tar);
	OK_STR(read_back(tar.p, tar.len, 512),
	    "the tar stream is damaged: an extended header without a member", "no member");
	buf_reset(&tar);
	add_block(&tar, 'L', "././@LongLink", "00004000001");
	OK_STR(read_back(tar.p, tar.len, 512),
	    "the tar stream is damaged: a name record of over 1 MiB",
	    "a record of 1 MiB and a byte");
	buf_free(&tar);
}

static void
types(void)
{
	struct buf tar = {0};

	for (const char *type = "2346MNXZa"; *type != '\0'; type++)
		add_block(&tar, *type, "t", "00000000000");
	add_block(&tar, 'V', "label", "00000000000");
	add_block(&tar, 'D', "folder", "00000000001");
	add_padded(&tar, "\0", 1);
	tar_write_end(&tar);
	OK_STR(read_back(tar.p, tar.len, 99),
	    "t(0)!;t(0)!;t(0)!;t(0)!;t(0)!;t(0)!;t(0)!;t(0)!;t(0)!;whole",
	    "links, devices and unknown types are no files; labels and folders are skipped");
	buf_free(&tar);
}

static void
global_records(void)
{
	struct buf tar = {0};

	add_block(&tar, 'g', "g", "00000000013");
	add_padded(&tar, "11 path=ab\n", 11);
	OK_STR(read_back(tar.p, tar.len, 512),
	    "a global header of the tar stream sets path or size", "a global path");
	buf_reset(&tar);
	add_block(&tar, 'g', "g", "00000000015");
	add_padded(&tar, "13 comment=a\n", 13);
	tar_write_end(&tar);
	OK_STR(read_back(tar.p, tar.len, 512), "whole", "a global comment");
	buf_free(&tar);
}

static void
sums(void)
{
	struct buf tar = {0};

	add_file(&tar, "a", "b");
	tar.p[200] = 'x';
	OK_STR(read_back(tar.p, tar.len, 512), "not a tar stream", "a sum that is wrong at once");
	buf_reset(&tar);
	add_file(&tar, "a", "b");
	memset(tar.p + 157, 0xff, TAR_BLOCK - 157); /* not read without the magic */
	set_sum(tar.p);
	tar_write_end(&tar);
	OK_STR(read_back(tar.p, tar.len, 512), "a(1)=b;whole", "a header of large bytes");
	OK_STR(read_back("id,name\n1,2\n", 12, 5),
	    "the tar stream ends without its end-of-archive: it was cut short", "CSV");
	buf_free(&tar);
}

static void
after_the_end(void)
{
	struct buf tar = {0};

	add_file(&tar, "a", "b");
	tar_write_end(&tar);
	tar_write_end(&tar);
	OK_STR(read_back(tar.p, tar.len, 7), "a(1)=b;whole", "zeros after the end");
	add_file(&tar, "c", "d");
	tar_write_end(&tar);
	for (size_t piece = 500; piece < 6000; piece += 500)
		OK_STR(read_back(tar.p, tar.len, piece),
		    "a(1)=b;the tar stream goes on after its end-of-archive: several archives, "
		    "one after another, are not read",
		    "another archive after it, in pieces of %zu", piece);
	buf_free(&tar);
}

int
main(void)
{
	round_trip();
	cut_short();
	forms();
	pax_records();
	sizes();
	names();
	types();
	global_records();
	sums();
	after_the_end();
	return tap_done();
}
