/* lib/work: the readers of the work folder's formats, on what is right, broken and hostile. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tap.h"
#include "work/batch_name.h"
#include "work/keys.h"
#include "work/ledger.h"
#include "work/lines.h"
#include "work/receipt.h"
#include "work/rejects.h"
#include "work/share.h"
#include "work/source_name.h"
#include "work/values.h"

static struct work_folder folder;

static void
put_n(const char *name, const char *text, size_t len)
{
	struct buf path = {0};
	FILE *f;

	buf_addf(&path, "%s/%s", folder.path, name);
	unlink(buf_str(&path));
	f = fopen(buf_str(&path), "we");
	if (f == NULL || fwrite(text, 1, len, f) != len || fclose(f) != 0)
		abort();
	buf_free(&path);
}

static void
put(const char *name, const char *text)
{
	put_n(name, text, strlen(text));
}

static void
test_share(void)
{
	static const struct {
		const char *text;
		uint64_t n, share;
	} cases[] = {{"0", 70, 0}, {"7", 70, 7}, {"71", 70, 71}, {"0%", 70, 0}, {"0.0%", 70, 0},
	    {"3%", 70, 2}, {"3%", 33, 1}, {"3%", 0, 1}, {"12.5%", 80, 10}, {"12.5%", 79, 9},
	    {"0.0001%", 2000000, 2}, {"0.0001%", 1999999, 1}, {"100%", 70, 70},
	    {"100.0000%", UINT64_MAX, UINT64_MAX}, {"50%", UINT64_MAX, UINT64_MAX / 2}};
	static const char *const wrong[] = {"", "%", "-1", "+1", "01", "1.5", "1 %", " 1", "1%%",
	    "100.0001%", "101%", "1.%", ".5%", "00.5%", "1.00000%", "1e1%", "0x1", "1000000000",
	    "99999999999999999999999%", "1%2"};
	struct share s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		OK(share_parse(&s, cases[i].text) == 0 &&
			share_of(&s, cases[i].n) == cases[i].share,
		    "%s of %llu", cases[i].text, (unsigned long long)cases[i].n);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		OK(share_parse(&s, wrong[i]) == -1, "%s is not a share", wrong[i]);
}

static void
test_folder(void)
{
	struct buf out = {0}, path = {0}, to = {0};
	struct err e = {.text = ""};

	put("plain", "abc");
	OK(work_folder_read(&folder, "plain", 3, &out, &e) == 1 && out.len == 3, "a file");
	OK(work_folder_read(&folder, "plain", 2, &out, &e) == -1 &&
		strstr(e.text, "/plain: longer than 2 bytes") != NULL,
	    "a file that is too long");
	OK(work_folder_read(&folder, "none", 3, &out, &e) == 0, "no file");
	OK(work_folder_read(&folder, "none/of/these", 3, &out, &e) == 0, "no folder");
	buf_addf(&path, "%s/link", folder.path);
	OK(symlink("plain", buf_str(&path)) == 0 &&
		work_folder_read(&folder, "link", 3, &out, &e) == -1 &&
		strstr(e.text, "/link: is, or is below, a symbolic link") != NULL,
	    "a link is not followed");
	OK(work_folder_has(&folder, "link"), "and yet is there");
	buf_addf(&to, "%s/sub", folder.path);
	mkdir(buf_str(&to), 0700);
	put("sub/file", "x");
	buf_reset(&path);
	buf_addf(&path, "%s/folder-link", folder.path);
	OK(symlink("sub", buf_str(&path)) == 0 &&
		work_folder_read(&folder, "folder-link/file", 3, &out, &e) == -1 &&
		strstr(e.text, "symbolic link") != NULL,
	    "nor is a link to a folder");
	OK(work_folder_list(&folder, "folder-link") == NULL, "whose files are not listed");
	OK(work_folder_read(&folder, "sub/file", 3, &out, &e) == 1, "a file in a folder");
	buf_reset(&path);
	buf_addf(&path, "%s/fifo", folder.path);
	OK(mkfifo(buf_str(&path), 0600) == 0 &&
		work_folder_read(&folder, "fifo", 3, &out, &e) == -1 &&
		strstr(e.text, "/fifo: not a regular file") != NULL,
	    "a FIFO does not hold us up");
	OK(work_folder_read(&folder, "sub", 3, &out, &e) == -1, "nor is a folder a file");
	buf_free(&out);
	buf_free(&path);
	buf_free(&to);
}

/* The lines of a file as "a|b|", a "!" for one that is too long, "~" before one without end. */
static const char *
lines_of(const char *text, size_t len, size_t max)
{
	static struct buf out;
	struct lines l;
	enum lines_event ev;
	struct err e;
	char *line;
	size_t n;

	put_n("lines", text, len);
	buf_reset(&out);
	lines_begin(&l, work_folder_file(&folder, "lines", &e), max);
	while ((ev = lines_next(&l, &line, &n)) != LINES_END && ev != LINES_ERROR) {
		buf_adds(&out, ev == LINES_LONG ? "!" : ev == LINES_UNENDED ? "~" : "");
		if (ev != LINES_LONG)
			buf_add(&out, line, n);
		buf_addc(&out, '|');
	}
	buf_addf(&out, "%llu", (unsigned long long)l.number);
	lines_end(&l);
	return buf_str(&out);
}

