#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "s3/put/s3_putter.h"
#include "sums/crc32c.h"

enum { CONNECTIONS = 4 };

int
putter_etag_is_wrong(const struct s3_answer *a, const char *want)
{
	int opaque = a->sse[0] != '\0' && strcmp(a->sse, "AES256") != 0;

	return a->etag[0] != '\0' && !opaque && strspn(a->etag, "0123456789abcdef") == 32 &&
	    strcmp(a->etag, want) != 0;
}

/* --- requests --- */

void
putter_call(struct putter *p, struct s3_call *c, const char *method, const char *query)
{
	*c = (struct s3_call){
	    .method = method, .bucket = p->opt->uri.bucket, .key = p->opt->uri.key, .query = query};
}

void
putter_object_headers(struct putter *p, struct s3_call *c)
{
	for (size_t i = 0; i < p->opt->n_headers; i++)
		s3_call_header(c, p->opt->headers[i].name, p->opt->headers[i].value);
}

void
putter_conditions(struct putter *p, struct s3_call *c)
{
	if (p->opt->if_none_match)
		s3_call_header(c, "If-None-Match", "*");
	if (p->opt->if_match != NULL)
		s3_call_header(
		    c, "If-Match", p->bare_etag[0] != '\0' ? p->bare_etag : p->opt->if_match);
}

static void
take_checksum(struct putter *p, struct part *part)
{
	if (p->opt->checksum == CHECKSUM_SHA256)
		EVP_EncodeBlock((unsigned char *)part->checksum, part->digest.sha256, 32);
	else
		checksum_crc32c_text(part->checksum, part->digest.crc32c);
}

void
putter_body(struct putter *p, struct part *part, struct s3_call *c)
{
	c->has_body = 1;
	c->put_body = part->data.p != NULL ? part->data.p : "";
	c->put_len = part->data.len;
	if (s3_signs_payload(p->s3)) {
		hash_hex(part->sha256, part->digest.sha256, 32);
		c->payload_hash = part->sha256;
	}
	if (p->opt->checksum == CHECKSUM_NONE) {
		EVP_EncodeBlock((unsigned char *)part->md5_base64, part->digest.md5, 16);
		s3_call_header(c, "Content-MD5", part->md5_base64);
		return;
	}
	take_checksum(p, part);
	s3_call_header(c,
	    p->opt->checksum == CHECKSUM_SHA256 ? "x-amz-checksum-sha256" : "x-amz-checksum-crc32c",
	    part->checksum);
}

int64_t
putter_now_ms(void)
{
	return clock_mono_ms();
}

int
putter_is_late(struct putter *p)
{
	int64_t now = putter_now_ms();

	if (p->stop_ms == 0)
		p->stop_ms = now + PUTTER_GRACE_MS;
	return now >= p->stop_ms;
}

int
putter_do(struct putter *p, struct s3_call *c, struct err *e)
{
	s3_start(p->s3, c);
	while (!c->ended) {
		s3_step(p->s3, PUTTER_STEP_MS);
		if (!c->ended && *p->interrupted && putter_is_late(p)) {
			s3_cancel(c);
			err_set(&s3_call_problem(c)->error, EXIT_FAILED,
			    "interrupted; nothing is known to be stored");
		}
	}
	return c->ok ? 0 : s3_call_err(c, e);
}

int
putter_head(struct putter *p, struct s3_answer *a, struct err *e)
{
	struct s3_call c;
	int rc;

	putter_call(p, &c, "HEAD", NULL);
	rc = putter_do(p, &c, e);
	*a = c.answer;
	if (rc == -1 && c.answer.status == 404 && c.last.fault == FETCH_FAULT_NONE)
		rc = 0;
	else if (rc == 0)
		rc = 1;
	s3_call_free(&c);
	return rc;
}

/* Is what lies there what we have? By size, and our own checksum where we store one, else the ETag
 * that ours would get. */
static int
is_ours(const struct putter *p, const struct s3_answer *a, const char *want_etag)
{
	if (a->content_length != (int64_t)p->src.bytes)
		return 0;
	if (p->opt->meta_crc32c != NULL)
		return strcmp(a->sheaf_crc32c, p->opt->meta_crc32c) == 0;
	return strcmp(a->etag, want_etag) == 0;
}

int
putter_settle(struct putter *p, const char *want_etag, struct s3_put_result *res)
{
	struct s3_answer a;

	if (putter_head(p, &a, NULL) != 1 || !is_ours(p, &a, want_etag))
		return -1;
	memcpy(res->etag, a.etag, sizeof(res->etag));
	res->existed = 1;
	return 0;
}

int
putter_refused(struct putter *p, const struct s3_call *c)
{
	if (c->answer.status == 412 && p->opt->if_none_match)
		return err_set(p->e, EXIT_FAILED,
		    "s3://%s/%s: an object is there already, and not this one (412 %s)", c->bucket,
		    c->key, s3_call_code(c));
	if (c->answer.status == 412)
		return err_set(p->e, EXIT_FAILED,
		    "s3://%s/%s: changed since its ETag was %s (412 %s)", c->bucket, c->key,
		    p->opt->if_match, s3_call_code(c));
	return s3_call_err(c, p->e);
}

