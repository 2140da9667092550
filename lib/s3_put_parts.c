#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "s3_putter.h"

static enum fetch_verdict
check_upload_id(struct s3_call *c, struct fetch_again *again)
{
	struct buf id = {0};
	int rc = s3xml_text(&id, c->body.p != NULL ? c->body.p : "", c->body.len, "UploadId");

	if (rc == 0 && id.len > 0)
		*(struct buf *)c->arg = id;
	else
		buf_free(&id);
	again->cause = FETCH_CAUSE_OTHER;
	return rc == 0 && ((struct buf *)c->arg)->len > 0 ? FETCH_DONE : FETCH_AGAIN;
}

static int
create(struct putter *p)
{
	static const struct s3_call_ops ops = {.check = check_upload_id};
	struct buf id = {0}, q = {0};
	struct s3_call c;
	int rc;

	putter_call(p, &c, "POST", "uploads=");
	c.has_body = 1;
	c.payload_hash = SIGV4_EMPTY_SHA256;
	c.put_body = "";
	c.ops = &ops;
	c.arg = &id;
	putter_object_headers(p, &c);
	rc = s3_do(p->s3, &c, p->e);
	s3_call_free(&c);
	if (rc == 0) {
		uri_encode(&q, id.p, id.len, 0);
		buf_str(&q);
		p->upload_id = q.p;
		p->done = xcalloc(S3_PARTS_MAX, sizeof(*p->done));
	}
	buf_free(&id);
	return rc;
}

static void
abort_upload(struct putter *p)
{
	struct buf q = {0};
	struct s3_call c;
	struct err e;

	if (p->upload_id == NULL)
		return;
	buf_addf(&q, "uploadId=%s", p->upload_id);
	putter_call(p, &c, "DELETE", buf_str(&q));
	if (s3_do(p->s3, &c, &e) == -1 && c.answer.status != 404)
		log_line(LOG_WARN, NULL, "an unfinished multipart upload stays behind: %s", e.text);
	s3_call_free(&c);
	buf_free(&q);
	free(p->upload_id);
	p->upload_id = NULL;
}

static enum fetch_verdict
check_part(struct s3_call *c, struct fetch_again *again)
{
	struct part *part = c->arg;
	char want[33];

	putter_hex(want, part->md5, 16);
	if (!putter_etag_is_wrong(&c->answer, want))
		return FETCH_DONE;
	err_set(&s3_call_problem(c)->error, EXIT_FAILED,
	    "part %u stored with ETag %s, but ours is %s", part->number, c->answer.etag, want);
	again->cause = FETCH_CAUSE_CHECKSUM;
	return FETCH_AGAIN;
}

static void
part_start(struct putter *p, struct part *part)
{
	static const struct s3_call_ops ops = {.check = check_part};

	part->number = ++p->n_parts;
	part->busy = 1;
	p->n_busy++;
	putter_hash(p, part);
	snprintf(part->query, sizeof(part->query), "partNumber=%u&uploadId=%s", part->number,
	    p->upload_id);
	putter_call(p, &part->call, "PUT", part->query);
	part->call.ops = &ops;
	part->call.arg = part;
	putter_body(&part->call, part);
	s3_start(p->s3, &part->call);
}

void
putter_collect(struct putter *p)
{
	for (unsigned i = 0; i < p->n_places; i++) {
		struct part *part = &p->parts[i];

		if (!part->busy || !part->call.ended)
			continue;
		if (part->call.ok) {
			memcpy(p->done[part->number - 1].etag, part->call.answer.etag,
			    sizeof(p->done[0].etag));
			memcpy(p->done[part->number - 1].md5, part->md5, 16);
		} else if (!p->failed) {
			p->failed = 1;
			s3_call_err(&part->call, p->e);
		}
		s3_call_free(&part->call);
		buf_reset(&part->data);
		part->busy = 0;
		p->n_busy--;
	}
}

static enum fetch_verdict
check_complete(struct s3_call *c, struct fetch_again *again)
{
	struct s3_problem *pr = s3_call_problem(c);

	/* the head is sent before S3 knows how it ends, so an error may stand in a 200 */
	if (!s3xml_error(&pr->xml, c->body.p != NULL ? c->body.p : "", c->body.len))
		return FETCH_DONE;
	err_set(&pr->error, EXIT_FAILED, "200 with error %s: %s", pr->xml.code, pr->xml.message);
	again->cause = FETCH_CAUSE_SERVER_ERROR;
	return strcmp(pr->xml.code, "InternalError") == 0 ||
		strcmp(pr->xml.code, "SlowDown") == 0 ||
		strcmp(pr->xml.code, "ServiceUnavailable") == 0
	    ? FETCH_AGAIN
	    : FETCH_FAIL;
}

