#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "put_source.h"
#include "s3_put.h"

enum {
	STEP_MS = 20,
	GROW_AFTER = 2000, /* parts of a stream of unknown length, then they are four times as
			      large: 5 TB in 10,000 */
	GROW_SHIFT = 2,
	CONNECTIONS = 4,
};

/* One piece of the body with what its request needs. */
struct part {
	struct s3_call call;
	struct buf data;
	unsigned char md5[16];
	char md5_base64[32], sha256[65], query[192];
	unsigned number;
	int busy;
};

struct putter {
	struct s3 *s3;
	const struct s3_put_opt *opt;
	struct put_source src;
	const volatile sig_atomic_t *interrupted;
	struct part *parts; /* places: one for each connection, and one that is being filled */
	unsigned n_places, n_busy;
	char *upload_id; /* encoded for a query; NULL: none is open */
	struct {
		char etag[128];
		unsigned char md5[16];
	} * done; /* by number - 1 */
	unsigned n_parts;
	int failed;
	char bare_etag[128]; /* of if_match, where the server wants it so; "": it does not */
	struct err *e;
};

/* --- hashes --- */

static void
hash_part(struct putter *p, struct part *part)
{
	unsigned len;

	if (EVP_Digest(part->data.p != NULL ? part->data.p : "", part->data.len, part->md5, &len,
		EVP_md5(), NULL) != 1)
		err_nomem();
	EVP_EncodeBlock((unsigned char *)part->md5_base64, part->md5, 16);
	if (s3_signs_payload(p->s3))
		sigv4_sha256_hex(
		    part->sha256, part->data.p != NULL ? part->data.p : "", part->data.len);
}

static void
hex(char *to, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", p[i]);
}

/* The ETag that S3 gives: the MD5, or of a multipart upload the MD5 of its parts' MD5s and their
 * number. */
static void
expected_etag(const struct putter *p, const struct part *single, char etag[64])
{
	unsigned char all[16];
	EVP_MD_CTX *md;

	if (single != NULL) {
		hex(etag, single->md5, 16);
		return;
	}
	md = EVP_MD_CTX_new();
	if (md == NULL || EVP_DigestInit_ex(md, EVP_md5(), NULL) != 1)
		err_nomem();
	for (unsigned i = 0; i < p->n_parts; i++)
		EVP_DigestUpdate(md, p->done[i].md5, 16);
	EVP_DigestFinal_ex(md, all, NULL);
	EVP_MD_CTX_free(md);
	hex(etag, all, 16);
	snprintf(etag + 32, 32, "-%u", p->n_parts);
}

/* An ETag that is no MD5 (encryption with KMS or a customer's key) says nothing. */
static int
etag_is_wrong(const struct s3_answer *a, const char *want)
{
	int opaque = a->sse[0] != '\0' && strcmp(a->sse, "AES256") != 0;

	return a->etag[0] != '\0' && !opaque && strspn(a->etag, "0123456789abcdef") == 32 &&
	    strcmp(a->etag, want) != 0;
}

/* --- requests --- */

static void
call_init(struct putter *p, struct s3_call *c, const char *method, const char *query)
{
	*c = (struct s3_call){
	    .method = method, .bucket = p->opt->uri.bucket, .key = p->opt->uri.key, .query = query};
}

static void
add_object_headers(struct putter *p, struct s3_call *c)
{
	for (size_t i = 0; i < p->opt->n_headers; i++)
		s3_call_header(c, p->opt->headers[i].name, p->opt->headers[i].value);
}

static void
add_conditions(struct putter *p, struct s3_call *c)
{
	if (p->opt->if_none_match)
		s3_call_header(c, "If-None-Match", "*");
	if (p->opt->if_match != NULL)
		s3_call_header(
		    c, "If-Match", p->bare_etag[0] != '\0' ? p->bare_etag : p->opt->if_match);
}

static void
add_body(struct s3_call *c, struct part *part)
{
	c->has_body = 1;
	c->put_body = part->data.p;
	c->put_len = part->data.len;
	c->payload_hash = part->sha256[0] != '\0' ? part->sha256 : NULL;
	s3_call_header(c, "Content-MD5", part->md5_base64);
}

