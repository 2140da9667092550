#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "base/stats.h"
#include "base/utf8.h"

enum { STATS_VERSION = 1 };

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
stats_begin(struct stats *s, const char *program)
{
	*s = (struct stats){
	    .program = program,
	    .start_ms = clock_ms(CLOCK_REALTIME),
	    .start_mono_ms = clock_ms(CLOCK_MONOTONIC),
	};
}

void
stats_add_u64(struct stats *s, const char *name, uint64_t value)
{
	buf_addf(&s->fields, ",\"%s\":%llu", name, (unsigned long long)value);
}

void
stats_add_str(struct stats *s, const char *name, const char *value)
{
	buf_addf(&s->fields, ",\"%s\":", name);
	json_quote(&s->fields, value, strlen(value));
}

void
stats_add_json(struct stats *s, const char *name, const char *json)
{
	buf_addf(&s->fields, ",\"%s\":%s", name, json);
}

/* ru_maxrss also counts what the process was before exec: a copy of its shell, say. */
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

static unsigned long long
timeval_ms(struct timeval tv)
{
	return (unsigned long long)tv.tv_sec * 1000 + (unsigned long long)tv.tv_usec / 1000;
}

static void
add_line(struct buf *out, const struct stats *s, int status)
{
	struct rusage ru;
	time_t start = (time_t)(s->start_ms / 1000);
	struct tm tm;
	char day[32];

	getrusage(RUSAGE_SELF, &ru);
	gmtime_r(&start, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_addf(out, "{\"v\":%d,\"program\":", STATS_VERSION);
	json_quote(out, s->program, strlen(s->program));
	buf_addf(out, ",\"start\":\"%s.%03dZ\",\"wall_ms\":%lld,\"user_ms\":%llu,\"sys_ms\":%llu",
	    day, (int)(s->start_ms % 1000),
	    (long long)(clock_ms(CLOCK_MONOTONIC) - s->start_mono_ms), timeval_ms(ru.ru_utime),
	    timeval_ms(ru.ru_stime));
	buf_addf(
	    out, ",\"maxrss_kb\":%llu,\"status\":%d", (unsigned long long)peak_kb(&ru), status);
	buf_add(out, s->fields.p, s->fields.len);
	buf_adds(out, "}\n");
}

int
stats_end(struct stats *s, const char *path, int status, struct err *e)
{
	struct buf line = {0};
	int fd, rc = 0;

	if (path != NULL) {
		add_line(&line, s, status);
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
		if (fd == -1 || io_write_all(fd, line.p, line.len) == -1)
			rc = err_errno(e, EXIT_FAILED, "%s", path);
		if (fd != -1 && close(fd) == -1 && rc == 0)
			rc = err_errno(e, EXIT_FAILED, "%s", path);
		buf_free(&line);
	}
	buf_free(&s->fields);
	return rc;
}

uint64_t
hist_bound_us(unsigned i)
{
	/* 2^(k/8) in 32 binary places, cut off; a cut bound holds the same whole microseconds */
	static const uint64_t root[8] = {0x100000000, 0x1172b83c7, 0x1306fe0a3, 0x14bfdad53,
	    0x16a09e667, 0x18ace5422, 0x1ae89f995, 0x1d5818dcf};

	if (i >= HIST_BUCKETS)
		i = HIST_BUCKETS - 1;
	return root[i % 8] >> (32 - i / 8);
}

void
hist_add(struct hist *h, uint64_t us)
{
	unsigned i = 0;

	if (us > 1) {
		i = (63 - (unsigned)__builtin_clzll(us)) * 8;
		while (i < HIST_BUCKETS - 1 && us > hist_bound_us(i))
			i++;
		if (i > HIST_BUCKETS - 1)
			i = HIST_BUCKETS - 1;
	}
	h->n++;
	h->sum_us += us;
	h->count[i]++;
	if (us > h->max_us)
		h->max_us = us;
}

uint64_t
hist_quantile_us(const struct hist *h, double q)
{
	double want = q * (double)h->n;
	uint64_t rank = want > 0 ? (uint64_t)want : 0, seen = 0;

	if ((double)rank < want || rank == 0)
		rank++;
	for (unsigned i = 0; i < HIST_BUCKETS - 1; i++) {
		seen += h->count[i];
		if (seen >= rank)
			return hist_bound_us(i) < h->max_us ? hist_bound_us(i) : h->max_us;
	}
	return h->max_us;
}

static void
add_ms(struct buf *out, const char *name, uint64_t us)
{
	buf_addf(
	    out, ",\"%s\":%llu.%03u", name, (unsigned long long)(us / 1000), (unsigned)(us % 1000));
}

void
hist_json(struct buf *out, const struct hist *h)
{
	const char *comma = "";

	buf_addf(out, "{\"n\":%llu", (unsigned long long)h->n);
	add_ms(out, "p50", hist_quantile_us(h, 0.50));
	add_ms(out, "p90", hist_quantile_us(h, 0.90));
	add_ms(out, "p99", hist_quantile_us(h, 0.99));
	add_ms(out, "max", h->max_us);
	add_ms(out, "sum", h->sum_us);
	buf_adds(out, ",\"buckets\":[");
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		if (h->count[i] == 0)
			continue;
		buf_addf(out, "%s[%u,%llu]", comma, i, (unsigned long long)h->count[i]);
		comma = ",";
	}
	buf_adds(out, "]}");
}

void
json_quote(struct buf *out, const char *s, size_t len)
{
	/* pairs: the character, its letter */
	static const char brief[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	buf_addc(out, '"');
	while (len > 0) {
		size_t n = utf8_char(s, len);
		const char *b;

		if (n == 0) {
			buf_adds(out, "\xef\xbf\xbd");
			n = 1;
		} else if (n > 1 || ((unsigned char)*s >= 0x20 && *s != '"' && *s != '\\')) {
			buf_add(out, s, n);
		} else {
			for (b = brief; *b != '\0' && *b != *s; b += 2)
				;
			if (*b != '\0')
				buf_addf(out, "\\%c", b[1]);
			else
				buf_addf(out, "\\u%04x", (unsigned)(unsigned char)*s);
		}
		s += n;
		len -= n;
	}
	buf_addc(out, '"');
}
