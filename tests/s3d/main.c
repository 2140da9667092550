/*
 * s3d: a local S3 server for tests and benchmarks. README.md says what it can do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/num.h"
#include "folder.h"
#include "server.h"
#include "worker.h"

enum { BACKLOG = 4096, FILE_MAX_LEN = 16 << 20 };

time_t
server_time(const struct server *s)
{
	return time(NULL) + (time_t)s->opt.clock_offset_s;
}

static int
fail(const char *what)
{
	fprintf(stderr, "s3d: %s: %s\n", what, strerror(errno));
	return -1;
}

static int
file_read(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		return fail(path);
	do {
		n = fread(buf_room(out, 65536), 1, 65536, f);
		out->len += n;
	} while (n > 0 && out->len < FILE_MAX_LEN);
	n = (size_t)ferror(f);
	fclose(f);
	return n == 0 ? 0 : fail(path);
}

/* Written under another name first, so that nobody who waits for the file reads half of it. */
static int
file_write(const char *path, const char *text)
{
	struct buf tmp = {0};
	FILE *f;
	int rc = -1;

	buf_addf(&tmp, "%s.%ld.part", path, (long)getpid());
	f = fopen(buf_str(&tmp), "w");
	if (f != NULL) {
		rc = fputs(text, f) == EOF ? -1 : 0;
		if (fclose(f) == EOF || (rc == 0 && rename(buf_str(&tmp), path) == -1))
			rc = -1;
	}
	buf_free(&tmp);
	return rc == 0 ? 0 : fail(path);
}

static int
faults_read(struct server *s)
{
	struct buf script = {0}, err = {0};
	int rc = 0;

	if (s->opt.faults_file == NULL)
		return 0;
	if (file_read(s->opt.faults_file, &script) == -1) {
		rc = -1;
	} else if (faults_load(s->faults, script.p, script.len, &err) == -1) {
		fprintf(stderr, "s3d: %s: %s\n", s->opt.faults_file, buf_str(&err));
		rc = -1;
	}
	buf_free(&script);
	buf_free(&err);
	return rc;
}

static int
bucket_make(struct server *s, struct str name)
{
	const char *code = store_bucket_create(&s->store, name);

	/* from an earlier run, in --dir */
	if (code == NULL || strcmp(code, "BucketAlreadyOwnedByYou") == 0)
		return 0;
	fprintf(stderr, "s3d: bucket %.*s: %s\n", (int)name.len, name.p, code);
	return -1;
}

/* "BUCKET/PREFIX:COUNT[:TEMPLATE]" */
static int
objects_make(struct server *s, const char *spec)
{
	const char *slash = strchr(spec, '/'), *colon = strchr(spec, ':'), *tmpl = "########.csv";
	struct str bucket, prefix;
	struct gen g;
	uint64_t count;
	size_t n;

	if (slash == NULL || colon == NULL || colon < slash)
		goto bad;
	bucket = (struct str){spec, (size_t)(slash - spec)};
	prefix = (struct str){slash + 1, (size_t)(colon - slash - 1)};
	n = strcspn(colon + 1, ":");
	if (num_parse_n(colon + 1, n, 1, UINT64_MAX / 2, &count) == -1)
		goto bad;
	if (colon[1 + n] == ':')
		tmpl = colon + 2 + n;
	if (bucket_make(s, bucket) == -1 ||
	    gen_init(&g, prefix, tmpl, count, (size_t)s->opt.make_bytes) == -1)
		goto bad;
	if (store_generate(&s->store, bucket, &g) == NULL)
		return 0;
	gen_free(&g);
bad:
	fprintf(stderr,
	    "s3d: --make %s: BUCKET/PREFIX:COUNT[:TEMPLATE] with enough '#' for COUNT\n", spec);
	return -1;
}

