/* lib/base/log: lines that no key can play with, and NDJSON events. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "python.h"
#include "tap.h"

static char folder[] = "/tmp/sheaf-log-XXXXXX";
static char lines[64], events[64];
static int real_stderr;

static void
capture(void)
{
	int fd;

	fflush(stderr);
	fd = open(lines, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* What was written to standard error since capture(). */
static const char *
captured(void)
{
	static struct buf text;
	int fd = open(lines, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	dup2(real_stderr, STDERR_FILENO);
	buf_reset(&text);
	n = io_read_full(fd, buf_room(&text, 100000), 100000);
	close(fd);
	text.len = n > 0 ? (size_t)n : 0;
	return buf_str(&text);
}

static void
test_escapes(void)
{
	static const struct {
		const char *key, *shown;
	} cases[] = {
	    {"plain \xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80",
		"plain \xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80"},
	    {"a\nb\r\t", "a\\x0ab\\x0d\\x09"},
	    {"\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"},
	    {"\xc2\x9b[31m\xc2\xa0", "\\xc2\\x9b[31m\xc2\xa0"},
	    {"\xff\xfe \xc3", "\\xff\\xfe \\xc3"},
	    {"\xc0\xaf \xe0\x80\x80 \xed\xa0\x80 \xf4\x90\x80\x80 \xf8",
		"\\xc0\\xaf \\xe0\\x80\\x80 \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xf8"},
	    /* right-to-left override, and its end so that this source is no trick itself */
	    {"x\xe2\x80\xaey\xe2\x80\xac", "x\\xe2\\x80\\xaey\\xe2\\x80\\xac"},
	    {"x\xe2\x81\xa6y\xe2\x81\xa9", "x\\xe2\\x81\\xa6y\\xe2\\x81\\xa9"},
	    {"\xe2\x82\xac\xe2\x80\x93", "\xe2\x82\xac\xe2\x80\x93"},
	    {"back\\slash %s %n", "back\\slash %s %n"},
	};
	char want[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		capture();
		log_line(LOG_ERROR, cases[i].key, "message %s", cases[i].key);
		snprintf(
		    want, sizeof(want), "prog: %s: message %s\n", cases[i].shown, cases[i].shown);
		OK_STR(captured(), want, "shown safely: %zu", i);
	}
}

static void
say_all(void)
{
	log_line(LOG_ERROR, NULL, "e");
	log_line(LOG_WARN, NULL, "w");
	log_line(LOG_INFO, NULL, "i");
	log_line(LOG_DEBUG, NULL, "d");
}

static void
test_levels(void)
{
	static const char *const want[] = {"prog: e\n", "prog: e\nprog: w\n",
	    "prog: e\nprog: w\nprog: i\n", "prog: e\nprog: w\nprog: i\nprog: d\n"};
	struct err e;
	struct buf big = {0};

	capture();
	say_all();
	OK_STR(captured(), want[LOG_WARN], "warnings are printed until told otherwise");
	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
		log_set_level((enum log_level)level);
		capture();
		say_all();
		OK_STR(captured(), want[level], "level %d", level);
	}
	log_set_level(LOG_ERROR);
	err_set(&e, EXIT_FAILED, "s3://b/%%41: %d", 404);
	capture();
	log_err(&e);
	OK_STR(captured(), "prog: s3://b/%41: 404\n", "an error, its text no format");
	for (int i = 0; i < 50000; i++)
		buf_addc(&big, 'x');
	capture();
	log_line(LOG_ERROR, NULL, "%s", buf_str(&big));
	OK(strlen(captured()) == 50000 + 7, "a long line is whole");
	buf_free(&big);
}

static void
test_events(void)
{
	static const char check[] =
	    "import json, sys, datetime\n"
	    "lines = open(sys.argv[1], 'rb').read().decode('utf-8').split('\\n')\n"
	    "assert lines.pop() == ''\n"
	    "a, b, c = [json.loads(l) for l in lines]\n"
	    "for x in a, b, c:\n"
	    "    assert x['time'].endswith('Z') and x['time'][19] == '.', x\n"
	    "    t = datetime.datetime.strptime(x['time'], '%Y-%m-%dT%H:%M:%S.%fZ')\n"
	    "    assert abs((t - datetime.datetime.utcnow()).total_seconds()) < 60\n"
	    "    assert x['program'] == 'prog' and x['batch'] == '00\"07', x\n"
	    "assert list(a) == ['time', 'level', 'program', 'batch', 'uri', 'message'], a\n"
	    "assert a['level'] == 'error' and a['message'] == '404 NoSuchKey', a\n"
	    "assert a['uri'] == 's3://b/\\\\ \\x01\\n\\t\"\\u00e9\\ufffd\\x7f\\U0001f600', a\n"
	    "assert b['level'] == 'warn' and 'uri' not in b and b['message'] == 'w', b\n"
	    "assert c['message'] == '', c\n";

	setenv("SHEAF_LOG", events, 1);
	setenv("SHEAF_BATCH", "00\"07", 1);
	log_init("prog");
	log_set_level(LOG_WARN);
	capture();
	log_line(LOG_ERROR, "s3://b/\\ \x01\n\t\"\xc3\xa9\xff\x7f\xf0\x9f\x98\x80", "404 %s",
	    "NoSuchKey");
	log_line(LOG_WARN, NULL, "w");
	log_line(LOG_INFO, NULL, "not said, not written");
	log_init("prog");
	log_line(LOG_WARN, NULL, "%s", "");
	captured();
	OK(python(check, events), "events are JSON, appended, with what they should hold");
}

static void
test_no_file(void)
{
	char path[128], want[256];

	snprintf(path, sizeof(path), "%s/none/events", folder);
	setenv("SHEAF_LOG", path, 1);
	capture();
	log_init("prog");
	log_line(LOG_WARN, NULL, "w");
	log_line(LOG_WARN, NULL, "w");
	snprintf(want, sizeof(want),
	    "prog: w\nprog: SHEAF_LOG: %s: No such file or directory\nprog: w\n", path);
	OK_STR(captured(), want, "a file that cannot be opened is told once, and lines go on");
	setenv("SHEAF_LOG", "/dev/full", 1);
	log_init("prog");
	capture();
	errno = EBADF;
	log_line(LOG_WARN, NULL, "w");
	OK(errno == EBADF, "errno is left alone, whatever happens");
	log_line(LOG_WARN, NULL, "w");
	OK_STR(captured(),
	    "prog: w\nprog: SHEAF_LOG: no more events will be written: No space left on "
	    "device\nprog: "
	    "w\n",
	    "so is a full one");
	setenv("SHEAF_LOG", "", 1);
	log_init("prog");
	capture();
	log_line(LOG_WARN, NULL, "w");
	OK_STR(captured(), "prog: w\n", "an empty name is none");
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(lines, sizeof(lines), "%s/lines", folder);
	snprintf(events, sizeof(events), "%s/events", folder);
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	unsetenv("SHEAF_LOG");
	unsetenv("SHEAF_BATCH");
	log_init("prog");
	test_escapes();
	test_levels();
	test_events();
	test_no_file();
	unlink(lines);
	unlink(events);
	OK(rmdir(folder) == 0, "nothing is left behind");
	return tap_done();
}
