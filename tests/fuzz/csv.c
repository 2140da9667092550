/*
 * lib/csv: the two scanners must agree, and a merge must not depend on how its input is cut into
 * pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csv/csv.h"
#include "csv/csv_merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_scanners(const char *p, size_t n, char delim, int cr_is_data)
{
	static struct csv_marks a, b;
	struct csv_scan fast, plain;

	csv_scan_init(&fast, delim);
	fast.cr_is_data = cr_is_data;
	plain = fast;
	plain.fast = 0;
	for (; n > 0; p += n < CSV_PIECE ? n : CSV_PIECE, n -= n < CSV_PIECE ? n : CSV_PIECE) {
		size_t len = n < CSV_PIECE ? n : CSV_PIECE, words = (len + 63) / 64;

		csv_scan(&fast, p, len, &a);
		csv_scan(&plain, p, len, &b);
		if (fast.fault != plain.fault ||
		    (fast.fault != CSV_FAULT_NONE && fast.fault_at != plain.fault_at))
			abort();
		if (fast.fault != CSV_FAULT_NONE)
			return;
		if (memcmp(a.delims, b.delims, words * 8) != 0 ||
		    memcmp(a.ends, b.ends, words * 8) != 0 || fast.state != plain.state ||
		    fast.line != plain.line || fast.only_blanks != plain.only_blanks ||
		    fast.lone_cr != plain.lone_cr)
			abort();
	}
}

struct result {
	struct buf out, told;
};

static int
on_write(void *arg, const char *p, size_t n, struct err *e)
{
	struct result *r = arg;

	(void)e;
	buf_add(&r->out, p, n);
	return 0;
}

static int
on_source(void *arg, const struct csv_merge_source *s, struct err *e)
{
	struct result *r = arg;

	(void)e;
	buf_addf(&r->told, "%s %llu %llu %08x\n", s->name, (unsigned long long)s->rows,
	    (unsigned long long)s->bytes, (unsigned)s->crc32c);
	return 0;
}

/* Sources are separated by a byte 0xff. The output and all messages go to r. */
static void
merge(struct result *r, const struct csv_merge_opt *opt, const char *p, size_t n, size_t piece)
{
	static const struct csv_merge_ops ops = {on_write, on_source};
	struct csv_merge_totals t;
	struct err e = {.text = ""};
	struct csv_merge *m = csv_merge_new(opt, &ops, r, &e);
	const char *end = p + n;
	int stopped = 0;

	if (m == NULL)
		abort();
	while (p < end && !stopped) {
		const char *stop = memchr(p, 0xff, (size_t)(end - p));
		enum csv_merge_status rc = CSV_MERGE_OK;

		if (stop == NULL)
			stop = end;
		csv_merge_begin(m, "f");
		for (size_t len; p < stop && rc == CSV_MERGE_OK; p += len) {
			len = (size_t)(stop - p) < piece ? (size_t)(stop - p) : piece;
			rc = csv_merge_data(m, p, len, &e);
		}
		if (rc == CSV_MERGE_OK)
			rc = csv_merge_end(m, &e);
		if (rc != CSV_MERGE_OK)
			buf_addf(&r->told, "%s\n", e.text);
		stopped = rc == CSV_MERGE_FATAL || (rc == CSV_MERGE_BAD && !opt->hold);
		p = stop + 1;
	}
	if (!stopped) {
		csv_merge_finish(m, &t, &e);
		buf_addf(&r->told, "%llu %llu %08x", (unsigned long long)t.rows,
		    (unsigned long long)t.bytes, (unsigned)t.crc32c);
		if (t.bytes != r->out.len)
			abort();
	}
	csv_merge_free(m);
}

static void
differ(const struct result *a, const struct result *b)
{
	/* rows of a bad source may have been written before it was found bad; how many depends on
	 * the pieces */
	size_t n = a->out.len < b->out.len ? a->out.len : b->out.len;

	if (a->told.len != b->told.len || memcmp(a->told.p, b->told.p, a->told.len) != 0 ||
	    (n > 0 && memcmp(a->out.p, b->out.p, n) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = {1, 7, 64, 65};
	static const char delims[] = {',', ';', '\t', '\0'};
	const char *p = (const char *)data + 1;
	struct csv_merge_opt opt = {0};
	struct result whole = {0};

	if (size < 2)
		return 0;
	opt.delim = delims[data[0] & 3];
	opt.by_name = data[0] >> 2 & 1;
	opt.pad = data[0] >> 3 & 1;
	opt.hold = data[0] >> 4 & 1;
	opt.source_column = data[0] & 32 ? "source" : NULL;
	if (data[0] & 64) {
		opt.columns = opt.delim == ',' ? "b,a" : "a";
		opt.by_name = 1;
		opt.drop_extra = data[0] >> 7;
	}
	check_scanners(p, size - 1, opt.delim, 0);
	check_scanners(p, size - 1, opt.delim, 1);
	merge(&whole, &opt, p, size - 1, SIZE_MAX);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct result cut = {0};

		merge(&cut, &opt, p, size - 1, pieces[i]);
		differ(&whole, &cut);
		buf_free(&cut.out);
		buf_free(&cut.told);
	}
	buf_free(&whole.out);
	buf_free(&whole.told);
	return 0;
}
