#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "base/clock.h"
#include "base/log.h"
#include "s3/put/s3_putter.h"
#include "s3/put/s3_uploads.h"

enum { BARE_ANSWERS = 2 }; /* to a part without an ETag, until its MD5 stands for it */

/* --- beginning and giving up --- */

static enum fetch_verdict
check_upload_id(struct s3_call *c, struct fetch_again *again)
{
	struct buf id = {0};
	int rc = xml_text(&id, c->body.p != NULL ? c->body.p : "", c->body.len, "UploadId");

	again->cause = FETCH_CAUSE_OTHER;
	if (rc == 0 && id.len == strlen(buf_str(&id)) && s3_upload_is_id(buf_str(&id))) {
		*(struct buf *)c->arg = id;
		return FETCH_DONE;
	}
	buf_free(&id);
	err_set(&s3_call_problem(c)->error, EXIT_FAILED, "%ld answer without a valid UploadId",
	    c->answer.status);
	return FETCH_AGAIN;
}

/* How S3 makes the checksum of the whole: CRCs of parts combine to that of the body; for SHA-256 it
 * is a checksum of the parts' checksums. */
static void
add_algorithm(const struct putter *p, struct s3_call *c)
{
	if (p->opt->checksum == CHECKSUM_NONE)
		return;
	s3_call_header(c, "x-amz-checksum-algorithm", checksum_name(p->opt->checksum));
	s3_call_header(c, "x-amz-checksum-type",
	    p->opt->checksum == CHECKSUM_SHA256 ? "COMPOSITE" : "FULL_OBJECT");
}

static int
create(struct putter *p)
{
	static const struct s3_call_ops ops = {.check = check_upload_id};
	struct buf id = {0};
	struct s3_call c;
	int rc;

	putter_call(p, &c, "POST", "uploads=");
	c.has_body = 1;
	c.payload_hash = SIGV4_EMPTY_SHA256;
	c.put_body = "";
	c.ops = &ops;
	c.arg = &id;
	putter_object_headers(p, &c);
	add_algorithm(p, &c);
	p->lost.first_ms = clock_mono_ms();
	rc = putter_do(p, &c, p->e);
	p->lost.over_ms = clock_mono_ms();
	p->lost.n = c.unknown;
	s3_call_free(&c);
	if (rc == 0) {
		p->upload_id = xstrdup(buf_str(&id));
		p->done = xcalloc(S3_PARTS_MAX, sizeof(*p->done));
		p->md5s = xcalloc(S3_PARTS_MAX, sizeof(*p->md5s));
	}
	buf_free(&id);
	if (p->opt->only_writer && (rc == 0 || p->lost.n > 0))
		putter_clear(p);
	else
		putter_lost_own(p);
	return rc;
}

static void
abort_upload(struct putter *p)
{
	if (p->upload_id != NULL)
		putter_abort(p, p->upload_id, NULL);
}

/* --- parts --- */

static enum fetch_verdict
check_part(struct s3_call *c, struct fetch_again *again)
{
	struct part *part = c->arg;
	char want[33];

	hash_hex(want, part->digest.md5, 16);
	again->cause = FETCH_CAUSE_OTHER;
	if (c->answer.etag[0] == '\0') {
		if (++part->bare < BARE_ANSWERS)
			return FETCH_AGAIN;
		/* the server leaves it out; if this is another one, the complete is refused */
		memcpy(c->answer.etag, want, sizeof(want));
	}
	if (!putter_etag_is_wrong(part->putter, &c->answer, want))
		return FETCH_DONE;
	/* again and again the same: more likely another kind of ETag than another part */
	if (strcmp(part->wrong_etag, c->answer.etag) == 0) {
		part->putter->odd_etags = 1;
		return FETCH_DONE;
	}
	memcpy(part->wrong_etag, c->answer.etag, sizeof(part->wrong_etag));
	err_set(&s3_call_problem(c)->error, EXIT_FAILED,
	    "part %u stored with ETag %s, but ours is %s", part->number, c->answer.etag, want);
	again->cause = FETCH_CAUSE_CHECKSUM;
	return FETCH_AGAIN;
}

static void
part_start(struct putter *p, struct part *part)
{
	static const struct s3_call_ops ops = {.check = check_part};

	part->putter = p;
	part->bare = 0;
	part->wrong_etag[0] = '\0';
	part->number = ++p->n_parts;
	part->busy = 1;
	p->n_busy++;
	p->in_parts += part->data.len;
	buf_reset(&part->query);
	buf_addf(&part->query, "partNumber=%u&uploadId=", part->number);
	uri_encode(&part->query, p->upload_id, strlen(p->upload_id), 0);
	putter_call(p, &part->call, "PUT", buf_str(&part->query));
	part->call.ops = &ops;
	part->call.arg = part;
	putter_body(p, part, &part->call);
	s3_start(p->s3, &part->call);
}

