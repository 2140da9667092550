/* lib/base/stats: the line of a run. */
#include <stdlib.h>
#include <unistd.h>

#include "base/stats.h"
#include "python.h"
#include "tap.h"

static char folder[] = "/tmp/sheaf-stats-XXXXXX";
static char file[64];

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

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(file, sizeof(file), "%s/file", folder);
	test_line();
	unlink(file);
	OK(rmdir(folder) == 0, "nothing is left behind");
	return tap_done();
}
