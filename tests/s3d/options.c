#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "server.h"

enum {
	O_PORT = 256,
	O_BIND,
	O_READY,
	O_PID,
	O_LOG,
	O_DIR,
	O_BUCKET,
	O_DOMAIN,
	O_REGION,
	O_KEY,
	O_TOKEN,
	O_ANONYMOUS,
	O_CLOCK,
	O_MAKE,
	O_MAKE_BYTES,
	O_MIN_PART,
	O_LATENCY,
	O_LIST_LATENCY,
	O_PUT_LATENCY,
	O_TAIL,
	O_CAP,
	O_PUT_CAP,
	O_CLOSE_AFTER,
	O_IDLE,
	O_SEED,
	O_FAULTS,
	O_TLS_CERT,
	O_TLS_KEY,
	O_THREADS,
	O_COUNT_KEYS,
	O_DISCARD,
	O_HELP
};

static const struct option longs[] = {{"port", 1, NULL, O_PORT}, {"bind", 1, NULL, O_BIND},
    {"ready-file", 1, NULL, O_READY}, {"pid-file", 1, NULL, O_PID}, {"log", 1, NULL, O_LOG},
    {"dir", 1, NULL, O_DIR}, {"bucket", 1, NULL, O_BUCKET}, {"domain", 1, NULL, O_DOMAIN},
    {"region", 1, NULL, O_REGION}, {"access-key", 1, NULL, O_KEY},
    {"session-token", 1, NULL, O_TOKEN}, {"anonymous", 0, NULL, O_ANONYMOUS},
    {"clock-offset", 1, NULL, O_CLOCK}, {"make", 1, NULL, O_MAKE},
    {"make-bytes", 1, NULL, O_MAKE_BYTES}, {"min-part", 1, NULL, O_MIN_PART},
    {"latency", 1, NULL, O_LATENCY}, {"list-latency", 1, NULL, O_LIST_LATENCY},
    {"put-latency", 1, NULL, O_PUT_LATENCY}, {"tail", 1, NULL, O_TAIL}, {"cap", 1, NULL, O_CAP},
    {"put-cap", 1, NULL, O_PUT_CAP}, {"close-after", 1, NULL, O_CLOSE_AFTER},
    {"idle-timeout", 1, NULL, O_IDLE}, {"seed", 1, NULL, O_SEED}, {"faults", 1, NULL, O_FAULTS},
    {"tls-cert", 1, NULL, O_TLS_CERT}, {"tls-key", 1, NULL, O_TLS_KEY},
    {"threads", 1, NULL, O_THREADS}, {"count-keys", 0, NULL, O_COUNT_KEYS},
    {"discard", 0, NULL, O_DISCARD}, {"help", 0, NULL, O_HELP}, {NULL, 0, NULL, 0}};

static const char usage[] =
    "usage: s3d [OPTION]...\n"
    "A local S3 server for tests and benchmarks.\n"
    "\n"
    "  --port N             0 picks a free one (default 9000)\n"
    "  --bind ADDRESS       default 127.0.0.1\n"
    "  --ready-file FILE    written when it listens: host:port\n"
    "  --pid-file FILE\n"
    "  --log FILE           one line a request: time method bucket key status bytes kind code us\n"
    "  --dir DIR            keep everything there (default: in memory)\n"
    "  --bucket NAME        create it; may be repeated\n"
    "  --domain NAME        bucket.NAME is virtual-host addressing (default localhost)\n"
    "  --region NAME        default us-east-1\n"
    "  --access-key ID:SECRET  default test:testsecret; may be repeated\n"
    "  --session-token T    of the access key before it\n"
    "  --anonymous          let unsigned requests through\n"
    "  --clock-offset S     the server's clock is so many seconds ahead (or -S behind)\n"
    "  --make BUCKET/PREFIX:COUNT[:TEMPLATE]  objects that are computed; '#' is a digit\n"
    "                       (default ########.csv)\n"
    "  --make-bytes N       size of each of them (default 100)\n"
    "  --min-part BYTES     of each part but the last (default 5M)\n"
    "  --latency MS         of every answer; fractions are fine\n"
    "  --list-latency MS, --put-latency MS    of listings; of PUT, POST and DELETE\n"
    "  --tail PERCENT:MS    so many answers take so much longer\n"
    "  --cap N[:BURST]      GET, HEAD and LIST a second; above it 503 SlowDown\n"
    "  --put-cap N[:BURST]  PUT, POST and DELETE a second\n"
    "  --close-after N[:silent]  close each connection after N requests\n"
    "  --idle-timeout S     close connections on which nothing happens\n"
    "  --seed N             of what is random\n"
    "  --faults FILE        see README.md; SIGHUP reads it again\n"
    "  --tls-cert FILE, --tls-key FILE\n"
    "  --threads N          default 1\n"
    "  --count-keys         count requests by key, for /_s3d/stats?keys\n"
    "  --discard            do not keep bodies: a GET gives as many zero bytes\n"
    "  --help\n";