static int
server_init(struct server *s)
{
	const struct options *o = &s->opt;
	struct buf pem = {0};

	s->log_fd = -1;
	store_init(&s->store);
	s->store.min_part = o->min_part;
	model_init(&s->model, &o->model);
	stats_init(&s->stats, o->count_keys);
	s->faults = faults_new();
	if (o->dir != NULL && folder_open(&s->store, o->dir) == -1)
		return -1;
	for (size_t i = 0; i < o->n_buckets; i++)
		if (bucket_make(s, (struct str){o->buckets[i], strlen(o->buckets[i])}) == -1)
			return -1;
	for (size_t i = 0; i < o->n_makes; i++)
		if (objects_make(s, o->makes[i]) == -1)
			return -1;
	if (faults_read(s) == -1)
		return -1;
	if (o->log_file != NULL) {
		s->log_fd = open(o->log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (s->log_fd == -1)
			return fail(o->log_file);
	}
	if (o->tls_cert == NULL)
		return 0;
	if (file_read(o->tls_cert, &pem) == -1)
		return -1;
	s->tls_cert = xstrdup(buf_str(&pem));
	buf_reset(&pem);
	if (file_read(o->tls_key, &pem) == -1)
		return -1;
	s->tls_key = xstrdup(buf_str(&pem));
	buf_free(&pem);
	if (gnutls_session_ticket_key_generate(&s->ticket_key) != 0)
		return fail("session ticket key");
	return 0;
}

static void
server_free(struct server *s)
{
	store_free(&s->store);
	stats_free(&s->stats);
	faults_free(s->faults);
	free(s->tls_cert);
	free(s->tls_key);
	gnutls_free(s->ticket_key.data);
	if (s->log_fd != -1)
		close(s->log_fd);
}

/* A listening socket for each worker, all on one port, so that the kernel spreads the connections.
 * The first is bound without SO_REUSEPORT: a port that another server has is an error. */
static int
listen_on(struct options *o, int first)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o->port)};
	socklen_t len = sizeof(sa);
	int fd, one = 1;

	if (inet_pton(AF_INET, o->bind, &sa.sin_addr) != 1) {
		errno = EINVAL;
		return fail(o->bind);
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1)
		return fail("socket");
	if (!first && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == -1)
		return fail("SO_REUSEPORT");
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		return fail("bind");
	if (first && o->threads > 1 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == -1)
		return fail("SO_REUSEPORT");
	if (listen(fd, BACKLOG) == -1 || getsockname(fd, (struct sockaddr *)&sa, &len) == -1)
		return fail("listen");
	o->port = ntohs(sa.sin_port);
	return fd;
}

static int
announce(const struct options *o)
{
	struct buf b = {0};
	int rc = 0;

	buf_addf(&b, "%ld\n", (long)getpid());
	if (o->pid_file != NULL)
		rc = file_write(o->pid_file, buf_str(&b));
	buf_reset(&b);
	buf_addf(&b, "%s:%u\n", o->bind, o->port);
	if (rc == 0 && o->ready_file != NULL)
		rc = file_write(o->ready_file, buf_str(&b));
	buf_free(&b);
	return rc;
}

static void
files_raise(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

/* Until SIGTERM or SIGINT. */
static void
wait_for_end(struct server *s, const sigset_t *signals)
{
	int sig;

	while (sigwait(signals, &sig) == 0 && sig == SIGHUP)
		faults_read(s);
}

int
main(int argc, char **argv)
{
	static struct server s;
	static struct worker workers[THREADS_MAX];
	sigset_t signals;
	unsigned started = 0;
	int rc = options_parse(&s.opt, argc, argv);

	if (rc != 0)
		return rc == 1 ? EXIT_OK : EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	files_raise();
	rc = server_init(&s);
	for (; rc == 0 && started < s.opt.threads; started++) {
		int fd = listen_on(&s.opt, started == 0);

		uint64_t seed = (uint64_t)now_ms() * THREADS_MAX + started + 1;

		if (fd == -1 || worker_start(&workers[started], &s, fd, seed) == -1) {
			fputs("s3d: could not start\n", stderr);
			rc = -1;
			break;
		}
	}
	if (rc == 0)
		rc = announce(&s.opt);
	if (rc == 0)
		wait_for_end(&s, &signals);
	s.stopping = 1;
	for (unsigned i = 0; i < started; i++)
		worker_join(&workers[i]);
	server_free(&s);
	return rc == 0 ? EXIT_OK : EXIT_FAILED;
}
