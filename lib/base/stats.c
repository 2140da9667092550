#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/iso_time.h"
#include "base/json.h"
#include "base/num.h"
#include "base/path.h"
#include "base/stats.h"

enum { STATS_VERSION = 1 };

void
stats_begin(struct stats *s, const char *program)
{
	*s = (struct stats){
	    .program = program,
	    .start_ms = clock_wall_ms(),
	    .start_mono_ms = clock_mono_ms(),
	};
}

void
stats_add_u64(struct stats *s, const char *name, uint64_t value)
{
	json_u64_member(&s->fields, name, value);
}

void
stats_add_str(struct stats *s, const char *name, const char *value)
{
	json_text_member(&s->fields, name, value);
}

void
stats_add_json(struct stats *s, const char *name, const char *json)
{
	json_raw_member(&s->fields, name, json);
}

/* Not ru_maxrss alone, which also counts what the process was before exec: a copy of its shell. */
static uint64_t
peak_kb(const struct rusage *ru)
{
	static const char label[] = "\nVmHWM:";
	char text[4096];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	uint64_t kb = (uint64_t)ru->ru_maxrss;
	const char *p;
	ssize_t n;

	if (fd == -1)
		return kb;
	n = io_read_full(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if ((p = strstr(text, label)) != NULL) {
		p += sizeof(label) - 1;
		p += strspn(p, " \t");
		num_parse_n(p, strspn(p, "0123456789"), 0, UINT64_MAX, &kb);
	}
	return kb;
}

static uint64_t
timeval_ms(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000;
}

static void
add_line(struct buf *out, const struct stats *s, int status)
{
	struct rusage ru;
	char start[ISO_TIME_MS_LEN + 1];

	getrusage(RUSAGE_SELF, &ru);
	iso_time_format_ms(s->start_ms, start);
	buf_addc(out, '{');
	json_u64_member(out, "v", STATS_VERSION);
	json_text_member(out, "program", s->program);
	json_text_member(out, "start", start);
	json_u64_member(out, "wall_ms", (uint64_t)(clock_mono_ms() - s->start_mono_ms));
	json_u64_member(out, "user_ms", timeval_ms(ru.ru_utime));
	json_u64_member(out, "sys_ms", timeval_ms(ru.ru_stime));
	json_u64_member(out, "maxrss_kb", peak_kb(&ru));
	json_u64_member(out, "status", (uint64_t)status);
	buf_add(out, s->fields.p, s->fields.len);
	json_end_line(out);
}

int
stats_end(struct stats *s, const char *path, int status, struct err *e)
{
	struct buf line = {0};
	int fd, rc = 0;

	if (path != NULL) {
		add_line(&line, s, status);
		fd = path_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
		if (fd == -1 || io_write_all(fd, line.p, line.len) == -1)
			rc = err_errno(e, EXIT_FAILED, "%s", path);
		if (fd != -1 && close(fd) == -1 && rc == 0)
			rc = err_errno(e, EXIT_FAILED, "%s", path);
		buf_free(&line);
	}
	buf_free(&s->fields);
	return rc;
}
