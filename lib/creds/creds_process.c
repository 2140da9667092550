#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/caller_env.h"
#include "base/io.h"
#include "creds/creds_json.h"
#include "creds/creds_source.h"

enum { OUTPUT_MAX = 64 << 10 };

/* Starts the command, its standard output a pipe whose other end is *fd. 0, or an errno. */
static int
start(const char *command, pid_t *pid, int *fd)
{
	char sh[] = "sh", dash_c[] = "-c", *copy = xstrdup(command);
	char *argv[] = {sh, dash_c, copy, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) == -1) {
		rc = errno;
		goto no_pipe;
	}
	if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
		goto no_actions;
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn(pid, "/bin/sh", &actions, NULL, argv, caller_env());
	posix_spawn_file_actions_destroy(&actions);
no_actions:
	close(ends[1]);
	if (rc == 0)
		*fd = ends[0];
	else
		close(ends[0]);
no_pipe:
	free(copy);
	return rc;
}

static int
run(const char *command, const char *where, struct buf *out, struct err *e)
{
	int fd = -1, status, rc = 0;
	pid_t pid = -1;
	ssize_t n;

	if ((rc = start(command, &pid, &fd)) != 0) {
		errno = rc;
		return err_errno(e, EXIT_FAILED, "%s", where);
	}
	n = io_read_full(fd, buf_room(out, OUTPUT_MAX + 1), OUTPUT_MAX + 1);
	if (n == -1)
		rc = err_errno(e, EXIT_FAILED, "%s", where);
	else
		out->len = (size_t)n;
	close(fd); /* before waiting, so that a command with too much output gets SIGPIPE */
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return err_errno(e, EXIT_FAILED, "%s", where);
	if (rc == 0 && out->len > OUTPUT_MAX)
		rc = err_set(
		    e, EXIT_USAGE, "%s: its output is longer than %d bytes", where, OUTPUT_MAX);
	if (rc == 0 && WIFSIGNALED(status))
		rc = err_set(e, EXIT_USAGE, "%s: killed by signal %d", where, WTERMSIG(status));
	if (rc == 0 && WEXITSTATUS(status) != 0)
		rc = err_set(e, EXIT_USAGE, "%s: exit status %d", where, WEXITSTATUS(status));
	return rc;
}

int
creds_from_process(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	const struct profile *p = ask->profile;
	const char *command = profile_get(p, "credential_process");
	struct buf out = {0}, where = {0};
	int rc;

	if (command == NULL) {
		buf_adds(why, "no credential_process");
		return 0;
	}
	buf_addf(&where, "credential_process of profile %s", p->name);
	c->source = xstrdup(buf_str(&where));
	if ((rc = run(command, c->source, &out, e)) == 0)
		rc = creds_json_parse(c, &creds_json_process, out.p, out.len, c->source, e);
	if (out.p != NULL)
		explicit_bzero(out.p, out.cap);
	buf_free(&out);
	buf_free(&where);
	return rc;
}
