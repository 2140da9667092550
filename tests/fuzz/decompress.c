/*
 * lib/archive/decompress: a stream gives the same bytes or the same message in pieces of any size.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/decompress.h"
#include "base/buf.h"

enum { OUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A few bytes may decompress to very many; the first ones are enough. */
static int
take(void *arg, const char *p, size_t n, struct err *e)
{
	struct buf *out = arg;

	(void)e;
	buf_add(out, p, n < OUT_MAX - out->len ? n : OUT_MAX - out->len);
	return 0;
}

static int
decompress_all(
    struct buf *out, struct err *e, const char *p, size_t n, size_t piece, unsigned max_ratio)
{
	struct decompress *u = decompress_new(take, out, max_ratio);
	int rc = 0;

	decompress_begin(u);
	while (n > 0 && rc == 0) {
		size_t len = n < piece ? n : piece;

		rc = decompress_data(u, p, len, e);
		p += len;
		n -= len;
	}
	if (rc == 0)
		rc = decompress_end(u, e);
	decompress_free(u);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct buf whole = {0}, cut = {0};
	struct err e = {.text = ""}, f = {.text = ""};
	unsigned max_ratio = size % 3 == 0 ? 1 + (unsigned)size % 100 : 0;
	int rc = decompress_all(&whole, &e, p, size, SIZE_MAX, max_ratio),
	    other = decompress_all(&cut, &f, p, size, 1 + size % 13, max_ratio);

	/* bytes before the damage may have been passed on or not */
	if (rc != other || strcmp(e.text, f.text) != 0 ||
	    (rc == 0 &&
		(whole.len != cut.len ||
		    (whole.len > 0 && memcmp(whole.p, cut.p, whole.len) != 0))))
		abort();
	if (size >= 2 && memcmp(p, "\x1f\x8b", 2) != 0 && size <= OUT_MAX &&
	    (rc != 0 || whole.len != size || memcmp(whole.p, p, size) != 0))
		abort();
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
