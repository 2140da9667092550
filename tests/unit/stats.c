/* lib/base/stats: the line of a run, histograms, JSON strings; lib/base/utf8 below them. */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/stats.h"
#include "base/utf8.h"
#include "python.h"
#include "tap.h"

static char folder[] = "/tmp/sheaf-stats-XXXXXX";
static char file[64];

static void
write_file(const struct buf *b)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	io_write_all(fd, b->p, b->len);
	close(fd);
}

static void
test_line(void)
{
	static const char check[] =
	    "import json, sys, datetime\n"
	    "a, b = [json.loads(l) for l in open(sys.argv[1], encoding='utf-8')]\n"
	    "assert list(a) == ['v', 'program', 'start', 'wall_ms', 'user_ms', 'sys_ms', "
	    "'maxrss_kb', 'status', 'objects',\n"
	    "    'name', 'latency_ms'], list(a)\n"
	    "assert a['v'] == 1 and a['program'] == 's3get' and a['status'] == 3, a\n"
	    "assert a['objects'] == 2**64 - 1 and a['name'] == 'a\"\\ufffd\\n' and a['latency_ms'] "
	    "== {'n': 1}, a\n"
	    "t = datetime.datetime.strptime(a['start'], '%Y-%m-%dT%H:%M:%S.%fZ')\n"
	    "assert abs((t - datetime.datetime.utcnow()).total_seconds()) < 60\n"
	    "assert 20 <= a['wall_ms'] < 60000 and a['user_ms'] >= 0 and 500 < a['maxrss_kb'] < "
	    "10**7, a\n"
	    "assert b['program'] == 'csvcat' and b['status'] == 0, b\n";
	struct stats s;
	struct err e = {0};

	stats_begin(&s, "s3get");
	stats_add_u64(&s, "objects", UINT64_MAX);
	stats_add_str(&s, "name", "a\"\xff\n");
	stats_add_json(&s, "latency_ms", "{\"n\":1}");
	usleep(20000);
	OK(stats_end(&s, file, 3, &e) == 0, "a line%s", e.text);
	stats_begin(&s, "csvcat");
	OK(stats_end(&s, file, 0, &e) == 0, "another");
	OK(python(check, file), "appended, JSON, with what they should hold");
	stats_begin(&s, "s3ls");
	stats_add_u64(&s, "objects", 1);
	OK(stats_end(&s, NULL, 0, &e) == 0 && s.fields.p == NULL, "no file, nothing written");
	stats_begin(&s, "s3ls");
	OK(stats_end(&s, "/dev/full", 0, &e) == -1 && e.status == EXIT_FAILED,
	    "a full disk is an error");
	OK_STR(e.text, "/dev/full: No space left on device", "that names the file");
	stats_begin(&s, "s3ls");
	OK(stats_end(&s, "/dev/null/x", 0, &e) == -1, "a file that cannot be made is an error");
	OK_STR(e.text, "/dev/null/x: Not a directory", "that names it");
	stats_begin(&s, "s3ls");
	stats_add_str(&s, "x", "y");
	OK(stats_end(&s, "/dev/null/x", 0, NULL) == -1 && s.fields.p == NULL,
	    "nobody need ask why");
}

static unsigned
bucket_of(uint64_t us)
{
	struct hist h = {0};
	unsigned i = 0;

	hist_add(&h, us);
	while (i < HIST_BUCKETS && h.count[i] == 0)
		i++;
	return i;
}

static void
test_buckets(void)
{
	int right = 1, edges = 1;

	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		right &= hist_bound_us(i) == (uint64_t)exp2l((long double)i / 8);
	OK(right, "bound i is 2 to the i/8, cut to whole us");
	OK(hist_bound_us(HIST_BUCKETS) == hist_bound_us(HIST_BUCKETS - 1), "none beyond the last");
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		uint64_t bound = hist_bound_us(i);

		if (i > 0 && hist_bound_us(i - 1) == bound)
			continue; /* no whole us is in this one */
		edges &= bucket_of(bound) == i;
		edges &= i == HIST_BUCKETS - 1 || bucket_of(bound + 1) > i;
	}
	OK(edges, "a bucket ends at its bound");
	OK(bucket_of(0) == 0 && bucket_of(1) == 0 && bucket_of(2) == 8 && bucket_of(3) == 13 &&
		bucket_of(1000) == 80,
	    "some by hand");
	OK(bucket_of(UINT64_MAX) == HIST_BUCKETS - 1 &&
		bucket_of(hist_bound_us(HIST_BUCKETS - 1) + 1) == HIST_BUCKETS - 1,
	    "what is beyond the last bound is in the last bucket");
}

static void
test_quantiles(void)
{
	struct hist h = {0};
	int close = 1;

	OK(hist_quantile_us(&h, 0.5) == 0 && hist_quantile_us(&h, 1) == 0, "empty: 0");
	hist_add(&h, 1000);
	OK(hist_quantile_us(&h, 0) == 1000 && hist_quantile_us(&h, 0.5) == 1000 &&
		hist_quantile_us(&h, 1) == 1000,
	    "one: never above the greatest");
	h = (struct hist){0};
	for (uint64_t us = 1; us <= 100000; us++)
		hist_add(&h, us);
	for (int percent = 1; percent <= 100; percent++) {
		uint64_t got = hist_quantile_us(&h, percent / 100.0),
			 exact = (uint64_t)percent * 1000;

		close &= got >= exact && (double)got <= (double)exact * 1.0906 && got <= 100000;
	}
	OK(close, "not below the exact value, and at most a bucket above");
	OK(h.n == 100000 && h.max_us == 100000 && h.sum_us == 5000050000, "number, greatest, sum");
	h = (struct hist){0};
	for (int i = 0; i < 99; i++)
		hist_add(&h, 2);
	hist_add(&h, 64);
	OK(hist_quantile_us(&h, 0.99) == 2 && hist_quantile_us(&h, 0.991) == 64,
	    "a share of exactly so many");
	h = (struct hist){0};
	hist_add(&h, 5);
	hist_add(&h, UINT64_C(10000000000));
	OK(hist_quantile_us(&h, 1) == UINT64_C(10000000000),
	    "the last bucket gives the greatest itself");
}

