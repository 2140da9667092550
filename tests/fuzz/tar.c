/*
 * lib/archive/tar: a stream gives the same events in pieces of any size, and every name that is
 * written is read back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAME_MAX_LEN = 1 << 16 };

/* What holds for every event. */
static void
check_event(const struct tar_reader *t, enum tar_event ev, int *open)
{
	const char *name;
	size_t len;

	name = tar_entry_name(t, &len);
	if ((ev == TAR_ENTRY) == *open)
		abort(); /* a member begins inside another, or there is data outside of one */
	*open = ev != TAR_CLOSE;
	if (len == 0 || len > NAME_MAX_LEN || memchr(name, '\0', len) != NULL ||
	    tar_entry_size(t) > INT64_MAX)
		abort();
}

static void
read_all(struct buf *out, const char *p, size_t n, size_t piece)
{
	struct tar_reader *t = tar_reader_new();
	enum tar_event ev = TAR_NEED;
	const char *data;
	size_t len;
	struct err e = {.text = ""};
	int open = 0;

	for (size_t at = 0; at < n && ev == TAR_NEED; at += piece < n - at ? piece : n - at) {
		const char *in = p + at;
		size_t in_len = n - at < piece ? n - at : piece;

		while ((ev = tar_reader_next(t, &in, &in_len, &data, &len, &e)) != TAR_NEED &&
		    ev != TAR_ERROR) {
			if (ev != TAR_END)
				check_event(t, ev, &open);
			if (ev == TAR_DATA && (len == 0 || data < p || data + len > p + n))
				abort();
			if (ev == TAR_DATA) {
				buf_add(out, data, len);
				continue;
			}
			if (ev == TAR_END) {
				buf_addc(out, '.');
				continue;
			}
			data = tar_entry_name(t, &len);
			buf_addc(out, ev == TAR_CLOSE ? ';' : ':');
			buf_add(out, data, len);
			buf_addf(out, "%llu%s", (unsigned long long)tar_entry_size(t),
			    tar_entry_unfit(t) != NULL ? tar_entry_unfit(t) : "");
		}
	}
	if (ev == TAR_ERROR || tar_reader_eof(t, &e) == -1)
		buf_adds(out, e.text);
	tar_reader_free(t);
}

static int
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

static void
check_written(const char *name, size_t len)
{
	struct buf tar = {0}, got = {0}, want = {0};

	if (len == 0 || len > 5000 || memchr(name, '\0', len) != NULL)
		return;
	tar_write_header(&tar, name, len, 0, 0);
	tar_write_end(&tar);
	read_all(&got, tar.p, tar.len, 100);
	buf_addc(&want, ':');
	buf_add(&want, name, len);
	buf_adds(&want, "0;");
	buf_add(&want, name, len);
	buf_adds(&want, "0.");
	if (got.len != want.len || memcmp(buf_str(&got), want.p, want.len) != 0)
		abort();
	buf_free(&tar);
	buf_free(&got);
	buf_free(&want);
}

/* Corrects the checksum of each mutated header, so that the fuzzer gets past it. */
static void
mend_sums(char *p, size_t n)
{
	for (size_t at = 0; at + TAR_BLOCK <= n; at += TAR_BLOCK) {
		unsigned sum = 0;

		if (memcmp(p + at + 257, "ustar", 5) != 0)
			continue;
		memset(p + at + 148, ' ', 8);
		for (size_t i = 0; i < TAR_BLOCK; i++)
			sum += (unsigned char)p[at + i];
		for (size_t i = 6; i-- > 0; sum >>= 3)
			p[at + 148 + i] = (char)('0' + (sum & 7));
		p[at + 154] = '\0';
	}
}

/* A stream of members and records that are well-formed outside and hostile inside: each is a byte
 * for the type, one for the length of what follows, a field for the size now and then, a name. */
static void
check_built(const char *p, size_t n)
{
	static const char types[] = "0xLgK012357SMVDNZ";
	struct buf tar = {0}, whole = {0}, cut = {0};
	const char *end = p + n;

	while (end - p > 16) {
		char type = types[(unsigned char)p[0] % (sizeof(types) - 1)];
		size_t len = (unsigned char)p[1], at = tar.len;
		int odd = (unsigned char)p[2] % 4 == 0;

		if (len > (size_t)(end - p) - 16)
			len = (size_t)(end - p) - 16;
		tar_write_header(&tar, "m", (unsigned char)p[2] % 8 != 1, len, 0);
		memcpy(tar.p + at + 156, &type, 1);
		if (odd)
			memcpy(tar.p + at + 124, p + 3, 12);
		buf_add(&tar, p + 16, len);
		memset(buf_room(&tar, tar_padding(len)), 0, tar_padding(len));
		tar.len += tar_padding(len);
		p += 16 + len;
	}
	tar_write_end(&tar);
	mend_sums(tar.p, tar.len);
	read_all(&whole, tar.p, tar.len, SIZE_MAX);
	read_all(&cut, tar.p, tar.len, 1 + n % 700);
	if (!same(&whole, &cut))
		abort();
	buf_free(&tar);
	buf_free(&whole);
	buf_free(&cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = {0}, cut = {0};
	char *p = malloc(size + 1);

	if (p == NULL)
		abort();
	memcpy(p, data, size);
	check_written(p, size);
	check_built(p, size);
	mend_sums(p, size);
	read_all(&whole, p, size, SIZE_MAX);
	read_all(&cut, p, size, 1 + size % 600);
	if (!same(&whole, &cut))
		abort();
	buf_free(&whole);
	buf_free(&cut);
	free(p);
	return 0;
}
