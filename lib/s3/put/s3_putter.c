#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/log.h"
#include "s3/put/s3_putter.h"

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
	if (p->unconditional)
		return;
	if (p->opt->if_none_match)
		s3_call_header(c, "If-None-Match", "*");
	if (p->opt->if_match != NULL)
		s3_call_header(
		    c, "If-Match", p->bare_etag[0] != '\0' ? p->bare_etag : p->opt->if_match);
}

int
putter_has_conditions(const struct putter *p)
{
	return p->opt->if_none_match || p->opt->if_match != NULL;
}

int
putter_may_go_without(const struct putter *p, const struct s3_call *c)
{
	if (!putter_has_conditions(p) || p->unconditional)
		return 0;
	return s3_call_is_not_implemented(c) || (c->answer.status == 412 && p->shown_weak);
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

int
putter_is_late(struct putter *p)
{
	int64_t now = clock_mono_ms();

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
			    "interrupted; the object may or may not be stored");
		}
	}
	return c->ok ? 0 : s3_call_err(c, e);
}

int
putter_refused(struct putter *p, const struct s3_call *c)
{
	if (!s3_call_says(c, 412, "PreconditionFailed"))
		return s3_call_err(c, p->e);
	if (p->opt->if_none_match)
		return err_set(p->e, EXIT_FAILED,
		    "s3://%s/%s: another object exists there already (412 %s)", c->bucket, c->key,
		    s3_call_code(c));
	return err_set(p->e, EXIT_FAILED, "s3://%s/%s: changed since its ETag was %s (412 %s)",
	    c->bucket, c->key, p->opt->if_match, s3_call_code(c));
}

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

int
putter_abort(struct putter *p, const char *id, const struct s3_patience *patience)
{
	struct err e;

	if (s3_upload_abort(p->s3, &p->opt->uri, id, patience, &e) != -1)
		return 0;
	log_line(LOG_WARN, NULL, "the unfinished multipart upload %s could not be aborted: %s", id,
	    e.text);
	return -1;
}