/* The place to read the next part into. NULL: all that may be held are in flight. */
static struct part *
free_place(struct putter *p)
{
	unsigned limit = part_plan_places(
	    p->base, part_plan_len(p->base, p->size, p->in_parts), p->n_places - 1);
	struct part *place = NULL;

	if (p->n_busy >= limit)
		return NULL;
	for (unsigned i = 0; i < p->n_places; i++) {
		struct part *part = &p->parts[i];

		if (part->busy)
			continue;
		/* prefer the one that holds the first byte of the second part */
		if (place == NULL || part->data.len > 0)
			place = part;
	}
	for (unsigned i = 0; limit < p->n_places && i < p->n_places; i++)
		if (!p->parts[i].busy && &p->parts[i] != place)
			buf_free(&p->parts[i].data);
	return place;
}

/* Waits for the parts in flight; after a failure for a limited time, then cancels them. 1 if any
 * was cancelled. */
static int
drain(struct putter *p)
{
	int cut = 0;

	while (p->n_busy > 0) { /* before an abort, too: a part that arrives after it would stay */
		s3_step(p->s3, PUTTER_STEP_MS);
		putter_collect(p);
		if (!putter_stopped(p) || !putter_is_late(p))
			continue;
		cut = 1;
		for (unsigned i = 0; i < p->n_places; i++) {
			if (!p->parts[i].busy)
				continue;
			s3_cancel(&p->parts[i].call);
			putter_part_ended(p, &p->parts[i]);
		}
	}
	return cut;
}

static int
put_parts(struct putter *p, struct part *full)
{
	struct part *next;

	for (;;) {
		if (p->n_parts == S3_PARTS_MAX) {
			p->failed = 1;
			return err_set(p->e, EXIT_FAILED,
			    "%s: does not fit into %d parts; give --expect-size", p->src.name,
			    S3_PARTS_MAX);
		}
		part_start(p, full);
		while ((next = free_place(p)) == NULL) {
			s3_step(p->s3, PUTTER_STEP_MS);
			putter_collect(p);
			if (putter_stopped(p))
				return -1;
		}
		if (putter_fill(p, next, UINT64_MAX) == -1)
			return -1;
		if (next->data.len == 0)
			return 0;
		full = next;
	}
}

/* --- ending --- */

static enum fetch_verdict
check_complete(struct s3_call *c, struct fetch_again *again)
{
	struct s3_problem *pr = s3_call_problem(c);
	const char *doc = c->body.p != NULL ? c->body.p : "";
	struct buf text = {0};
	int rc;

	/* S3 sends the head before it knows the outcome, so a 200 may contain an error */
	if (!s3xml_error(&pr->xml, doc, c->body.len)) {
		rc = xml_text(&text, doc, c->body.len, "CompleteMultipartUploadResult");
		buf_free(&text);
		again->cause = FETCH_CAUSE_OTHER;
		return rc == 0 ? FETCH_DONE : FETCH_AGAIN;
	}
	err_set(&pr->error, EXIT_FAILED, "200 with error %s: %s", pr->xml.code, pr->xml.message);
	again->cause = FETCH_CAUSE_SERVER_ERROR;
	return strcmp(pr->xml.code, "InternalError") == 0 ||
		strcmp(pr->xml.code, "SlowDown") == 0 ||
		strcmp(pr->xml.code, "OperationAborted") == 0 ||
		strcmp(pr->xml.code, "ServiceUnavailable") == 0
	    ? FETCH_AGAIN
	    : FETCH_FAIL;
}

