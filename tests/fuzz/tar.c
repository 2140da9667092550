/*
 * lib/archive/tar: a stream gives the same events in pieces of any size, and every name that is
 * written is read back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_all(struct buf *out, const char *p, size_t n, size_t piece)
{
	struct tar_reader *t = tar_reader_new();
	enum tar_event ev = TAR_NEED;
	const char *data;
	size_t len;
	struct err e = {.text = ""};

	for (size_t at = 0; at < n && ev == TAR_NEED; at += piece < n - at ? piece : n - at) {
		const char *in = p + at;
		size_t in_len = n - at < piece ? n - at : piece;

		while ((ev = tar_reader_next(t, &in, &in_len, &data, &len, &e)) != TAR_NEED &&
		    ev != TAR_ERROR) {
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = {0}, cut = {0};
	char *p = malloc(size + 1);

	if (p == NULL)
		abort();
	memcpy(p, data, size);
	check_written(p, size);
	mend_sums(p, size);
	read_all(&whole, p, size, SIZE_MAX);
	read_all(&cut, p, size, 1 + size % 600);
	if (whole.len != cut.len || (whole.len > 0 && memcmp(whole.p, cut.p, whole.len) != 0))
		abort();
	buf_free(&whole);
	buf_free(&cut);
	free(p);
	return 0;
}