static void
test_lines(void)
{
	struct buf big = {0};

	OK_STR(lines_of("", 0, 10), "0", "no line");
	OK_STR(lines_of("a\n\nbc\n", 6, 10), "a||bc|3", "lines");
	OK_STR(lines_of("a\nbc", 4, 10), "a|~bc|2", "a last line that does not end");
	OK_STR(lines_of("abc\nabcd\nab\n", 12, 3), "abc|!|ab|3", "a line that is too long");
	OK_STR(lines_of("ab\nabcde", 8, 3), "ab|!|2", "at the end");
	for (int i = 0; i < 100000; i++)
		buf_addc(&big, 'x');
	buf_adds(&big, "\nend\n");
	OK_STR(lines_of(big.p, big.len, 1000), "!|end|2", "a line of 100,000 bytes");
	OK(strlen(lines_of(big.p, big.len, 100000)) == 100000 + 6, "that is not too long");
	buf_free(&big);
}

static void
test_values(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {{"a=1\nb\n", "line 2 is not NAME=value"},
	    {"x[$(id)]=1\n", "line 1 has a name that is not"}, {"=1\n", "line 1 has a name"},
	    {"1a=1\n", "line 1 has a name"}, {"a=\x1b[2J\n", "line 1 has a control character"},
	    {"a=1\na=2\n", "line 2 has a name that came before"}};
	struct values v;
	struct err e = {.text = ""};
	struct buf many = {0};

	put("values", "SRC=s3://b/p=q/\nDELIMITER=\t\nEMPTY=\nLAST=value");
	OK(values_load(&v, &folder, "values", &e) == 1 && v.n == 4, "four values");
	OK_STR(values_get(&v, "SRC"), "s3://b/p=q/", "a value may hold a =");
	OK_STR(values_get(&v, "DELIMITER"), "\t", "or be a tab");
	OK_STR(values_get(&v, "EMPTY"), "", "or be empty");
	OK_STR(values_get(&v, "LAST"), "value", "a last line without a line feed is whole");
	OK(values_get(&v, "LAS") == NULL && values_get(&v, "") == NULL, "no such name");
	values_free(&v);
	OK(values_load(&v, &folder, "no-values", &e) == 0, "no file");
	values_free(&v);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("values", bad[i].text);
		OK(values_load(&v, &folder, "values", &e) == -1 &&
			strstr(e.text, bad[i].why) != NULL,
		    "%s", bad[i].why);
		values_free(&v);
	}
	put_n("values", "a=1\0b=2\n", 8);
	OK(values_load(&v, &folder, "values", &e) == -1 && strstr(e.text, "NUL") != NULL, "NUL");
	values_free(&v);
	for (int i = 0; i <= VALUES_MAX; i++)
		buf_addf(&many, "n%d=\n", i);
	put("values", buf_str(&many));
	OK(values_load(&v, &folder, "values", &e) == -1 &&
		strstr(e.text, "is one too many") != NULL,
	    "too many");
	values_free(&v);
	buf_free(&many);
}