/* HEAD of the object: 1 it is there (answer filled), 0 it is not, -1 e is filled. */
static int
head(struct putter *p, struct s3_answer *a, struct err *e)
{
	struct s3_call c;
	int rc;

	call_init(p, &c, "HEAD", NULL);
	rc = s3_do(p->s3, &c, e);
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

/* Refused, but perhaps only because an earlier send, whose answer was lost, has stored it. (libcurl
 * repeats a request by itself when a kept connection dies.) 0 with res filled, or -1. */
static int
settle(struct putter *p, const char *want_etag, struct s3_put_result *res)
{
	struct s3_answer a;

	if (head(p, &a, NULL) != 1 || !is_ours(p, &a, want_etag))
		return -1;
	memcpy(res->etag, a.etag, sizeof(res->etag));
	res->existed = 1;
	return 0;
}

static int
refused(struct putter *p, const struct s3_call *c)
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

static int
send_single(struct putter *p, struct part *part, struct s3_call *c)
{
	call_init(p, c, "PUT", NULL);
	add_object_headers(p, c);
	add_conditions(p, c);
	add_body(c, part);
	return s3_do(p->s3, c, NULL);
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
	hash_part(p, part);
	expected_etag(p, part, want);
	rc = send_single(p, part, &c);
	if (rc == -1 && c.answer.status == 412)
		settled = settle(p, want, res) == 0;
	if (rc == -1 && c.answer.status == 412 && !settled && p->opt->if_match != NULL &&
	    !s3_is_aws(p->s3))
		rc = send_bare(p, part, &c);
	res->parts = 1;
	if (rc == 0 && etag_is_wrong(&c.answer, want))
		rc = err_set(p->e, EXIT_FAILED, "s3://%s/%s: stored with ETag %s, but ours is %s",
		    c.bucket, c.key, c.answer.etag, want);
	else if (rc == 0)
		memcpy(res->etag, c.answer.etag, sizeof(res->etag));
	else if (settled)
		rc = 0;
	else
		refused(p, &c);
	s3_call_free(&c);
	return rc;
}

/* --- multipart --- */

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

	call_init(p, &c, "POST", "uploads=");
	c.has_body = 1;
	c.payload_hash = SIGV4_EMPTY_SHA256;
	c.put_body = "";
	c.ops = &ops;
	c.arg = &id;
	add_object_headers(p, &c);
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
	call_init(p, &c, "DELETE", buf_str(&q));
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

	hex(want, part->md5, 16);
	if (!etag_is_wrong(&c->answer, want))
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
	hash_part(p, part);
	snprintf(part->query, sizeof(part->query), "partNumber=%u&uploadId=%s", part->number,
	    p->upload_id);
	call_init(p, &part->call, "PUT", part->query);
	part->call.ops = &ops;
	part->call.arg = part;
	add_body(&part->call, part);
	s3_start(p->s3, &part->call);
}

/* Takes in the parts that have ended. */
static void
collect(struct putter *p)
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
	return a->etag[0] != '\0' || head(p, a, p->e) == 1 ? 0 : -1;
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
	expected_etag(p, NULL, want);
	buf_addf(&q, "uploadId=%s", p->upload_id);
	call_init(p, &c, "POST", buf_str(&q));
	c.has_body = 1;
	c.put_body = doc.p;
	c.put_len = doc.len;
	c.payload_hash = hash;
	c.ops = &ops;
	s3_call_header(&c, "Content-Type", "application/xml");
	add_conditions(p, &c);
	rc = s3_do(p->s3, &c, NULL);
	res->parts = p->n_parts;
	if (rc == 0) {
		free(p->upload_id); /* it is no more, whatever comes */
		p->upload_id = NULL;
		rc = completed_etag(p, &c, &a);
		if (rc == 0 && strchr(a.etag, '-') != NULL && etag_is_wrong(&a, want))
			rc = err_set(p->e, EXIT_FAILED,
			    "s3://%s/%s: stored with ETag %s, but ours is %s", c.bucket, c.key,
			    a.etag, want);
		memcpy(res->etag, a.etag, sizeof(res->etag));
	} else if ((c.answer.status == 412 || c.answer.status == 404) &&
	    settle(p, want, res) == 0) {
		rc = 0;
	} else {
		refused(p, &c);
	}
	s3_call_free(&c);
	buf_free(&doc);
	buf_free(&q);
	return rc;
}

