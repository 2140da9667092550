#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "creds_source.h"
#include "io.h"
#include "num.h"

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
		rc = posix_spawn(pid, "/bin/sh", &actions, NULL, argv, environ);
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
run(const struct profile *p, const char *command, struct buf *out, struct err *e)
{
	int fd = -1, status, rc = 0;
	pid_t pid = -1;
	ssize_t n;

	if ((rc = start(command, &pid, &fd)) != 0) {
		errno = rc;
		return err_errno(e, EXIT_FAILED, "profile %s: credential_process", p->name);
	}
	n = io_read_full(fd, buf_room(out, OUTPUT_MAX + 1), OUTPUT_MAX + 1);
	if (n == -1)
		rc = err_errno(e, EXIT_FAILED, "profile %s: credential_process", p->name);
	else
		out->len = (size_t)n;
	close(fd); /* before the wait: one that says too much ends by SIGPIPE */
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return err_errno(e, EXIT_FAILED, "profile %s: credential_process", p->name);
	if (rc == 0 && out->len > OUTPUT_MAX)
		rc = err_set(e, EXIT_USAGE,
		    "profile %s: credential_process wrote more than %d bytes", p->name, OUTPUT_MAX);
	if (rc == 0 && WIFSIGNALED(status))
		rc = err_set(e, EXIT_USAGE, "profile %s: credential_process was ended by signal %d",
		    p->name, WTERMSIG(status));
	if (rc == 0 && WEXITSTATUS(status) != 0)
		rc = err_set(e, EXIT_USAGE, "profile %s: credential_process ended with status %d",
		    p->name, WEXITSTATUS(status));
	return rc;
}

/* "2026-11-23T13:45:00Z", also with a fraction or an offset, to Unix seconds. 0, or -1. */
static int
parse_time(const char *s, int64_t *out)
{
	struct tm tm = {0};
	uint64_t hours, minutes;
	int64_t offset = 0;
	const char *p = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);

	if (p == NULL)
		return -1;
	if (*p == '.')
		p += 1 + strspn(p + 1, "0123456789");
	if (*p == '+' || *p == '-') {
		if (strlen(p) != 6 || p[3] != ':' || num_parse_n(p + 1, 2, 0, 23, &hours) == -1 ||
		    num_parse_n(p + 4, 2, 0, 59, &minutes) == -1)
			return -1;
		offset = (int64_t)(hours * 3600 + minutes * 60);
		if (*p == '-')
			offset = -offset;
	} else if (strcmp(p, "Z") != 0) {
		return -1;
	}
	*out = (int64_t)timegm(&tm) - offset;
	return 0;
}

static const char *
member(const json_t *root, const char *name)
{
	return json_string_value(json_object_get(root, name));
}

/* Jansson gives its memory back as it is; what it holds of ours must not stay there. */
static void
wipe_member(const json_t *root, const char *name)
{
	json_t *value = json_object_get(root, name);

	if (json_is_string(value))
		explicit_bzero(
		    (void *)(uintptr_t)json_string_value(value), json_string_length(value));
}

static int
take(struct creds *c, const struct profile *p, const json_t *root, struct err *e)
{
	const char *access_key = member(root, "AccessKeyId");
	const char *secret_key = member(root, "SecretAccessKey");
	const char *expiration = member(root, "Expiration");
	struct buf where = {0};
	int rc;

	if (json_integer_value(json_object_get(root, "Version")) != 1)
		return err_set(e, EXIT_USAGE,
		    "profile %s: credential_process did not answer with a JSON object of Version 1",
		    p->name);
	if (access_key == NULL || secret_key == NULL || *access_key == '\0' || *secret_key == '\0')
		return err_set(e, EXIT_USAGE,
		    "profile %s: credential_process gave no AccessKeyId and SecretAccessKey",
		    p->name);
	if (expiration != NULL && parse_time(expiration, &c->expires) == -1)
		return err_set(e, EXIT_USAGE,
		    "profile %s: credential_process gave an Expiration that is no time", p->name);
	buf_addf(&where, "credential_process of profile %s", p->name);
	rc = creds_take(c, access_key, secret_key, member(root, "SessionToken"), buf_str(&where),
	    e);
	c->source = xstrdup(buf_str(&where));
	buf_free(&where);
	return rc;
}

int
creds_from_process(struct creds *c, const struct profile *p, struct buf *why, struct err *e)
{
	const char *command = profile_get(p, "credential_process");
	struct buf out = {0};
	json_t *root;
	int rc;

	if (command == NULL) {
		buf_adds(why, "no credential_process");
		return 0;
	}
	if ((rc = run(p, command, &out, e)) == 0) {
		root = json_loadb(out.p, out.len, 0, NULL);
		rc = take(c, p, root, e);
		wipe_member(root, "SecretAccessKey");
		wipe_member(root, "SessionToken");
		json_decref(root);
	}
	if (out.p != NULL)
		explicit_bzero(out.p, out.cap);
	buf_free(&out);
	return rc;
}