static void
test_names(void)
{
	static const char *const none[] = {
	    "", "0000", "000001", "0004x", "4294967295", "99999999999", "-0001", "+0001", " 00001"};
	char name[BATCH_NAME_SIZE], field[] = "b/a\\\\b\\tc\\nd\\";
	struct buf out = {0};
	uint32_t n = 1;

	OK_STR(batch_name(name, 0), "00000", "the first batch");
	OK_STR(batch_name(name, 99999), "99999", "the last of five digits");
	OK_STR(batch_name(name, 4294967294), "4294967294", "the last of all");
	OK(batch_name_parse("00042", 5, &n) == 0 && n == 42, "a name");
	OK(batch_name_parse("123456", 6, &n) == 0 && n == 123456, "of six digits");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		OK(batch_name_parse(none[i], strlen(none[i]), &n) == -1, "'%s' is none", none[i]);
	batch_name_object(&out, "s3://b/d/", "00042");
	OK_STR(buf_str(&out), "s3://b/d/merged-00042.csv", "its object");
	OK(batch_name_object_parse("s3://b/d/merged-00042.csv", "s3://b/d/", &n) == 0 && n == 42,
	    "and back");
	OK(batch_name_object_parse("s3://b/d/merged-42.csv", "s3://b/d/", &n) == -1 &&
		batch_name_object_parse("s3://b/d/merged-00042.csv.gz", "s3://b/d/", &n) == -1 &&
		batch_name_object_parse("s3://b/d", "s3://b/d/", &n) == -1 &&
		batch_name_object_parse("s3://b/e/merged-00042.csv", "s3://b/d/", &n) == -1,
	    "other objects");
	source_name_unescape(field);
	OK_STR(field, "b/a\\b\tc\nd\\", "a field becomes a name");
	buf_reset(&out);
	source_name_escape(&out, "b/a\\b\tc\nd");
	OK_STR(buf_str(&out), "b/a\\\\b\\tc\\nd", "a name becomes a field");
	OK(source_name_is("b/k", "s3://b/k") && !source_name_is("b/k", "s3://b/kk") &&
		!source_name_is("b/k", "b/k") && !source_name_is("", ""),
	    "a name and its URI");
	buf_free(&out);
}

static void
test_lists(void)
{
	struct rejects rejects = {0};
	struct ledger_line l;
	struct keys_line k;
	struct err e = {.text = ""};
	struct tsv t;

	put("ledger", "b/a\\\\b\t10\t2\t0a1b2c3d\nb/c\t1\t1\t0A1B2C3D\n");
	OK(tsv_open(&t, &folder, "ledger", &e) == 0 && ledger_next(&t, &l, &e) == 1 &&
		strcmp(l.name, "b/a\\b") == 0 && l.bytes == 10 && l.rows == 2 &&
		l.crc32c == 0x0a1b2c3d,
	    "of a ledger");
	OK(ledger_next(&t, &l, &e) == -1 &&
		strstr(e.text, "/ledger: line 2 is not a name, bytes, rows and a CRC32C") != NULL,
	    "and one that is none");
	tsv_close(&t);
	put("keys", "s3://b/k\t5\t\"e\"\t2026-01-01T00:00:00Z\ns3://b/l\t-5\te\tt\n");
	OK(tsv_open(&t, &folder, "keys", &e) == 0 && keys_next(&t, &k, &e) == 1 && k.size == 5,
	    "a line of keys");
	OK(keys_next(&t, &k, &e) == -1 && strstr(e.text, "/keys: line 2 is not a URI") != NULL,
	    "and one that is none");
	tsv_close(&t);
	put("keys", "http://b/k\t5\te\tt\n");
	OK(tsv_open(&t, &folder, "keys", &e) == 0 && keys_next(&t, &k, &e) == -1, "no s3:// URI");
	tsv_close(&t);
	put_n("keys", "s3://b/\0k\t5\te\tt\n", 16);
	OK(tsv_open(&t, &folder, "keys", &e) == 0 && keys_next(&t, &k, &e) == -1 &&
		strstr(e.text, "holds a NUL byte") != NULL,
	    "a NUL");
	tsv_close(&t);
	put("keys", "s3://b/k\t5\te\tt");
	OK(tsv_open(&t, &folder, "keys", &e) == 0 && keys_next(&t, &k, &e) == -1 &&
		strstr(e.text, "is cut short") != NULL,
	    "a line that was cut short");
	tsv_close(&t);
	put("rejects", "s3://b/z\tgone\ns3://b/a\tbad\n");
	OK(rejects_load(&rejects, &folder, "rejects", &e) == 0 && rejects.n == 2, "rejects");
	OK(rejects_have(&rejects, "s3://b/a") && rejects_have(&rejects, "s3://b/z") &&
		!rejects_have(&rejects, "s3://b/"),
	    "are found");
	rejects_free(&rejects);
	OK(rejects_load(&rejects, &folder, "none", &e) == 0 && !rejects_have(&rejects, "x"),
	    "none");
	rejects_free(&rejects);
}

