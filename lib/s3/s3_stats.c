#include <string.h>

#include "base/stats.h"
#include "s3/s3_state.h"

static const char *const kind_fields[S3_KINDS] = {
    "requests_get", "requests_put", "requests_list", "requests_head", "requests_other"};

static enum s3_kind
kind_of(const struct s3_call *c)
{
	if (strcmp(c->method, "GET") == 0)
		return *c->key == '\0' ? S3_KIND_LIST : S3_KIND_GET;
	if (strcmp(c->method, "HEAD") == 0)
		return S3_KIND_HEAD;
	return c->has_body ? S3_KIND_PUT : S3_KIND_OTHER;
}

void
s3_stats_count(struct s3 *s3, const struct s3_call *c)
{
	s3->kinds[kind_of(c)]++;
}

void
s3_add_stats(const struct s3 *s3, struct stats *st)
{
	const struct fetch_stats *f = fetch_get_stats(s3->fetch);
	struct buf json = {0};

	stats_add_u64(st, "requests", f->requests);
	for (int i = 0; i < S3_KINDS; i++)
		stats_add_u64(st, kind_fields[i], s3->kinds[i]);
	stats_add_u64(st, "retries", f->retries);
	buf_addc(&json, '{');
	for (int i = 0; i < FETCH_CAUSES; i++)
		if (f->causes[i] > 0)
			buf_addf(&json, "%s\"%s\":%llu", json.len > 1 ? "," : "",
			    fetch_cause_name((enum fetch_cause)i),
			    (unsigned long long)f->causes[i]);
	buf_addc(&json, '}');
	stats_add_json(st, "retry_causes", buf_str(&json));
	stats_add_u64(st, "throttled", s3->throttled);
	stats_add_u64(st, "hedged", f->hedged);
	stats_add_u64(st, "connections", f->connections);
	stats_add_u64(st, "tls_handshakes", f->tls_handshakes);
	stats_add_u64(st, "tls_resumed", f->tls_resumed);
	buf_reset(&json);
	hist_json(&json, &f->latency);
	stats_add_json(st, "latency_ms", buf_str(&json));
	buf_free(&json);
}
