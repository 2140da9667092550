#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "archive/decompress.h"
#include "base/buf.h"

enum { OUT_LEN = 128 * 1024 /* a divisor of DECOMPRESS_FREE */, GZIP_BITS = 15 + 16 };

enum state {
	LOOKING, /* for the first two bytes */
	PLAIN,
	INFLATING,
	BETWEEN, /* after a member: another may follow, or zeros as padding */
	PADDING,
};

struct decompress {
	decompress_take *take;
	void *arg;
	enum state state;
	char lead[2];
	size_t lead_len;
	z_stream z;
	int z_ready; /* inflateInit2 was done */
	char *out;
	unsigned max_ratio;	/* 0: no bound */
	uint64_t read, written; /* of the stream: compressed and decompressed bytes */
};

static const char magic[2] = {'\x1f', '\x8b'};
static const char follows[] = "other data follows it";

struct decompress *
decompress_new(decompress_take *take, void *arg, unsigned max_ratio)
{
	struct decompress *u = xcalloc(1, sizeof(*u));

	u->take = take;
	u->arg = arg;
	u->max_ratio = max_ratio;
	return u;
}

void
decompress_free(struct decompress *u)
{
	if (u == NULL)
		return;
	if (u->z_ready)
		inflateEnd(&u->z);
	free(u->out);
	free(u);
}

void
decompress_begin(struct decompress *u)
{
	u->state = LOOKING;
	u->lead_len = 0;
	u->read = u->written = 0;
}

static void
inflate_begin(struct decompress *u)
{
	int rc = u->z_ready ? inflateReset(&u->z) : inflateInit2(&u->z, GZIP_BITS);

	if (rc != Z_OK)
		err_nomem();
	u->z_ready = 1;
	if (u->out == NULL)
		u->out = xmalloc(OUT_LEN);
	u->state = INFLATING;
}

static int
damaged(struct decompress *u, const char *why, struct err *e)
{
	err_set(e, EXIT_FAILED, "gzip: %s", u->z.msg != NULL ? u->z.msg : why);
	return DECOMPRESS_BAD;
}

/* Called after each OUT_LEN bytes of output and only then, so that the verdict does not depend on
 * the pieces in which the stream arrives. */
static int
check_ratio(struct decompress *u, struct err *e)
{
	if (u->max_ratio == 0 || u->written <= DECOMPRESS_FREE ||
	    u->written - DECOMPRESS_FREE <= u->max_ratio * u->read)
		return 0;
	err_set(e, EXIT_FAILED,
	    "gzip: expands to more than %u times its size (if the data is genuine, raise "
	    "--max-expand)",
	    u->max_ratio);
	return DECOMPRESS_BAD;
}

/* Decompresses until the input is used up or the member ends. */
static int
inflate_some(struct decompress *u, const char **p, size_t *n, struct err *e)
{
	int rc, taken;

	u->z.next_in = (unsigned char *)(uintptr_t)*p;
	u->z.avail_in = (unsigned)(*n < 1u << 30 ? *n : 1u << 30);
	do {
		unsigned before = u->z.avail_in, room = OUT_LEN - u->written % OUT_LEN, len;

		u->z.next_out = (unsigned char *)u->out;
		u->z.avail_out = room;
		rc = inflate(&u->z, Z_NO_FLUSH);
		*p += before - u->z.avail_in;
		*n -= before - u->z.avail_in;
		u->read += before - u->z.avail_in;
		u->written += len = room - u->z.avail_out;
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return damaged(u, "damaged", e);
		if (len > 0 && (taken = u->take(u->arg, u->out, len, e)) != 0)
			return taken;
		if (len == room && check_ratio(u, e) != 0)
			return DECOMPRESS_BAD;
	} while (rc == Z_OK && (u->z.avail_in > 0 || u->z.avail_out == 0));
	if (rc == Z_STREAM_END) {
		u->state = BETWEEN;
		u->lead_len = 0;
	}
	return 0;
}

/* Looks at the first bytes of a stream, or of what follows a member. */
static int
look(struct decompress *u, const char **p, size_t *n, struct err *e)
{
	if (u->state == LOOKING && u->lead_len == 0 && *n >= 2 && memcmp(*p, magic, 2) != 0) {
		u->state = PLAIN;
		return 0;
	}
	while (u->lead_len < 2 && *n > 0) {
		u->lead[u->lead_len++] = *(*p)++;
		--*n;
		if (u->state == BETWEEN && u->lead_len == 1 && u->lead[0] == '\0') {
			u->state = PADDING;
			return 0;
		}
	}
	if (u->lead_len < 2)
		return 0;
	if (memcmp(u->lead, magic, 2) == 0) {
		const char *lead = u->lead;
		size_t two = 2;

		inflate_begin(u);
		return inflate_some(u, &lead, &two, e);
	}
	if (u->state == BETWEEN)
		return damaged(u, follows, e);
	u->state = PLAIN;
	return u->take(u->arg, u->lead, 2, e);
}

int
decompress_data(struct decompress *u, const char *p, size_t n, struct err *e)
{
	int rc = 0;

	while (n > 0 && rc == 0) {
		switch (u->state) {
		case LOOKING:
		case BETWEEN: rc = look(u, &p, &n, e); break;
		case PLAIN: return u->take(u->arg, p, n, e);
		case INFLATING: rc = inflate_some(u, &p, &n, e); break;
		case PADDING:
			for (; n > 0; p++, n--)
				if (*p != '\0')
					return damaged(u, follows, e);
			break;
		}
	}
	return rc;
}

int
decompress_end(struct decompress *u, struct err *e)
{
	if (u->state == INFLATING || (u->state == BETWEEN && u->lead_len > 0)) {
		u->z.msg = NULL;
		return damaged(
		    u, u->state == INFLATING || u->lead[0] == magic[0] ? "cut short" : follows, e);
	}
	if (u->state == LOOKING && u->lead_len > 0)
		return u->take(u->arg, u->lead, u->lead_len, e);
	return 0;
}
