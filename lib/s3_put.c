#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3_putter.h"

enum {
	GROW_AFTER = 2000, /* parts of a stream of unknown length, then they are four times as
			      large: 5 TB in 10,000 */
	GROW_SHIFT = 2,
	CONNECTIONS = 4,
};

/* --- hashes --- */

void
putter_hash(struct putter *p, struct part *part)
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

void
putter_hex(char *to, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

void
putter_etag(const struct putter *p, const struct part *single, char etag[64])
{
	unsigned char all[16];
	EVP_MD_CTX *md;

	if (single != NULL) {
		putter_hex(etag, single->md5, 16);
		return;
	}
	md = EVP_MD_CTX_new();
	if (md == NULL || EVP_DigestInit_ex(md, EVP_md5(), NULL) != 1)
		err_nomem();
	for (unsigned i = 0; i < p->n_parts; i++)
		EVP_DigestUpdate(md, p->done[i].md5, 16);
	EVP_DigestFinal_ex(md, all, NULL);
	EVP_MD_CTX_free(md);
	putter_hex(etag, all, 16);
	snprintf(etag + 32, 32, "-%u", p->n_parts);
}

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

void
putter_body(struct s3_call *c, struct part *part)
{
	c->has_body = 1;
	c->put_body = part->data.p;
	c->put_len = part->data.len;
	c->payload_hash = part->sha256[0] != '\0' ? part->sha256 : NULL;
	s3_call_header(c, "Content-MD5", part->md5_base64);
}

int
putter_head(struct putter *p, struct s3_answer *a, struct err *e)
{
	struct s3_call c;
	int rc;

	putter_call(p, &c, "HEAD", NULL);
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

static int
send_single(struct putter *p, struct part *part, struct s3_call *c)
{
	putter_call(p, c, "PUT", NULL);
	putter_object_headers(p, c);
	putter_conditions(p, c);
	putter_body(c, part);
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
	putter_hash(p, part);
	putter_etag(p, part, want);
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

uint64_t
putter_part_len(const struct putter *p)
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
putter_fill(struct putter *p, struct part *part, uint64_t len)
{
	while (part->data.len < len && !p->src.eof) {
		if (putter_stopped(p))
			return -1;
		/* never blocked in a read: an interruption must be seen while nothing comes */
		if (!put_source_ready(&p->src, p->n_busy > 0 ? 0 : PUTTER_STEP_MS)) {
			if (p->n_busy > 0)
				s3_step(p->s3, PUTTER_STEP_MS);
			putter_collect(p);
		} else if (put_source_read(&p->src, &part->data, len - part->data.len, p->e) ==
		    -1) {
			p->failed = 1;
			return -1;
		}
	}
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
	putter_hash(p, first);
	putter_etag(p, first, want);
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
	if (put_source_open(&p.src, fd, name, e) == 0 &&
	    putter_fill(&p, first, putter_part_len(&p)) == 0) {
		if (!p.src.eof) /* exactly one part, or more? */
			rc = putter_fill(&p, &p.parts[1], 1);
		else
			rc = 0;
	}
	if (rc == 0 && (rc = look_first(&p, first, res)) == 0)
		rc = p.parts[1].data.len == 0 ? put_single(&p, first, res)
					      : s3_put_multipart(&p, first, res);
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
