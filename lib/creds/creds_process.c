#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/caller_env.h"
#include "base/io.h"
#include "creds/creds_cache.h"
#include "creds/creds_json.h"
#include "creds/creds_memory.h"
#include "creds/creds_source.h"

enum {
	OUTPUT_MAX = 64 << 10,
	LOCK_WAIT_MS = 120000, /* some ask a person */
};

struct question {
	const char *command;
	const char *where;
};

/* The command gets signals as programs expect them. */
static int
set_signals(posix_spawnattr_t *attr)
{
	sigset_t set;
	int rc;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGPIPE);
	if ((rc = posix_spawnattr_setsigdefault(attr, &set)) == 0)
		rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF);
	return rc;
}

/* Starts the command, its standard output a pipe whose other end is *fd. 0, or an errno. */
static int
start(const char *command, pid_t *pid, int *fd)
{
	char sh[] = "sh", dash_c[] = "-c", *copy = xstrdup(command);
	char *argv[] = {sh, dash_c, copy, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int ends[2], rc, memory = creds_memory_inherited();

	if (pipe2(ends, O_CLOEXEC) == -1) {
		rc = errno;
		goto no_pipe;
	}
	if ((rc = posix_spawnattr_init(&attr)) != 0)
		goto no_attr;
	if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
		goto no_actions;
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (rc == 0 && memory != -1) /* it may leave a daemon behind */
		rc = posix_spawn_file_actions_addclose(&actions, memory);
	if (rc == 0)
		rc = set_signals(&attr);
	if (rc == 0)
		rc = posix_spawn(pid, "/bin/sh", &actions, &attr, argv, caller_env());
	posix_spawn_file_actions_destroy(&actions);
no_actions:
	posix_spawnattr_destroy(&attr);
no_attr:
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
run_and_wait(const char *command, const char *where, struct buf *out, struct err *e)
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

/* Whoever started us may have SIGCHLD ignored; then nobody could wait for the command. */
static int
run(const char *command, const char *where, struct buf *out, struct err *e)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	struct sigaction before;
	int rc;

	sigaction(SIGCHLD, &usual, &before);
	rc = run_and_wait(command, where, out, e);
	sigaction(SIGCHLD, &before, NULL);
	return rc;
}

static int
on_ask(struct creds *c, void *arg, struct err *e)
{
	struct question *q = arg;
	struct buf out = {0};
	int rc;

	c->source = xstrdup(q->where);
	if ((rc = run(q->command, q->where, &out, e)) == 0)
		rc = creds_json_parse(c, &creds_json_process, out.p, out.len, q->where, e);
	buf_wipe(&out);
	return rc;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the command may go by, so that its answer serves nobody who would get another. */
static void
add_environment(struct buf *key)
{
	static const char *const names[] = {"AWS_", "HOME=", "USER=", "LOGNAME="};
	char **all = caller_env(), **some;
	size_t n = 0;

	while (all[n] != NULL)
		n++;
	some = xcalloc(n + 1, sizeof(*some));
	n = 0;
	for (; *all != NULL; all++)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strncmp(*all, names[i], strlen(names[i])) == 0)
				some[n++] = *all;
	qsort(some, n, sizeof(*some), by_text);
	for (size_t i = 0; i < n; i++)
		creds_cache_key(key, "environment", some[i]);
	free(some);
}

int
creds_from_process(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	struct creds_cached rule = {
	    .refused = ask->refused, .wait_ms = LOCK_WAIT_MS, .in_memory = 1};
	const struct profile *p = ask->profile;
	struct question q = {.command = profile_get(p, "credential_process")};
	struct buf where = {0};
	int rc;

	if (q.command == NULL) {
		buf_adds(why, "no credential_process");
		return 0;
	}
	buf_addf(&where, "credential_process of profile %s", p->name);
	q.where = buf_str(&where);
	creds_cache_key(&rule.key, "action", "credential_process");
	creds_cache_key(&rule.key, "command", q.command);
	creds_cache_key(&rule.key, "profile", p->name);
	add_environment(&rule.key);
	rc = creds_cached(c, &rule, on_ask, &q, e);
	buf_free(&where);
	return rc;
}