/* --- a single PUT --- */

/* What is stored has an ETag. */
static enum fetch_verdict
check_single(struct s3_call *c, struct fetch_again *again)
{
	again->cause = FETCH_CAUSE_OTHER;
	return c->answer.etag[0] != '\0' ? FETCH_DONE : FETCH_AGAIN;
}

static int
send_single(struct putter *p, struct part *part, struct s3_call *c)
{
	static const struct s3_call_ops ops = {.check = check_single};

	putter_call(p, c, "PUT", NULL);
	c->ops = &ops;
	putter_object_headers(p, c);
	putter_conditions(p, c);
	putter_body(p, part, c);
	return putter_do(p, c, NULL);
}

/* Ceph compares If-Match as it stands with an ETag without quotes. look_first has seen that they
 * are the same. */
static int
send_bare(struct putter *p, struct part *part, struct s3_call *c)
{
	snprintf(p->bare_etag, sizeof(p->bare_etag), "%.*s", (int)strlen(p->opt->if_match) - 2,
	    p->opt->if_match + 1);
	s3_call_free(c);
	return send_single(p, part, c);
}

static int
put_single(struct putter *p, struct part *part, struct s3_put_result *res)
{
	char want[64];
	struct s3_call c;
	int rc, settled = 0;

	if (put_source_check(&p->src, p->opt->expect_size, p->opt->expect_crc32c, p->e) == -1)
		return -1;
	hash_hex(want, part->digest.md5, 16);
	rc = send_single(p, part, &c);
	if (rc == -1 && c.answer.status == 412)
		settled = putter_settle(p, want, res) == 0;
	if (rc == -1 && c.answer.status == 412 && !settled && p->opt->if_match != NULL &&
	    !s3_is_aws(p->s3))
		rc = send_bare(p, part, &c);
	res->parts = 1;
	if (rc == 0 && putter_etag_is_wrong(&c.answer, want))
		rc = err_set(p->e, EXIT_FAILED, "s3://%s/%s: stored with ETag %s, but ours is %s",
		    c.bucket, c.key, c.answer.etag, want);
	else if (rc == 0)
		memcpy(res->etag, c.answer.etag, sizeof(res->etag));
	else if (settled)
		rc = 0;
	else
		putter_refused(p, &c);
	s3_call_free(&c);
	return rc;
}

/* --- the whole --- */

int
putter_stopped(struct putter *p)
{
	if (p->failed)
		return 1;
	if (!*p->interrupted)
		return 0;
	p->failed = 1;
	err_set(p->e, EXIT_FAILED, "s3://%s/%s: interrupted; nothing is stored", p->opt->uri.bucket,
	    p->opt->uri.key);
	return 1;
}

/* More than what was expected is known to be wrong before the end is reached. */
static int
is_too_much(struct putter *p)
{
	if (p->opt->expect_size >= 0 && p->src.bytes > (uint64_t)p->opt->expect_size) {
		err_set(p->e, EXIT_FAILED,
		    "%s: %llu bytes and more, expected %lld; nothing is stored", p->src.name,
		    (unsigned long long)p->src.bytes, (long long)p->opt->expect_size);
		return 1;
	}
	if (p->src.bytes > S3_OBJECT_MAX) {
		err_set(p->e, EXIT_FAILED, "%s: larger than an object can be (5 TiB)", p->src.name);
		return 1;
	}
	return 0;
}

static int
read_more(struct putter *p, struct part *part, uint64_t n)
{
	size_t before = part->data.len;

	if (put_source_read(&p->src, &part->data, n, p->e) == -1)
		return -1;
	put_sums_add(&part->sums, part->data.p + before, part->data.len - before);
	return is_too_much(p) ? -1 : 0;
}

static void
begin_part(struct putter *p, struct part *part, uint64_t len)
{
	uint64_t left =
	    p->size >= 0 && (uint64_t)p->size > p->src.bytes ? (uint64_t)p->size - p->src.bytes : 0;

	/* all of it at once, so that it is not moved while it grows; and a byte to find the end */
	buf_room(&part->data, (p->size >= 0 && left < len ? left : len) + 1);
	put_sums_begin(&part->sums, s3_signs_payload(p->s3) || p->opt->checksum == CHECKSUM_SHA256);
}

static void
end_part(struct putter *p, struct part *part)
{
	put_sums_end(&part->sums, &part->digest);
	p->src.crc32c = crc32c_combine(p->src.crc32c, part->digest.crc32c, part->data.len);
}

