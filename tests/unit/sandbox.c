/*
 * lib/base/sandbox: what a program can still do inside, and what it cannot, by trying. Each attempt
 * is made in a child of its own, whose exit status is the errno of what was tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/outfile.h"
#include "base/sandbox.h"
#include "base/spool.h"
#include "tap.h"

static char root[] = "/tmp/sheaf-sandbox-XXXXXX";
static int kernel_has; /* SANDBOX_... */
static int socket_before, file_before;

/* An attempt: 0 or an errno. In the folder root, with the folders in (allowed) and out. */
typedef int attempt(void);

static int
result(long rc)
{
	return rc == -1 ? errno : 0;
}

static int
child(attempt *try)
{
	struct sandbox *s = sandbox_new();

	sandbox_replace(s, "in/output");
	sandbox_append(s, "log");
	sandbox_append(s, "in/none");
	if (sandbox_enter(s) != kernel_has)
		return 254;
	sandbox_free(s);
	return try();
}

/* What came of it: an errno; 0; or minus the signal that ended the child. */
static int
inside(attempt *try)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(child(try));
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* --- the network, programs, processes --- */

static int
try_socket(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int
try_unix_socket(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
try_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

	return result(connect(socket_before, (struct sockaddr *)&to, sizeof(to)));
}

static int
try_send(void)
{
	return result(send(socket_before, "x", 1, MSG_NOSIGNAL));
}

static int
try_exec(void)
{
	char *const argv[] = {(char[]){"true"}, NULL};

	return result(execv("/bin/true", argv));
}

static int
try_exec_fd(void)
{
	char *const argv[] = {(char[]){"true"}, NULL}, *const envp[] = {NULL};

	return result(
	    syscall(SYS_execveat, open("/bin/true", O_PATH), "", argv, envp, AT_EMPTY_PATH));
}

static int
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
try_ptrace(void)
{
	return result(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int
try_read_memory(void)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {root, 1};

	return result(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}

static int
try_kill(void)
{
	return result(kill(getppid(), 0));
}

static int
try_namespace(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static int
try_io_uring(void)
{
	char params[128] = {0};

	return result(syscall(425 /* io_uring_setup */, 1, params));
}

static int
try_later_call(void)
{
	return result(syscall(900));
}

static int
try_terminal(void)
{
	char key = '\n';

	return result(ioctl(STDIN_FILENO, TIOCSTI, &key));
}

static int
try_chmod(void)
{
	return result(chmod("out/file", 0777));
}

/* --- files --- */

static int
try_open(const char *path, int flags)
{
	return result(open(path, flags, 0600));
}

static int
try_make(void)
{
	return try_open("out/new", O_WRONLY | O_CREAT);
}

static int
try_write(void)
{
	return try_open("out/file", O_WRONLY);
}

static int
try_append(void)
{
	return try_open("out/file", O_WRONLY | O_APPEND);
}

static int
try_truncate(void)
{
	return result(truncate("out/file", 0));
}

static int
try_remove(void)
{
	return result(unlink("out/file"));
}

static int
try_rename(void)
{
	return result(rename("in/file", "out/file"));
}

static int
try_link(void)
{
	return result(link("in/file", "out/link"));
}

static int
try_symlink(void)
{
	return result(symlink("file", "in/link"));
}

static int
try_folder(void)
{
	return result(mkdir("in/folder", 0700));
}

static int
try_through_link(void)
{
	return try_open("in/to-out", O_WRONLY);
}

/* --- what must work --- */

static int
use_files(void)
{
	struct outfile *o = outfile_open("in/output", NULL);
	int fd;

	if (o == NULL || outfile_write(o, "x", 1, NULL) == -1 || outfile_commit(o, NULL) == -1)
		return 1;
	if (access("in/output", F_OK) == -1 || unlink("in/output") == -1)
		return 2;
	if ((fd = open("log", O_WRONLY | O_APPEND | O_CREAT, 0600)) == -1 || write(fd, "x", 1) != 1)
		return 3;
	if (open("in/none", O_WRONLY | O_APPEND | O_CREAT, 0600) == -1)
		return 4;
	if (write(file_before, "x", 1) != 1 || ftruncate(file_before, 0) == -1)
		return 5;
	if (open("out/file", O_RDONLY) == -1 || open("/etc/passwd", O_RDONLY) == -1)
		return 6;
	return 0;
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
use_thread(void)
{
	pthread_t t;

	return pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0;
}

static int
use_abort(void)
{
	abort();
}

/* --- */

/* Valgrind does not pass Landlock's calls on, and sandbox_enter does nothing under it. */
static int
what_kernel_has(void)
{
	const char *preload = getenv("LD_PRELOAD");
	int has = 0;

	if (preload != NULL && strstr(preload, "vgpreload") != NULL)
		return 0;
#if defined(__SANITIZE_ADDRESS__)
	return 0;
#endif
	if (syscall(444 /* landlock_create_ruleset */, NULL, (size_t)0, 1) >= 1)
		has |= SANDBOX_FILES;
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != -1)
		has |= SANDBOX_CALLS;
	return has;
}

static void
make_files(void)
{
	static const char *const files[] = {"in/file", "out/file", "log"};

	if (mkdtemp(root) == NULL || chdir(root) == -1 || mkdir("in", 0700) == -1 ||
	    mkdir("out", 0700) == -1 || symlink("../out/file", "in/to-out") == -1)
		abort();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		close(open(files[i], O_WRONLY | O_CREAT, 0600));
	file_before = open("out/file", O_WRONLY);
	socket_before = socket(AF_INET, SOCK_DGRAM, 0);
}

static void
remove_files(void)
{
	static const char *const names[] = {
	    "in/file", "in/none", "in/to-out", "in", "out/file", "out/new", "out", "log"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove(names[i]);
	rmdir(root);
}

int
main(void)
{
	static const struct {
		attempt *try;
		const char *what;
		int needs, error; /* error 0: EPERM or EACCES or EXDEV */
	} cases[] = {
	    {try_socket, "a socket", SANDBOX_CALLS, EPERM},
	    {try_unix_socket, "a local socket", SANDBOX_CALLS, EPERM},
	    {try_connect, "connecting a socket that was open", SANDBOX_CALLS, EPERM},
	    {try_send, "sending on it", SANDBOX_CALLS, EPERM},
	    {try_exec, "execve", SANDBOX_CALLS, EPERM},
	    {try_exec_fd, "execveat", SANDBOX_CALLS, EPERM},
	    {try_fork, "fork", SANDBOX_CALLS, 0},
	    {try_ptrace, "ptrace", SANDBOX_CALLS, EPERM},
	    {try_read_memory, "another's memory", SANDBOX_CALLS, EPERM},
	    {try_kill, "a signal to another", SANDBOX_CALLS, EPERM},
	    {try_namespace, "a namespace", SANDBOX_CALLS, EPERM},
	    {try_io_uring, "io_uring", SANDBOX_CALLS, EPERM},
	    {try_later_call, "a call of a later kernel", SANDBOX_CALLS, ENOSYS},
	    {try_terminal, "typing into the terminal", SANDBOX_CALLS, EPERM},
	    {try_chmod, "chmod", SANDBOX_CALLS, EPERM},
	    {try_make, "making a file elsewhere", SANDBOX_FILES, EACCES},
	    {try_write, "writing a file elsewhere", SANDBOX_FILES, EACCES},
	    {try_append, "appending to a file elsewhere", SANDBOX_FILES, EACCES},
	    {try_truncate, "truncating a file elsewhere", SANDBOX_CALLS, EPERM},
	    {try_remove, "removing a file elsewhere", SANDBOX_FILES, EACCES},
	    {try_rename, "renaming a file to elsewhere", SANDBOX_FILES, 0},
	    {try_link, "linking a file elsewhere", SANDBOX_FILES, 0},
	    {try_symlink, "a symbolic link in the folder of the output", SANDBOX_FILES, EACCES},
	    {try_folder, "a folder there", SANDBOX_FILES, EACCES},
	    {try_through_link, "writing elsewhere through a link there", SANDBOX_FILES, EACCES},
	};

	kernel_has = what_kernel_has();
	printf("# the kernel has%s%s\n", kernel_has & SANDBOX_FILES ? " Landlock" : "",
	    kernel_has & SANDBOX_CALLS ? " seccomp" : "");
	make_files();
	OK(inside(use_files) == 0, "outputs, logs, open files and reading work: %d",
	    inside(use_files));
	OK(inside(use_thread) == 0, "threads start");
	OK(inside(use_abort) == -SIGABRT, "abort ends the program");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int got;

		if (!(kernel_has & cases[i].needs)) {
			OK(1, "%s: the kernel cannot deny it", cases[i].what);
			continue;
		}
		got = inside(cases[i].try);
		OK(cases[i].error != 0 ? got == cases[i].error
				       : got == EPERM || got == EACCES || got == EXDEV,
		    "%s is denied: %s", cases[i].what, strerror(got));
	}
	remove_files();
	return tap_done();
}