static void
test_hist_json(void)
{
	struct hist h = {0};
	struct buf out = {0};

	hist_json(&out, &h);
	OK_STR(buf_str(&out),
	    "{\"n\":0,\"p50\":0.000,\"p90\":0.000,\"p99\":0.000,\"max\":0.000,\"sum\":0.000,"
	    "\"buckets\":[]}",
	    "empty");
	hist_add(&h, 1);
	hist_add(&h, 1);
	hist_add(&h, 1234567);
	buf_reset(&out);
	hist_json(&out, &h);
	OK_STR(buf_str(&out),
	    "{\"n\":3,\"p50\":0.001,\"p90\":1234.567,\"p99\":1234.567,\"max\":1234.567,\"sum\":"
	    "1234.569,\"buckets\":[[0,2],"
	    "[162,1]]}",
	    "three");
	write_file(&out);
	OK(python("import json, sys\nx = json.load(open(sys.argv[1]))\nassert x['buckets'] == [[0, "
		  "2], [162, 1]]\n",
	       file),
	    "JSON");
	buf_free(&out);
}

static void
test_json_quote(void)
{
	static const char check[] =
	    "import json, sys\n"
	    "x = json.loads(open(sys.argv[1], 'rb').read().decode('utf-8'))\n"
	    "assert x[0] == ''.join(map(chr, range(128))), x[0]\n"
	    "assert x[1] == '\\ufffd' * 128, x[1]\n"
	    "assert x[2] == '\\u0080\\u07ff\\u0800\\ud7ff\\ue000\\uffff\\U00010000\\U0010ffff', "
	    "x[2]\n"
	    "assert x[3] == 'a\\ufffd\\ufffdb' and x[4] == '', x\n";
	static const char borders[] = "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf"
				      "\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";
	struct buf out = {0};
	char low[128], high[128];

	for (int i = 0; i < 128; i++) {
		low[i] = (char)i;
		high[i] = (char)(i + 128);
	}
	buf_addc(&out, '[');
	json_quote(&out, low, 128);
	buf_addc(&out, ',');
	json_quote(&out, high, 128);
	buf_addc(&out, ',');
	json_quote(&out, borders, sizeof(borders) - 1);
	buf_addc(&out, ',');
	json_quote(&out,
	    "a\xe2\x82"
	    "b",
	    4);
	buf_addc(&out, ',');
	json_quote(&out, NULL, 0);
	buf_addc(&out, ']');
	write_file(&out);
	OK(python(check, file), "every byte, as JSON has it");
	buf_free(&out);
}

/* Every sequence of up to four bytes from a set that holds all borders, against a decoder by the
 * table of RFC 3629. */
static size_t
by_table(const unsigned char *s, size_t len)
{
	static const unsigned char rows[][9] = {
	    /* bytes, then the range of each */
	    {1, 0x00, 0x7f},
	    {2, 0xc2, 0xdf, 0x80, 0xbf},
	    {3, 0xe0, 0xe0, 0xa0, 0xbf, 0x80, 0xbf},
	    {3, 0xe1, 0xec, 0x80, 0xbf, 0x80, 0xbf},
	    {3, 0xed, 0xed, 0x80, 0x9f, 0x80, 0xbf},
	    {3, 0xee, 0xef, 0x80, 0xbf, 0x80, 0xbf},
	    {4, 0xf0, 0xf0, 0x90, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
	    {4, 0xf1, 0xf3, 0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf},
	    {4, 0xf4, 0xf4, 0x80, 0x8f, 0x80, 0xbf, 0x80, 0xbf},
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		size_t i = 0;

		while (i < rows[r][0] && i < len && s[i] >= rows[r][1 + 2 * i] &&
		    s[i] <= rows[r][2 + 2 * i])
			i++;
		if (i == rows[r][0])
			return i;
	}
	return 0;
}

static void
test_utf8(void)
{
	static const unsigned char set[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
	    0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5,
	    0xff};
	enum { N = sizeof(set) };
	unsigned char s[4];
	int same = 1;

	for (size_t i = 0; i < (size_t)N * N * N * N; i++) {
		s[0] = set[i % N];
		s[1] = set[i / N % N];
		s[2] = set[i / N / N % N];
		s[3] = set[i / N / N / N];
		for (size_t len = 0; len <= 4; len++)
			same &= utf8_char((const char *)s, len) == by_table(s, len);
	}
	OK(same, "UTF-8 as RFC 3629 has it");
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(file, sizeof(file), "%s/file", folder);
	test_line();
	test_buckets();
	test_quantiles();
	test_hist_json();
	test_json_quote();
	test_utf8();
	unlink(file);
	OK(rmdir(folder) == 0, "nothing is left behind");
	return tap_done();
}