static void
write_parts(const struct putter *p, struct buf *doc)
{
	const char *name =
	    p->opt->checksum == CHECKSUM_SHA256 ? "ChecksumSHA256" : "ChecksumCRC32C";

	buf_adds(
	    doc, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (unsigned i = 0; i < p->n_parts; i++) {
		const struct part_done *done = &p->done[i];

		buf_addf(doc, "<Part><PartNumber>%u</PartNumber><ETag>\"", i + 1);
		xml_escape(doc, done->etag, strlen(done->etag));
		buf_adds(doc, "\"</ETag>");
		if (done->checksum[0] != '\0')
			buf_addf(doc, "<%s>%s</%s>", name, done->checksum, name);
		buf_adds(doc, "</Part>");
	}
	buf_adds(doc, "</CompleteMultipartUpload>");
}

/* An ETag with the number of parts is made of theirs. */
static int
is_wrong(const struct putter *p, const struct s3_answer *a, const char *want)
{
	return strchr(a->etag, '-') != NULL && putter_etag_is_wrong(p, a, want);
}

/* The ETag of the answer is compared, or that of HEAD, as Ceph leaves it empty in the answer. */
static int
completed(struct putter *p, struct s3_call *c, const char *want, struct s3_put_result *res)
{
	struct s3_answer a = c->answer;
	struct buf text = {0};
	int rc, said, wrong;

	free(p->upload_id); /* it is gone, whatever follows */
	p->upload_id = NULL;
	a.etag[0] = '\0';
	rc = xml_text(&text, c->body.p, c->body.len, "ETag") == 0 && text.len > 0
	    ? s3_etag_read(a.etag, text.p, text.len)
	    : 0;
	buf_free(&text);
	if (rc == -1)
		return err_set(p->e, EXIT_FAILED,
		    "s3://%s/%s: completed, but with an ETag that is not one", c->bucket, c->key);
	wrong = p->odd_etags || is_wrong(p, &a, want);
	said = a.etag[0] != '\0';
	if (putter_stored(p, &a, NULL, res) == -1)
		return -1;
	if (!said)
		wrong |= is_wrong(p, &a, want);
	return wrong ? putter_read_back(p, &a, want) : 0;
}

/* No answer came. If the upload is gone and the object is ours, it was completed. */
static int
was_completed(
    struct putter *p, const struct s3_call *c, const char *want, struct s3_put_result *res)
{
	if (c->last.fault == FETCH_FAULT_NONE || *p->interrupted)
		return 0;
	return s3_upload_abort(p->s3, &p->opt->uri, p->upload_id, NULL, NULL) == 1 &&
	    putter_settle(p, want, res) == 0;
}

struct completion {
	struct buf doc, query;
	char hash[65], sum[CHECKSUM_TEXT], want[64];
};

static int
send_complete(struct putter *p, struct completion *done, struct s3_call *c)
{
	static const struct s3_call_ops ops = {.check = check_complete};

	putter_call(p, c, "POST", buf_str(&done->query));
	c->has_body = 1;
	c->slow_answer = 1; /* S3 sends blanks until all parts are assembled */
	c->put_body = done->doc.p;
	c->put_len = done->doc.len;
	c->payload_hash = done->hash;
	c->ops = &ops;
	s3_call_header(c, "Content-Type", "application/xml");
	if (p->opt->checksum == CHECKSUM_CRC32C) {
		checksum_crc32c_text(done->sum, p->src.crc32c);
		s3_call_header(c, "x-amz-checksum-crc32c", done->sum);
		s3_call_header(c, "x-amz-checksum-type", "FULL_OBJECT");
	}
	putter_conditions(p, c);
	return putter_do(p, c, NULL);
}

/* The complete was refused, or its answer lost. 0 if the object is there nevertheless; -1 with e
 * filled. */
static int
not_completed(
    struct putter *p, const struct s3_call *c, const char *want, struct s3_put_result *res)
{
	if ((c->answer.status == 412 || c->answer.status == 404) &&
	    putter_settle(p, want, res) == 0) {
		abort_upload(p); /* unless it is this upload that made it */
		return 0;
	}
	return was_completed(p, c, want, res) ? 0 : putter_refused(p, c);
}

static int
complete(struct putter *p, struct s3_put_result *res)
{
	struct completion done = {0};
	struct s3_call c;
	int rc, there = 0;

	write_parts(p, &done.doc);
	sigv4_sha256_hex(done.hash, done.doc.p, done.doc.len);
	put_parts_etag(done.want, p->md5s, p->n_parts);
	buf_adds(&done.query, "uploadId=");
	uri_encode(&done.query, p->upload_id, strlen(p->upload_id), 0);
	rc = send_complete(p, &done, &c);
	if (rc == -1 && putter_may_go_without(p, &c)) {
		there = putter_look(p, done.want, res);
		if (there == 0) {
			p->unconditional = 1;
			s3_call_free(&c);
			rc = send_complete(p, &done, &c);
		}
	}
	res->parts = p->n_parts;
	if (there == 1) {
		abort_upload(p);
		rc = 0;
	} else if (rc == 0) {
		rc = completed(p, &c, done.want, res);
	} else if (there == 0) {
		rc = not_completed(p, &c, done.want, res);
	}
	s3_call_free(&c);
	buf_free(&done.doc);
	buf_free(&done.query);
	return rc;
}

int
s3_put_multipart(struct putter *p, struct part *first, struct s3_put_result *res)
{
	int rc = create(p), cut;

	if (rc == 0)
		rc = put_parts(p, first);
	cut = drain(p);
	putter_lost_own(p); /* unless known already */
	if (rc == 0 && putter_stopped(p))
		rc = -1;
	if (rc == 0)
		rc = put_source_check(&p->src, p->opt->expect_size, p->opt->expect_crc32c, p->e);
	if (rc == 0)
		rc = complete(p, res);
	if (rc == -1)
		abort_upload(p);
	if (cut) /* S3 may still have stored a part that was cancelled */
		abort_upload(p);
	if (p->lost.n > 0)
		putter_lost_end(p);
	free(p->upload_id);
	return rc;
}
