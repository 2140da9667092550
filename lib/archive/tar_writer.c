#include <string.h>

#include "archive/tar_block.h"

#define OCTAL_MAX ((UINT64_C(1) << 33) - 1) /* 11 octal digits */

static void
octal(char *p, size_t digits, uint64_t v)
{
	while (digits-- > 0) {
		p[digits] = (char)('0' + (v & 7));
		v >>= 3;
	}
}

static void
write_block(
    struct buf *out, char type, const char *name, size_t name_len, uint64_t size, uint64_t mtime)
{
	char *h = buf_room(out, TAR_BLOCK);

	memset(h, 0, TAR_BLOCK);
	memcpy(h + TAR_NAME_OFF, name, name_len < TAR_NAME_LEN ? name_len : TAR_NAME_LEN);
	memcpy(h + TAR_MODE_OFF, "0000644", 7);
	memcpy(h + TAR_UID_OFF, "0000000", 7);
	memcpy(h + TAR_GID_OFF, "0000000", 7);
	octal(h + TAR_SIZE_OFF, 11, size);
	octal(h + TAR_MTIME_OFF, 11, mtime);
	memset(h + TAR_SUM_OFF, ' ', TAR_SUM_LEN);
	h[TAR_TYPE_OFF] = type;
	memcpy(h + TAR_MAGIC_OFF, "ustar\00000", 8);
	octal(h + TAR_SUM_OFF, 6, tar_block_sum(h));
	h[TAR_SUM_OFF + 6] = '\0';
	out->len += TAR_BLOCK;
}

/* "LEN KEY=VALUE\n", where LEN counts itself. */
static void
pax_record(struct buf *out, const char *key, const char *value, size_t value_len)
{
	size_t rest = strlen(key) + value_len + 3, len = rest + 1;

	for (size_t digits = 1, limit = 10; len >= limit; limit *= 10)
		len = rest + ++digits;
	buf_addf(out, "%zu %s=", len, key);
	buf_add(out, value, value_len);
	buf_addc(out, '\n');
}

static void
pax_number(struct buf *out, const char *key, long long v)
{
	struct buf text = {0};

	buf_addf(&text, "%lld", v);
	pax_record(out, key, text.p, text.len);
	buf_free(&text);
}

static void
add_padding(struct buf *out, uint64_t size)
{
	size_t n = tar_padding(size);

	memset(buf_room(out, n), 0, n);
	out->len += n;
}

static int
name_is_plain(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || (unsigned char)name[i] > 0x7e)
			return 0;
	return len <= TAR_NAME_LEN;
}

void
tar_write_header(struct buf *out, const char *name, size_t name_len, uint64_t size, int64_t mtime)
{
	int plain = name_is_plain(name, name_len),
	    time_fits = mtime >= 0 && (uint64_t)mtime <= OCTAL_MAX;
	struct buf pax = {0};

	if (!plain)
		pax_record(&pax, "path", name, name_len);
	if (size > OCTAL_MAX)
		pax_number(&pax, "size", (long long)size);
	if (!time_fits)
		pax_number(&pax, "mtime", (long long)mtime);
	if (pax.len > 0) {
		write_block(out, 'x', "PaxHeaders", 10, pax.len, 0);
		buf_add(out, pax.p, pax.len);
		add_padding(out, pax.len);
	}
	buf_free(&pax);
	write_block(out, '0', plain ? name : "pax", plain ? name_len : 3,
	    size <= OCTAL_MAX ? size : 0, time_fits ? (uint64_t)mtime : 0);
}

size_t
tar_padding(uint64_t size)
{
	return (size_t)(-size & (TAR_BLOCK - 1));
}

void
tar_write_end(struct buf *out)
{
	static const char zeros[2 * TAR_BLOCK];

	buf_add(out, zeros, sizeof(zeros));
}
