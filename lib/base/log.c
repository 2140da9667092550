#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/iso_time.h"
#include "base/json.h"
#include "base/log.h"
#include "base/path.h"
#include "base/printable.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static struct {
	const char *program;
	const char *batch; /* points into the environment */
	enum log_level level;
	const char *path; /* SHEAF_LOG, likewise; NULL: write no events */
	int fd;		  /* opened for the first event; -1: not open */
} state = {.program = "sheaf", .level = LOG_WARN, .fd = -1};

void
log_init(const char *program)
{
	state.program = program;
	state.batch = getenv("SHEAF_BATCH");
	if (state.fd != -1)
		close(state.fd);
	state.fd = -1;
	state.path = getenv("SHEAF_LOG");
	if (state.path != NULL && *state.path == '\0')
		state.path = NULL;
}

void
log_set_level(enum log_level level)
{
	state.level = level;
}

/* 0, or -1 after warning that no events will be written. */
static int
open_events(void)
{
	const char *path = state.path;

	if (state.fd == -1)
		state.fd =
		    path_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
	if (state.fd != -1)
		return 0;
	state.path = NULL; /* first, or the warning would recurse */
	log_line(LOG_WARN, NULL, "SHEAF_LOG: %s: %s", path, strerror(errno));
	return -1;
}

static void
append_event(enum log_level level, const char *uri, const struct buf *message)
{
	struct buf out = {0};
	char now[ISO_TIME_MS_LEN + 1];

	iso_time_format_ms(clock_wall_ms(), now);
	buf_addc(&out, '{');
	json_text_member(&out, "time", now);
	json_text_member(&out, "level", level_names[level]);
	json_text_member(&out, "program", state.program);
	if (state.batch != NULL)
		json_text_member(&out, "batch", state.batch);
	if (uri != NULL)
		json_text_member(&out, "uri", uri);
	json_bytes_member(&out, "message", message->p, message->len);
	json_end_line(&out);
	if (io_write_all(state.fd, out.p, out.len) == -1) {
		int cause = errno;

		close(state.fd);
		state.fd = -1;
		state.path = NULL; /* as in open_events */
		log_line(LOG_WARN, NULL, "SHEAF_LOG: no more events will be written: %s",
		    strerror(cause));
	}
	buf_free(&out);
}

void
log_line(enum log_level level, const char *uri, const char *fmt, ...)
{
	struct buf message = {0}, line = {0};
	int saved = errno;
	va_list ap;
	int n;

	if (level > state.level)
		return;
	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	va_start(ap, fmt);
	vsnprintf(buf_room(&message, (size_t)n + 1), (size_t)n + 1, fmt, ap);
	va_end(ap);
	message.len = (size_t)n;

	buf_addf(&line, "%s: ", state.program);
	if (uri != NULL) {
		printable_add(&line, uri, strlen(uri));
		buf_adds(&line, ": ");
	}
	printable_add(&line, message.p, message.len);
	buf_addc(&line, '\n');
	io_write_all(STDERR_FILENO, line.p, line.len);
	if (state.path != NULL && open_events() == 0)
		append_event(level, uri, &message);
	buf_free(&message);
	buf_free(&line);
	errno = saved;
}

void
log_err(const struct err *e)
{
	log_line(LOG_ERROR, NULL, "%s", e->text);
}

int
log_close_stdout(void)
{
	if (fclose(stdout) == 0)
		return EXIT_OK;
	io_end_on_epipe();
	log_line(LOG_ERROR, NULL, "standard output: %s", strerror(errno));
	return EXIT_FAILED;
}