static int
bad(const char *option, const char *value)
{
	fprintf(stderr, "s3d: --%s %s: not understood\n", option, value);
	return -1;
}

/* Milliseconds, fractions allowed, to microseconds. */
static int
parse_ms(const char *s, uint64_t *us)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || *end != '\0' || !(v >= 0 && v < 1e9))
		return -1;
	*us = (uint64_t)(v * 1000);
	return 0;
}

static int
parse_ms_signed(const char *s, int64_t *us)
{
	uint64_t v;

	if (parse_ms(s, &v) == -1)
		return -1;
	*us = (int64_t)v;
	return 0;
}

static int
parse_cap(const char *s, double *rate, double *burst)
{
	size_t n = strcspn(s, ":");
	uint64_t a, b;

	if (num_parse_n(s, n, 1, 100000000, &a) == -1)
		return -1;
	b = a / 20 > 1 ? a / 20 : 1;
	if (s[n] == ':' && num_parse(s + n + 1, 1, 100000000, &b) == -1)
		return -1;
	*rate = (double)a;
	*burst = (double)b;
	return 0;
}

static int
parse_tail(const char *s, struct model_config *m)
{
	char *end;

	m->tail_percent = strtod(s, &end);
	if (end == s || *end != ':' || !(m->tail_percent >= 0 && m->tail_percent <= 100))
		return -1;
	return parse_ms(end + 1, &m->tail_us);
}

static int
parse_close_after(const char *s, struct model_config *m)
{
	size_t n = strcspn(s, ":");
	uint64_t v;

	if (num_parse_n(s, n, 1, UINT32_MAX, &v) == -1 ||
	    (s[n] == ':' && strcmp(s + n, ":silent") != 0))
		return -1;
	m->close_after = (unsigned)v;
	m->close_silent = s[n] == ':';
	return 0;
}

static int
parse_access_key(char *s, struct options *o)
{
	char *colon = strchr(s, ':');

	if (colon == NULL || o->auth.n_credentials == CREDENTIALS_MAX)
		return -1;
	*colon = '\0';
	o->credentials[o->auth.n_credentials++] = (struct credential){s, colon + 1, NULL};
	return 0;
}

static int
parse_offset(const char *s, int64_t *out)
{
	uint64_t v;

	if (num_parse(s + (*s == '-'), 0, 1000000000, &v) == -1)
		return -1;
	*out = *s == '-' ? -(int64_t)v : (int64_t)v;
	return 0;
}

static int
parse_unsigned(const char *s, uint64_t max, unsigned *out)
{
	uint64_t v;

	if (num_parse(s, 0, max, &v) == -1)
		return -1;
	*out = (unsigned)v;
	return 0;
}

static int
list_add(const char **list, size_t max, size_t *n, const char *value)
{
	if (*n == max)
		return -1;
	list[(*n)++] = value;
	return 0;
}

/* Options that only store a string or set a flag. 1 if c was one. */
static int
parse_plain(struct options *o, int c, const char *arg)
{
	switch (c) {
	case O_BIND: o->bind = arg; return 1;
	case O_READY: o->ready_file = arg; return 1;
	case O_PID: o->pid_file = arg; return 1;
	case O_LOG: o->log_file = arg; return 1;
	case O_DIR: o->dir = arg; return 1;
	case O_REGION: o->auth.region = arg; return 1;
	case O_ANONYMOUS: o->auth.anonymous = 1; return 1;
	case O_FAULTS: o->faults_file = arg; return 1;
	case O_TLS_CERT: o->tls_cert = arg; return 1;
	case O_TLS_KEY: o->tls_key = arg; return 1;
	case O_COUNT_KEYS: o->count_keys = 1; return 1;
	case O_DISCARD: o->discard = 1; return 1;
	default: return 0;
	}
}