int
putter_fill(struct putter *p, struct part *part, uint64_t most)
{
	uint64_t whole = part_plan_len(p->base, p->size, p->in_parts);
	uint64_t len = most < whole ? most : whole;

	if (part->data.len == 0)
		begin_part(p, part, whole);
	while (part->data.len < len && !p->src.eof) {
		if (putter_stopped(p))
			return -1;
		/* never blocked in a read: an interruption must be seen while nothing comes */
		if (!put_source_ready(&p->src, p->n_busy > 0 ? 0 : PUTTER_STEP_MS)) {
			if (p->n_busy > 0)
				s3_step(p->s3, PUTTER_STEP_MS);
		} else if (read_more(p, part, len - part->data.len) == -1) {
			p->failed = 1;
			return -1;
		} else if (p->n_busy > 0) {
			s3_step(p->s3, 0);
		}
		putter_collect(p);
	}
	if (part->data.len == whole || p->src.eof)
		end_part(p, part);
	return 0;
}

/* Is what HEAD found what we are about to send? The first part is read, and perhaps more. */
static int
is_there(struct putter *p, struct part *first, const struct s3_answer *a)
{
	char want[64];

	if (p->opt->meta_crc32c != NULL && p->opt->expect_size >= 0)
		return a->content_length == p->opt->expect_size &&
		    strcmp(a->sheaf_crc32c, p->opt->meta_crc32c) == 0;
	if (!p->src.eof)
		return 0;
	hash_hex(want, first->digest.md5, 16);
	return is_ours(p, a, want);
}

static int
has_etag(const struct s3_answer *a, const char *quoted)
{
	size_t len = strlen(a->etag);

	return strlen(quoted) == len + 2 && memcmp(quoted + 1, a->etag, len) == 0;
}

/* Servers that do not know the conditions would overwrite, so on others than AWS we look first. 1:
 * it is there and ours. */
static int
look_first(struct putter *p, struct part *first, struct s3_put_result *res)
{
	struct s3_answer a;
	int rc;

	if ((!p->opt->if_none_match && p->opt->if_match == NULL) || s3_is_aws(p->s3))
		return 0;
	if ((rc = putter_head(p, &a, p->e)) == -1)
		return -1;
	if (p->opt->if_match != NULL ? rc == 1 && has_etag(&a, p->opt->if_match) : rc == 0)
		return 0;
	if (rc == 0 || (p->opt->if_match != NULL && !is_there(p, first, &a)))
		return err_set(p->e, EXIT_FAILED, "s3://%s/%s: changed since its ETag was %s",
		    p->opt->uri.bucket, p->opt->uri.key, p->opt->if_match);
	if (!is_there(p, first, &a))
		return err_set(p->e, EXIT_FAILED,
		    "s3://%s/%s: an object is there already, and not this one", p->opt->uri.bucket,
		    p->opt->uri.key);
	memcpy(res->etag, a.etag, sizeof(res->etag));
	res->existed = 1;
	res->bytes = (uint64_t)a.content_length;
	res->crc32c = p->opt->meta_crc32c != NULL ? (uint32_t)strtoul(p->opt->meta_crc32c, NULL, 16)
						  : p->src.crc32c;
	res->parts = 1;
	return 1;
}

/* -1: nobody knows; -2: more than can be stored, e is filled. */
static int64_t
known_size(struct putter *p)
{
	if (!p->src.regular)
		return p->opt->expect_size;
	if ((uint64_t)p->src.st.st_size > S3_OBJECT_MAX) {
		err_set(p->e, EXIT_FAILED, "%s: larger than an object can be (5 TiB)", p->src.name);
		return -2;
	}
	return p->src.st.st_size;
}

int
s3_put(struct s3 *s3, const struct s3_put_opt *opt, int fd, const char *name,
    const volatile sig_atomic_t *interrupted, struct s3_put_result *res, struct err *e)
{
	struct putter p = {.s3 = s3, .opt = opt, .interrupted = interrupted, .e = e};
	struct part *first;
	int rc = -1;

	*res = (struct s3_put_result){0};
	p.base = opt->part_size != 0 ? opt->part_size : S3_PART_DEFAULT;
	p.n_places = (opt->connections != 0 ? opt->connections : CONNECTIONS) + 1;
	p.parts = xcalloc(p.n_places, sizeof(*p.parts));
	first = &p.parts[0];
	if (put_source_open(&p.src, fd, name, e) == 0 && (p.size = known_size(&p)) >= -1 &&
	    putter_fill(&p, first, UINT64_MAX) == 0) /* and then: exactly one part, or more? */
		rc = p.src.eof ? 0 : putter_fill(&p, &p.parts[1], 1);
	if (rc == 0 && (rc = look_first(&p, first, res)) == 0)
		rc = p.parts[1].data.len == 0 ? put_single(&p, first, res)
					      : s3_put_multipart(&p, first, res);
	if (rc == 0) {
		res->bytes = p.src.bytes;
		res->crc32c = p.src.crc32c;
	}
	for (unsigned i = 0; i < p.n_places; i++) {
		buf_free(&p.parts[i].data);
		buf_free(&p.parts[i].query);
	}
	free(p.parts);
	free(p.done);
	free(p.md5s);
	s3_upload_free(&p.lost.own);
	return rc == -1 ? -1 : 0;
}