/* --- the whole --- */

static uint64_t
part_len(const struct putter *p)
{
	uint64_t len = p->opt->part_size != 0 ? p->opt->part_size : S3_PART_DEFAULT;
	uint64_t step = UINT64_C(1) << 20;

	if (p->src.regular) {
		uint64_t least = (uint64_t)p->src.st.st_size / S3_PARTS_MAX + 1;

		return len >= least ? len : (least + step - 1) / step * step;
	}
	len <<= p->n_parts / GROW_AFTER * GROW_SHIFT;
	return len < S3_PART_MAX ? len : S3_PART_MAX;
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
stopped(struct putter *p)
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

/* Reads into part until it has len bytes or the source ends, while parts on the way go on. */
static int
fill_part(struct putter *p, struct part *part, uint64_t len)
{
	while (part->data.len < len && !p->src.eof) {
		if (stopped(p))
			return -1;
		/* never blocked in a read: an interruption must be seen while nothing comes */
		if (!put_source_ready(&p->src, p->n_busy > 0 ? 0 : STEP_MS)) {
			if (p->n_busy > 0)
				s3_step(p->s3, STEP_MS);
			collect(p);
		} else if (put_source_read(&p->src, &part->data, len - part->data.len, p->e) ==
		    -1) {
			p->failed = 1;
			return -1;
		}
	}
	return 0;
}

/* The body is longer than one part: full is the first, the rest follows. */
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
			s3_step(p->s3, STEP_MS);
			collect(p);
			if (stopped(p))
				return -1;
		}
		if (fill_part(p, next, part_len(p)) == -1)
			return -1;
		if (next->data.len == 0)
			return 0;
		full = next;
	}
}

static int
put_multipart(struct putter *p, struct part *first, struct s3_put_result *res)
{
	int rc = create(p);

	if (rc == 0)
		rc = put_parts(p, first);
	while (p->n_busy > 0) { /* also before an abort: a part that arrives behind it would stay */
		s3_step(p->s3, STEP_MS);
		collect(p);
	}
	if (rc == 0 && stopped(p))
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
	hash_part(p, first);
	expected_etag(p, first, want);
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
	if ((rc = head(p, &a, p->e)) == -1)
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

int
s3_put(struct s3 *s3, const struct s3_put_opt *opt, int fd, const char *name,
    const volatile sig_atomic_t *interrupted, struct s3_put_result *res, struct err *e)
{
	struct putter p = {.s3 = s3, .opt = opt, .interrupted = interrupted, .e = e};
	struct part *first;
	int rc = -1;

	*res = (struct s3_put_result){0};
	p.n_places = (opt->connections != 0 ? opt->connections : CONNECTIONS) + 1;
	p.parts = xcalloc(p.n_places, sizeof(*p.parts));
	first = &p.parts[0];
	if (put_source_open(&p.src, fd, name, e) == 0 && fill_part(&p, first, part_len(&p)) == 0) {
		if (!p.src.eof) /* exactly one part, or more? */
			rc = fill_part(&p, &p.parts[1], 1);
		else
			rc = 0;
	}
	if (rc == 0 && (rc = look_first(&p, first, res)) == 0)
		rc = p.parts[1].data.len == 0 ? put_single(&p, first, res)
					      : put_multipart(&p, first, res);
	if (rc == 0) {
		res->bytes = p.src.bytes;
		res->crc32c = p.src.crc32c;
	}
	for (unsigned i = 0; i < p.n_places; i++)
		buf_free(&p.parts[i].data);
	free(p.parts);
	free(p.done);
	return rc == -1 ? -1 : 0;
}