static int
parse_model(struct options *o, int c, const char *arg)
{
	struct model_config *m = &o->model;

	switch (c) {
	case O_LATENCY: return parse_ms(arg, &m->latency_us);
	case O_LIST_LATENCY: return parse_ms_signed(arg, &m->list_latency_us);
	case O_PUT_LATENCY: return parse_ms_signed(arg, &m->put_latency_us);
	case O_TAIL: return parse_tail(arg, m);
	case O_CAP: return parse_cap(arg, &m->cap, &m->cap_burst);
	case O_PUT_CAP: return parse_cap(arg, &m->put_cap, &m->put_cap_burst);
	case O_CLOSE_AFTER: return parse_close_after(arg, m);
	case O_SEED: return num_parse(arg, 0, UINT64_MAX, &m->seed);
	default: return -1;
	}
}

static int
parse_one(struct options *o, int c, char *arg)
{
	switch (c) {
	case O_PORT: return parse_unsigned(arg, 65535, &o->port);
	case O_THREADS:
		if (parse_unsigned(arg, THREADS_MAX, &o->threads) == -1)
			return -1;
		return o->threads > 0 ? 0 : -1;
	case O_IDLE: return parse_unsigned(arg, 86400, &o->idle_s);
	case O_BUCKET: return list_add(o->buckets, BUCKETS_MAX, &o->n_buckets, arg);
	case O_DOMAIN: return list_add(o->domains, DOMAINS_MAX, &o->n_domains, arg);
	case O_MAKE: return list_add(o->makes, MAKES_MAX, &o->n_makes, arg);
	case O_MAKE_BYTES: return num_parse_bytes(arg, GEN_BODY_MIN, 1 << 30, &o->make_bytes);
	case O_MIN_PART: return num_parse_bytes(arg, 0, UINT32_MAX, &o->min_part);
	case O_KEY: return parse_access_key(arg, o);
	case O_TOKEN:
		if (o->auth.n_credentials == 0)
			return -1;
		o->credentials[o->auth.n_credentials - 1].token = arg;
		return 0;
	case O_CLOCK: return parse_offset(arg, &o->clock_offset_s);
	default: return parse_model(o, c, arg);
	}
}

int
options_parse(struct options *o, int argc, char **argv)
{
	int c, index;

	*o = (struct options){.bind = "127.0.0.1",
	    .port = 9000,
	    .threads = 1,
	    .make_bytes = GEN_BODY_MIN,
	    .min_part = 5 << 20,
	    .auth = {.region = "us-east-1"},
	    .model = {.list_latency_us = -1, .put_latency_us = -1, .seed = 1}};
	o->auth.credentials = o->credentials;
	while ((c = getopt_long(argc, argv, "", longs, &index)) != -1) {
		if (c == O_HELP) {
			fputs(usage, stdout);
			return 1;
		}
		if (c == '?')
			return -1;
		if (!parse_plain(o, c, optarg) && parse_one(o, c, optarg) == -1)
			return bad(longs[index].name, optarg);
	}
	if (optind < argc) {
		fprintf(stderr, "s3d: %s: no operand is expected\n", argv[optind]);
		return -1;
	}
	if ((o->tls_cert == NULL) != (o->tls_key == NULL)) {
		fputs("s3d: --tls-cert and --tls-key belong together\n", stderr);
		return -1;
	}
	if (o->discard && o->dir != NULL) {
		fputs("s3d: --discard and --dir exclude each other\n", stderr);
		return -1;
	}
	if (o->n_domains == 0)
		o->domains[o->n_domains++] = "localhost";
	if (o->auth.n_credentials == 0) {
		o->credentials[0] = (struct credential){"test", "testsecret", NULL};
		o->auth.n_credentials = 1;
	}
	return 0;
}
