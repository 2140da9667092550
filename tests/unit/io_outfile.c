/* lib/base/io, lib/base/outfile: whole results or none. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/outfile.h"
#include "tap.h"

static char folder[] = "/tmp/sheaf-outfile-XXXXXX";
static struct err err;

static const char *
path(const char *name)
{
	static char text[4][256];
	static int i;

	i = (i + 1) % 4;
	snprintf(text[i], sizeof(text[i]), "%s/%s", folder, name);
	return text[i];
}

/* What the file holds, or "(none)". */
static const char *
contents(const char *name)
{
	static char text[256];
	int fd = open(path(name), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return "(none)";
	n = io_read_full(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	io_write_all(fd, text, strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void
test_whole(void)
{
	struct outfile *o;
	struct stat st;

	write_file("a.part", "of an earlier run that was killed", 0600);
	o = outfile_open(path("a"), &err);
	OK(o != NULL && outfile_write(o, "one ", 4, &err) == 0 &&
		outfile_write(o, "two", 3, &err) == 0,
	    "written");
	OK_STR(outfile_name(o), path("a"), "its name");
	OK(outfile_fd(o) > 2, "its descriptor");
	OK_STR(contents("a"), "(none)", "not there before the commit");
	OK_STR(contents("a.part"), "one two", "the earlier run's bytes are gone");
	OK(outfile_commit(o, &err) == 0, "commit");
	OK_STR(contents("a"), "one two", "there, whole");
	OK_STR(contents("a.part"), "(none)", "nothing beside it");

	chmod(path("a"), 0640);
	o = outfile_open(path("a"), &err);
	OK(o != NULL && outfile_write(o, "three", 5, &err) == 0, "written again");
	OK_STR(contents("a"), "one two", "the old one stays until the commit");
	OK(outfile_commit(o, &err) == 0, "commit");
	OK_STR(contents("a"), "three", "replaced");
	OK(stat(path("a"), &st) == 0 && (st.st_mode & 0777) == 0640, "its permissions kept");

	o = outfile_open(path("a"), &err);
	OK(o != NULL && outfile_write(o, "four", 4, &err) == 0, "written once more");
	outfile_abort(o);
	OK_STR(contents("a"), "three", "aborted: the old one stays");
	OK_STR(contents("a.part"), "(none)", "and nothing beside it");
	o = outfile_open(path("b"), &err);
	outfile_abort(o);
	OK_STR(contents("b"), "(none)", "aborted: none");
	outfile_abort(NULL);
	unlink(path("a"));
}

static void
test_links(void)
{
	struct outfile *o;
	struct stat st;

	write_file("real", "old", 0644);
	OK(symlink("real", path("link")) == 0, "a link");
	o = outfile_open(path("link"), &err);
	OK(o != NULL && outfile_write(o, "new", 3, &err) == 0 && outfile_commit(o, &err) == 0,
	    "written through it");
	OK_STR(contents("real"), "new", "what it leads to is replaced");
	OK(lstat(path("link"), &st) == 0 && S_ISLNK(st.st_mode), "it is a link still");
	unlink(path("link"));
	unlink(path("real"));
}

static void
test_cannot(void)
{
	char want[512];
	struct outfile *o;

	OK(outfile_open(path("none/a"), &err) == NULL && err.status == EXIT_FAILED,
	    "no such folder");
	snprintf(want, sizeof(want), "%s.part: No such file or directory", path("none/a"));
	OK_STR(err.text, want, "says so");
	OK(outfile_open(folder, &err) == NULL, "a folder");
	snprintf(want, sizeof(want), "%s: Is a directory", folder);
	OK_STR(err.text, want, "says so");
	OK(outfile_open(path("none/a"), NULL) == NULL, "nobody need ask why");

	o = outfile_open(path("d"), &err);
	OK(o != NULL && outfile_write(o, "x", 1, &err) == 0 && mkdir(path("d"), 0700) == 0,
	    "a folder comes in the way");
	OK(outfile_commit(o, &err) == -1, "then the commit fails");
	snprintf(want, sizeof(want), "%s: Is a directory", path("d"));
	OK_STR(err.text, want, "says so");
	OK_STR(contents("d.part"), "(none)", "and leaves nothing");
	rmdir(path("d"));
}

static void
test_full(void)
{
	struct rlimit small = {.rlim_cur = 10, .rlim_max = RLIM_INFINITY}, before;
	char want[512];
	struct outfile *o;

	o = outfile_open("/dev/full", &err);
	OK(o != NULL && outfile_write(o, "x", 1, &err) == -1, "a full disk");
	OK_STR(err.text, "/dev/full: No space left on device", "says so");
	outfile_abort(o);
	OK(access("/dev/full", F_OK) == 0 && access("/dev/full.part", F_OK) == -1,
	    "a device is neither removed nor renamed");

	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	o = outfile_open(path("f"), &err);
	OK(o != NULL && outfile_write(o, "0123456789x", 11, &err) == -1,
	    "more than there is room for");
	outfile_abort(o);
	o = outfile_open(path("f"), &err);
	OK(o != NULL && outfile_write(o, "0123456789", 10, &err) == 0,
	    "as much as there is room for");
	OK(outfile_write(o, "x", 1, &err) == -1, "and no more");
	setrlimit(RLIMIT_FSIZE, &before);
	snprintf(want, sizeof(want), "%s: File too large", path("f"));
	OK_STR(err.text, want, "says so");
	outfile_abort(o);
	OK_STR(contents("f"), "(none)", "no result");
	OK_STR(contents("f.part"), "(none)", "and no part of one");
}

/* Runs f in a child whose standard output is fd (-1: closed); its exit status. */
static int
in_child(int (*f)(void), int fd)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		if (fd == -1)
			close(STDOUT_FILENO);
		else
			dup2(fd, STDOUT_FILENO);
		_exit(f());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *child_name;

/* 0: all well, 1: write failed, 2: commit failed, 3: standard output was given away, 4: not opened.
 */
static int
child_writes(void)
{
	struct outfile *o;
	int fd;

	io_guard_stdio();
	if ((o = outfile_open(child_name, &err)) == NULL)
		return 4;
	if (outfile_write(o, "hello", 5, &err) == -1) {
		fprintf(stderr, "# %s\n", err.text);
		outfile_abort(o);
		return 1;
	}
	if (outfile_commit(o, &err) == -1)
		return 2;
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return fd == STDOUT_FILENO ? 3 : 0;
}

static void
test_stdout(void)
{
	static const char *const names[] = {NULL, "-", "/dev/stdout"};
	int fd, full = open("/dev/full", O_WRONLY | O_CLOEXEC), ends[2];

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < 3; i++) {
		child_name = names[i];
		fd = open(path("out"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		io_write_all(fd, "before ", 7);
		OK(in_child(child_writes, fd) == 0, "standard output as %s",
		    names[i] != NULL ? names[i] : "(null)");
		OK_STR(contents("out"), "before hello", "written straight, where it was");
		OK(in_child(child_writes, full) == 1, "full");
		OK(in_child(child_writes, -1) != 0, "closed");
		close(fd);
		OK(pipe2(ends, O_CLOEXEC) == 0 && close(ends[0]) == 0, "a pipe nobody reads");
		OK(in_child(child_writes, ends[1]) == 1, "fails");
		close(ends[1]);
		unlink(path("out"));
	}
	OK(access("/dev/stdout", F_OK) == 0, "/dev/stdout is still there");
	close(full);
}

static int
child_guarded(void)
{
	int fd;

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	io_guard_stdio();
	if ((fd = open("/dev/null", O_WRONLY)) <= 2)
		return 1;
	if (write(STDOUT_FILENO, "x", 1) != -1 || write(STDERR_FILENO, "x", 1) != -1)
		return 2;
	return io_read(STDIN_FILENO, &fd, 1) == -1 ? 0 : 3;
}

static void
test_io(void)
{
	char all[100000], back[100001];
	int ends[2], status;
	pid_t pid;

	OK(in_child(child_guarded, -1) == 0,
	    "closed standard streams are neither taken by other files nor usable");
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)(i * 7);
	OK(pipe2(ends, O_CLOEXEC) == 0, "a pipe, smaller than what goes through");
	fflush(stdout);
	if ((pid = fork()) == 0) {
		close(ends[0]);
		_exit(io_write_all(ends[1], all, sizeof(all)) == 0 ? 0 : 1);
	}
	close(ends[1]);
	OK(io_read_full(ends[0], back, sizeof(back)) == sizeof(all),
	    "all of it arrives, then its end");
	OK(memcmp(all, back, sizeof(all)) == 0, "as it was");
	waitpid(pid, &status, 0);
	OK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "and was written");
	OK(io_read(ends[0], back, 1) == 0, "the end again");
	close(ends[0]);
	OK(io_read_full(-1, back, 1) == -1 && errno == EBADF, "no descriptor to read");
	OK(io_write_all(-1, back, 1) == -1 && errno == EBADF, "none to write");
	OK(io_write_all(-1, back, 0) == 0, "nothing to write");
}

static void
on_alarm(int sig)
{
	(void)sig;
}

static void
test_interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_alarm}; /* without SA_RESTART */
	char four[4];
	int ends[2], status;
	pid_t pid, self = getpid();

	sigaction(SIGUSR1, &sa, NULL);
	OK(pipe2(ends, O_CLOEXEC) == 0, "a pipe");
	fflush(stdout);
	if ((pid = fork()) == 0) {
		for (int i = 0; i < 4; i++) {
			usleep(20000);
			kill(self, SIGUSR1);
			usleep(20000);
			if (write(ends[1], &"abcd"[i], 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	OK(io_read_full(ends[0], four, 4) == 4 && memcmp(four, "abcd", 4) == 0,
	    "signals do not cut a read short");
	waitpid(pid, &status, 0);
	close(ends[0]);
	close(ends[1]);
}

/* A temporary file that is something else: it is replaced, and what it leads to stays. */
static void
test_part_is_a_link(void)
{
	struct outfile *o;

	write_file("victim", "precious", 0600);
	OK(symlink(path("victim"), path("g.part")) == 0, "a link in the temporary file's place");
	o = outfile_open(path("g"), &err);
	OK(o != NULL && outfile_write(o, "mine", 4, &err) == 0 && outfile_commit(o, &err) == 0,
	    "a file is written all the same");
	OK_STR(contents("victim"), "precious", "what the link led to stays");
	OK_STR(contents("g"), "mine", "the file is there");
	OK(mkfifo(path("g.part"), 0600) == 0, "a FIFO in its place");
	o = outfile_open(path("g"), &err);
	OK(o != NULL && outfile_commit(o, &err) == 0, "is replaced as well");
	o = outfile_open(path("g"), &err);
	unlink(path("g.part"));
	write_file("g.part", "of another process", 0600);
	OK(o != NULL && outfile_write(o, "mine", 4, &err) == 0 && outfile_commit(o, &err) == -1 &&
		strstr(err.text, "another process") != NULL,
	    "one that was replaced meanwhile is no result: %s", err.text);
	OK_STR(contents("g.part"), "of another process", "and stays");
	unlink(path("victim"));
	unlink(path("g"));
	unlink(path("g.part"));
}

/* In a run of the pipeline no name is followed as a link. */
static void
test_nofollow(void)
{
	struct outfile *o;

	write_file("victim", "precious", 0600);
	OK(symlink(path("victim"), path("h")) == 0, "a link in a file's place");
	setenv("SHEAF_NOFOLLOW", "1", 1);
	OK(outfile_open(path("h"), &err) == NULL && err.status == EXIT_FAILED &&
		strstr(err.text, "symbolic link") != NULL,
	    "is refused: %s", err.text);
	o = outfile_open("/dev/null", &err);
	OK(o != NULL && outfile_write(o, "x", 1, &err) == 0 && outfile_commit(o, &err) == 0,
	    "/dev/null is not");
	o = outfile_open("/dev/stdout", &err);
	OK(o != NULL && outfile_commit(o, &err) == 0, "nor is /dev/stdout");
	unsetenv("SHEAF_NOFOLLOW");
	OK_STR(contents("victim"), "precious", "what the link led to stays");
	unlink(path("victim"));
	unlink(path("h"));
}

static atomic_int watching;

/* The widest permissions that the file, or the one it is made from, ever had. */
static void *
watch_modes(void *name)
{
	static _Atomic unsigned seen;
	char part[300];
	struct stat st;

	snprintf(part, sizeof(part), "%s.part", (const char *)name);
	while (watching) {
		if (stat(part, &st) == 0)
			seen |= st.st_mode & 0777;
		if (stat(name, &st) == 0)
			seen |= st.st_mode & 0777;
	}
	return &seen;
}

static void
test_private(void)
{
	static char name[256];
	_Atomic unsigned *seen;
	mode_t mask = umask(0);
	struct stat st;
	pthread_t thread;
	void *result;

	snprintf(name, sizeof(name), "%s", path("secret"));
	watching = 1;
	OK(pthread_create(&thread, NULL, watch_modes, name) == 0, "somebody looks");
	for (int i = 0; i < 200; i++) {
		outfile_put_private(name, "token", 5);
		unlink(name);
	}
	outfile_put_private(name, "token", 5);
	watching = 0;
	pthread_join(thread, &result);
	seen = result;
	OK((*seen & 077) == 0, "a private file was never open to others: %03o", *seen);
	OK_STR(contents("secret"), "token", "it is there");
	write_file("secret", "old", 0644);
	outfile_put_private(name, "new", 3);
	OK(stat(name, &st) == 0 && (st.st_mode & 0777) == 0600, "over one that was open to all");
	umask(mask);
	unlink(name);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	test_whole();
	test_links();
	test_cannot();
	test_full();
	test_stdout();
	test_io();
	test_interrupted();
	test_part_is_a_link();
	test_nofollow();
	test_private();
	OK(rmdir(folder) == 0, "nothing is left behind");
	return tap_done();
}
