#include <time.h>

#include "s3/s3_state.h"

static void
add_signed(struct s3 *s3, struct s3_call *c, struct fetch_msg *m, const char *host)
{
	struct sigv4_header h[S3_HEADERS_MAX + 8];
	struct sigv4_request r = {.method = c->method,
	    .path = buf_str(&s3->path),
	    .query = c->query != NULL ? c->query : "",
	    .headers = h};
	const struct creds *creds = &s3->held.creds;
	const char *region = s3_region_of(&s3->regions, c->bucket);
	time_t now = time(NULL) + s3->clock_ahead;

	creds_held_use(&s3->held, now);
	c->signed_as = s3->held.generation;
	c->regions_learnt = s3->regions.learnt;
	c->clock_ahead = s3->clock_ahead;
	if (now != s3->signed_at) {
		sigv4_date(now, s3->date);
		s3->signed_at = now;
	}
	if (s3->key_generation != s3->held.generation ||
	    !sigv4_key_fits(&s3->key, s3->date, region, "s3")) {
		sigv4_key_set(&s3->key, creds->secret_key, s3->date, region, "s3");
		s3->key_generation = s3->held.generation;
	}
	r.payload_hash = c->payload_hash != NULL ? c->payload_hash
	    : c->has_body			 ? SIGV4_UNSIGNED
						 : SIGV4_EMPTY_SHA256;
	/* nearly in signing order, so that sorting moves little */
	h[r.n_headers++] = (struct sigv4_header){"host", host};
	for (size_t i = 0; i < c->n_headers; i++)
		h[r.n_headers++] = c->headers[i];
	h[r.n_headers++] = (struct sigv4_header){"x-amz-content-sha256", r.payload_hash};
	h[r.n_headers++] = (struct sigv4_header){"x-amz-date", s3->date};
	if (s3->opt.request_payer)
		h[r.n_headers++] = (struct sigv4_header){"x-amz-request-payer", "requester"};
	if (creds->session_token != NULL)
		h[r.n_headers++] =
		    (struct sigv4_header){"x-amz-security-token", creds->session_token};
	buf_reset(&s3->auth);
	sigv4_authorization(&s3->auth, &r, &s3->key, creds->access_key, s3->date);
	for (size_t i = 1; i < r.n_headers; i++) /* without host, which the engine sends */
		fetch_msg_header(m, h[i].name, h[i].value);
	fetch_msg_header(m, "Authorization", buf_str(&s3->auth));
}

void
s3_sign(struct s3 *s3, struct s3_call *c, struct fetch_msg *m)
{
	const char *host;

	buf_reset(&s3->host);
	buf_reset(&s3->path);
	s3_addr_make(&s3->addr, s3_region_of(&s3->regions, c->bucket), c->bucket, c->key, &s3->host,
	    &s3->path);
	host = buf_str(&s3->host);
	m->method = c->method;
	m->has_body = c->has_body;
	m->body_len = c->put_len;
	m->slow_answer = c->slow_answer;
	buf_adds(&m->origin, s3->addr.endpoint.scheme);
	buf_adds(&m->origin, "://");
	buf_add(&m->origin, s3->host.p, s3->host.len);
	buf_add(&m->target, s3->path.p, s3->path.len);
	if (c->query != NULL) {
		buf_addc(&m->target, '?');
		buf_adds(&m->target, c->query);
	}
	if (s3->opt.no_sign_request) {
		for (size_t i = 0; i < c->n_headers; i++)
			fetch_msg_header(m, c->headers[i].name, c->headers[i].value);
	} else {
		add_signed(s3, c, m, host);
	}
}