/* The ETag of the completed object: the answer's, or (Ceph leaves it empty) the object's own. */
static int
completed_etag(struct putter *p, struct s3_call *c, struct s3_answer *a)
{
	struct buf text = {0};
	size_t len;

	*a = c->answer;
	a->etag[0] = '\0';
	if (s3xml_text(&text, c->body.p, c->body.len, "ETag") == 0 && text.len > 2) {
		const char *s = buf_str(&text);

		len = text.len;
		if (s[0] == '"' && s[len - 1] == '"') {
			s++;
			len -= 2;
		}
		snprintf(a->etag, sizeof(a->etag), "%.*s", (int)len, s);
	}
	buf_free(&text);
	return a->etag[0] != '\0' || putter_head(p, a, p->e) == 1 ? 0 : -1;
}

static int
complete(struct putter *p, struct s3_put_result *res)
{
	static const struct s3_call_ops ops = {.check = check_complete};
	struct buf doc = {0}, q = {0};
	struct s3_answer a;
	struct s3_call c;
	char want[64], hash[65];
	int rc;

	buf_adds(
	    &doc, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (unsigned i = 0; i < p->n_parts; i++) {
		buf_addf(&doc, "<Part><PartNumber>%u</PartNumber><ETag>\"", i + 1);
		s3xml_escape(&doc, p->done[i].etag, strlen(p->done[i].etag));
		buf_adds(&doc, "\"</ETag></Part>");
	}
	buf_adds(&doc, "</CompleteMultipartUpload>");
	sigv4_sha256_hex(hash, doc.p, doc.len);
	putter_etag(p, NULL, want);
	buf_addf(&q, "uploadId=%s", p->upload_id);
	putter_call(p, &c, "POST", buf_str(&q));
	c.has_body = 1;
	c.put_body = doc.p;
	c.put_len = doc.len;
	c.payload_hash = hash;
	c.ops = &ops;
	s3_call_header(&c, "Content-Type", "application/xml");
	putter_conditions(p, &c);
	rc = s3_do(p->s3, &c, NULL);
	res->parts = p->n_parts;
	if (rc == 0) {
		free(p->upload_id); /* it is no more, whatever comes */
		p->upload_id = NULL;
		rc = completed_etag(p, &c, &a);
		if (rc == 0 && strchr(a.etag, '-') != NULL && putter_etag_is_wrong(&a, want))
			rc = err_set(p->e, EXIT_FAILED,
			    "s3://%s/%s: stored with ETag %s, but ours is %s", c.bucket, c.key,
			    a.etag, want);
		memcpy(res->etag, a.etag, sizeof(res->etag));
	} else if ((c.answer.status == 412 || c.answer.status == 404) &&
	    putter_settle(p, want, res) == 0) {
		rc = 0;
	} else {
		putter_refused(p, &c);
	}
	s3_call_free(&c);
	buf_free(&doc);
	buf_free(&q);
	return rc;
}

static struct part *
free_place(struct putter *p)
{
	struct part *place = NULL;

	for (unsigned i = 0; i < p->n_places; i++)
		if (!p->parts[i].busy && (place == NULL || p->parts[i].data.len > 0))
			place = &p->parts[i]; /* rather the one that holds the second part's first
						 byte */
	return place;
}

static int
put_parts(struct putter *p, struct part *full)
{
	struct part *next;

	for (;;) {
		if (p->n_parts == S3_PARTS_MAX || p->src.bytes > S3_OBJECT_MAX) {
			p->failed = 1;
			return err_set(p->e, EXIT_FAILED,
			    "%s: larger than an object can be (%d parts, 5 TiB)", p->src.name,
			    S3_PARTS_MAX);
		}
		part_start(p, full);
		while ((next = free_place(p)) == NULL) {
			s3_step(p->s3, PUTTER_STEP_MS);
			putter_collect(p);
			if (putter_stopped(p))
				return -1;
		}
		if (putter_fill(p, next, putter_part_len(p)) == -1)
			return -1;
		if (next->data.len == 0)
			return 0;
		full = next;
	}
}

int
s3_put_multipart(struct putter *p, struct part *first, struct s3_put_result *res)
{
	int rc = create(p);

	if (rc == 0)
		rc = put_parts(p, first);
	while (p->n_busy > 0) { /* also before an abort: a part that arrives behind it would stay */
		s3_step(p->s3, PUTTER_STEP_MS);
		putter_collect(p);
	}
	if (rc == 0 && putter_stopped(p))
		rc = -1;
	if (rc == 0)
		rc = put_source_check(&p->src, p->opt->expect_size, p->opt->expect_crc32c, p->e);
	if (rc == 0)
		rc = complete(p, res);
	if (rc == -1)
		abort_upload(p);
	free(p->upload_id);
	return rc;
}

