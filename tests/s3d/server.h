/*
 * The server as a whole: what its parts share, and the options it was started with.
 */
#ifndef S3D_SERVER_H
#define S3D_SERVER_H

#include <gnutls/gnutls.h>
#include <stdatomic.h>

#include "auth.h"
#include "faults.h"
#include "model.h"
#include "req.h"
#include "stats.h"
#include "store.h"

enum { DOMAINS_MAX = 8, CREDENTIALS_MAX = 16, THREADS_MAX = 64, BUCKETS_MAX = 64, MAKES_MAX = 64 };

struct options {
	const char *bind;
	unsigned port;
	unsigned threads;
	unsigned idle_s; /* idle connections are closed after that; 0: never */
	const char *ready_file, *pid_file, *log_file, *dir, *faults_file;
	const char *tls_cert, *tls_key;
	const char *domains[DOMAINS_MAX];
	size_t n_domains;
	const char *buckets[BUCKETS_MAX];
	size_t n_buckets;
	const char *makes[MAKES_MAX];
	size_t n_makes;
	uint64_t make_bytes;
	uint64_t min_part;
	int64_t clock_offset_s;
	int count_keys;
	int discard; /* bodies are hashed and not kept */
	struct credential credentials[CREDENTIALS_MAX];
	struct auth_config auth;
	struct model_config model;
};

struct server {
	struct options opt;
	struct store store;
	struct faults *faults;
	struct model model;
	struct stats stats;
	int log_fd; /* -1: none */
	atomic_int stopping;
	char *tls_cert, *tls_key;  /* owned: the files' contents; NULL: no TLS */
	gnutls_datum_t ticket_key; /* for resumed sessions */
};

/* Parses the command line into o. 0, 1 when there is nothing to do (--help), -1 after a message. */
int options_parse(struct options *o, int argc, char **argv);

/* The server's clock, with --clock-offset. */
time_t server_time(const struct server *s);

#endif
