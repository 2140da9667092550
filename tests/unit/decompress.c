/*
 * lib/archive/decompress: what is not gzip passes unchanged, gzip comes out decompressed, in pieces
 * of any size; several members, padding, and a stream cut short at every byte.
 */
#include <stdlib.h>
#include <zlib.h>

#include "archive/decompress.h"
#include "base/buf.h"
#include "tap.h"

static int
take(void *arg, const char *p, size_t n, struct err *e)
{
	(void)e;
	buf_add(arg, p, n);
	return 0;
}

static unsigned max_ratio;

/* What comes out, or "!" and the message. */
static const char *
decompressed(const char *p, size_t n, size_t piece)
{
	static struct buf out;
	struct decompress *u = decompress_new(take, &out, max_ratio);
	struct err e;
	int rc = 0;

	buf_reset(&out);
	decompress_begin(u);
	for (size_t at = 0; at < n && rc == 0; at += piece)
		rc = decompress_data(u, p + at, n - at < piece ? n - at : piece, &e);
	if (rc == 0)
		rc = decompress_end(u, &e);
	if (rc != 0) {
		buf_reset(&out);
		buf_addf(&out, "!%s", rc == DECOMPRESS_BAD ? e.text : "?");
	}
	decompress_free(u);
	return buf_str(&out);
}

static void
add_gzip(struct buf *out, const char *text)
{
	z_stream z = {0};

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (unsigned char *)(uintptr_t)text;
	z.avail_in = (unsigned)strlen(text);
	z.avail_out = (unsigned)deflateBound(&z, strlen(text));
	z.next_out = (unsigned char *)buf_room(out, z.avail_out);
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	out->len += z.total_out;
	deflateEnd(&z);
}

static int
is_error(const char *text)
{
	return text[0] == '!';
}

static void
plain(void)
{
	static const char *const texts[] = {"", "a", "id,name\n1,2\n", "\x1f", "\x1fx", "PK\3\4"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t piece = 1; piece < 4; piece++)
			OK_STR(decompressed(texts[i], strlen(texts[i]), piece), texts[i],
			    "text %zu passes as it is, in pieces of %zu", i, piece);
}

static void
packed(void)
{
	struct buf gz = {0}, text = {0};
	unsigned wrong = 0, whole = 0;
	size_t first;

	for (int i = 0; i < 40000; i++)
		buf_addf(&text, "%d,%d\n", i, i * 7919 % 1000);
	add_gzip(&gz, "id,value\n");
	first = gz.len;
	add_gzip(&gz, "");
	add_gzip(&gz, buf_str(&text));
	buf_addc(&text, '\0');
	for (size_t piece = 1; piece <= gz.len; piece = piece * 4 + 1) {
		const char *got = decompressed(gz.p, gz.len, piece);

		wrong += strncmp(got, "id,value\n", 9) != 0 || strcmp(got + 9, text.p) != 0;
	}
	OK(wrong == 0, "three members are one stream, in pieces of any size");
	OK_STR(decompressed("", 0, 1), "", "nothing is nothing");
	for (size_t n = 1; n < first; n++)
		whole += !is_error(decompressed(gz.p, n, 5)) && n > 1;
	OK(whole == 0, "cut short at any of %zu bytes it is an error", first);
	OK_STR(decompressed(gz.p, first - 1, 64), "!gzip: cut short", "which says so");
	OK_STR(decompressed(gz.p, first + 1, 64), "!gzip: cut short", "in a second member too");
	buf_free(&gz);
	buf_free(&text);
}

static void
behind(void)
{
	struct buf gz = {0};

	add_gzip(&gz, "a\n");
	buf_add(&gz, "\0\0\0\0", 4);
	OK_STR(decompressed(gz.p, gz.len, 1), "a\n", "zeros behind it are padding");
	buf_addc(&gz, 'x');
	OK_STR(decompressed(gz.p, gz.len, 1), "!gzip: other data follows it",
	    "but not what comes behind those");
	buf_reset(&gz);
	add_gzip(&gz, "a\n");
	buf_adds(&gz, "b\n");
	OK_STR(decompressed(gz.p, gz.len, 64), "!gzip: other data follows it", "nor text");
	buf_reset(&gz);
	add_gzip(&gz, "a\n");
	gz.p[gz.len - 8] ^= 1;
	OK_STR(decompressed(gz.p, gz.len, 64), "!gzip: incorrect data check", "a wrong checksum");
	buf_reset(&gz);
	add_gzip(&gz, "a\n");
	gz.p[2] = 9;
	OK_STR(
	    decompressed(gz.p, gz.len, 64), "!gzip: unknown compression method", "another method");
	buf_free(&gz);
}

/* Appends n equal bytes, compressed. */
static void
add_bomb(struct buf *out, size_t n)
{
	struct buf text = {0};

	memset(buf_room(&text, n), 'a', n);
	text.len = n;
	add_gzip(out, buf_str(&text));
	buf_free(&text);
}

static void
bound(void)
{
	static const char too_much[] =
	    "!gzip: expands to more than 7 times its size (if the data is "
	    "genuine, raise --max-expand)";
	struct buf gz = {0};
	unsigned same = 0, pieces = 0;

	max_ratio = 7;
	add_bomb(&gz, 1000000);
	OK(!is_error(decompressed(gz.p, gz.len, 999)), "the first MiB is free");
	add_bomb(&gz, 1000000);
	for (size_t piece = 1; piece <= gz.len; piece = piece * 2 + 1, pieces++)
		same += strcmp(decompressed(gz.p, gz.len, piece), too_much) == 0;
	OK(same == pieces, "two members of 1 MB are too much together, in pieces of any size");
	max_ratio = 999;
	OK(!is_error(decompressed(gz.p, gz.len, 999)), "but not with a bound of 999");
	buf_reset(&gz);
	add_bomb(&gz, 20000000);
	max_ratio = 1032;
	OK(strlen(decompressed(gz.p, gz.len, 4096)) == 20000000, "gzip itself reaches 1032");
	max_ratio = 900;
	OK(is_error(decompressed(gz.p, gz.len, 4096)), "which is more than 900");
	max_ratio = 0;
	OK(!is_error(decompressed(gz.p, gz.len, 4096)), "0 is no bound");
	buf_free(&gz);
}

int
main(void)
{
	bound();
	plain();
	packed();
	behind();
	return tap_done();
}