static void
test_receipts(void)
{
	static const char good[] =
	    "{\"uri\":\"s3://b/d/merged-00000.csv\",\"bytes\":9,\"etag\":\"e\",\"crc32c\":"
	    "\"0000000f\",\"parts\":1,\"objects\":3,\"rows\":2,\"header\":\"a\",\"header_bytes\":2,"
	    "\"header_crc32c\":\"00000001\"}\n";
	struct receipt r;
	struct err e = {.text = ""};
	struct buf many = {0};

	put("receipt", good);
	OK(receipt_load(&r, &folder, "receipt", &e) == 1 && r.lacks == NULL && r.bytes == 9 &&
		r.objects == 3 && r.rows == 2 && r.crc32c == 15 && r.header_crc32c == 1,
	    "a receipt");
	receipt_free(&r);
	put("receipt", "{\"uri\":\"u\",\"bytes\":9,\"etag\":\"e\",\"crc32c\":\"0000000f\"}");
	OK(receipt_load(&r, &folder, "receipt", &e) == 1 && strcmp(r.lacks, "objects") == 0 &&
		r.bytes == 9,
	    "of an older version");
	receipt_free(&r);
	put("receipt", "{\"uri\":\"u\",\"bytes\":-1,\"etag\":7,\"crc32c\":\"F\",\"rows\":\"1\"}");
	OK(receipt_load(&r, &folder, "receipt", &e) == 1 && strcmp(r.lacks, "etag") == 0 &&
		r.bytes == 0 && r.rows == 0,
	    "fields of the wrong type");
	receipt_free(&r);
	put("receipt", "[]");
	OK(receipt_load(&r, &folder, "receipt", &e) == -1 &&
		strstr(e.text, "/receipt: not a receipt: not a JSON object") != NULL,
	    "no object");
	put("receipt", "{\"uri\":\"u\",\"uri\":\"v\"}");
	OK(receipt_load(&r, &folder, "receipt", &e) == -1, "a field that comes twice");
	put("receipt", "{\"rows\":99999999999999999999}");
	OK(receipt_load(&r, &folder, "receipt", &e) == -1, "a number that is too large");
	OK(receipt_load(&r, &folder, "none", &e) == 0, "none");
	for (int i = 0; i < 2000; i++)
		buf_adds(&many, i == 0 ? "{\"x\":[0" : ",0");
	buf_adds(&many, "]}");
	put("receipt", buf_str(&many));
	OK(receipt_load(&r, &folder, "receipt", &e) == -1, "thousands of values");
	buf_reset(&many);
	buf_adds(&many, "{\"uri\":\"u\",\"header\":\"\\\"");
	for (int i = 0; i < 2000; i++)
		buf_adds(&many, ",[{");
	buf_adds(&many, "\"}");
	put("receipt", buf_str(&many));
	OK(receipt_load(&r, &folder, "receipt", &e) == 1 && strcmp(r.uri, "u") == 0,
	    "thousands of columns");
	receipt_free(&r);
	buf_free(&many);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int
main(void)
{
	char path[] = "/tmp/sheaf-work-XXXXXX";
	struct err e;
	int failed;

	if (mkdtemp(path) == NULL || work_folder_open(&folder, path, &e) == -1)
		return 2;
	test_folder();
	test_share();
	test_lines();
	test_values();
	test_names();
	test_lists();
	test_receipts();
	failed = tap_done();
	work_folder_close(&folder);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return failed;
}
