#include <string.h>

#include "s3/put/s3_putter.h"
#include "sums/crc32c.h"

int
putter_etag_is_wrong(const struct putter *p, const struct s3_answer *a, const char *want)
{
	int opaque = a->sse[0] != '\0' && strcmp(a->sse, "AES256") != 0;

	return !p->opt->no_md5 && a->etag[0] != '\0' && !opaque &&
	    strspn(a->etag, "0123456789abcdef") == 32 && strcmp(a->etag, want) != 0;
}

/* --- what comes back --- */

struct read_back {
	uint64_t bytes;
	uint32_t crc32c;
};

static void
read_from_start(struct s3_call *c)
{
	*(struct read_back *)c->arg = (struct read_back){0};
}

static enum fetch_take
read_piece(struct s3_call *c, const char *bytes, size_t len)
{
	struct read_back *r = c->arg;

	r->bytes += len;
	r->crc32c = crc32c(r->crc32c, bytes, len);
	return FETCH_TAKE;
}

int
putter_read_back(struct putter *p, const struct s3_answer *a, const char *want)
{
	static const struct s3_call_ops ops = {.prepare = read_from_start, .body = read_piece};
	struct read_back r = {0};
	struct s3_call c;
	int rc;

	putter_call(p, &c, "GET", NULL);
	c.ops = &ops;
	c.arg = &r;
	rc = putter_do(p, &c, NULL);
	if (rc == -1 || r.bytes != p->src.bytes || r.crc32c != p->src.crc32c)
		rc = err_set(p->e, EXIT_FAILED,
		    "s3://%s/%s: stored with ETag %s, but ours is %s, and %s", c.bucket, c.key,
		    a->etag, want,
		    rc == -1 ? c.problem->error.text : "what comes back is not what was sent");
	s3_call_free(&c);
	return rc;
}

/* --- is there an object? --- */

static enum fetch_take
take_nothing(struct s3_call *c, const char *bytes, size_t len)
{
	(void)c, (void)bytes, (void)len;
	return FETCH_ABORT;
}

/* A 404 to a HEAD has no XML that would say whose it is. A GET of one byte has. 0: S3 itself says
 * that there is no object; -1: e is filled. */
static int
confirm_missing(struct putter *p, struct err *e)
{
	static const struct s3_call_ops ops = {.body = take_nothing};
	struct s3_call c;
	int rc;

	putter_call(p, &c, "GET", NULL);
	c.ops = &ops;
	s3_call_header(&c, "Range", "bytes=0-0");
	rc = putter_do(p, &c, e);
	if (s3_call_says(&c, 404, "NoSuchKey") || s3_call_says(&c, 404, "NoSuchBucket"))
		rc = 0;
	else if (s3_call_is_good(&c))
		rc = err_set(e, EXIT_FAILED, "s3://%s/%s: HEAD answers 404, but GET %ld", c.bucket,
		    c.key, c.answer.status);
	s3_call_free(&c);
	return rc;
}

/* HEAD of the object: 1 it is there (answer filled), 0 it is not, -1 e (may be NULL) is filled. */
static int
look(struct putter *p, struct s3_answer *a, struct err *e)
{
	struct s3_call c;
	int rc;

	putter_call(p, &c, "HEAD", NULL);
	rc = putter_do(p, &c, e);
	*a = c.answer;
	if (rc == 0)
		rc = 1;
	else if (c.answer.status == 404 && c.last.fault == FETCH_FAULT_NONE)
		rc = c.answer.has_request_id ? 0 : confirm_missing(p, e);
	s3_call_free(&c);
	return rc;
}

/* --- is it ours? --- */

/* want: NULL if not known yet. Without a length only the ETag can tell. */
static int
is_ours(const struct putter *p, const struct s3_answer *a, const char *want)
{
	int64_t size = p->opt->expect_size >= 0 ? p->opt->expect_size
	    : p->src.eof			? (int64_t)p->src.bytes
						: -1;

	if (size == -1 || (a->content_length != size && a->content_length != -1))
		return 0;
	if (p->opt->meta_crc32c != NULL && a->content_length == size)
		return strcmp(a->sheaf_crc32c, p->opt->meta_crc32c) == 0;
	return want != NULL && strcmp(a->etag, want) == 0;
}

static int
has_etag(const struct s3_answer *a, const char *quoted)
{
	size_t len = strlen(a->etag);

	return strlen(quoted) == len + 2 && memcmp(quoted + 1, a->etag, len) == 0;
}

int
putter_look(struct putter *p, const char *want, struct s3_put_result *res)
{
	struct s3_answer a;
	int rc = look(p, &a, p->e);

	if (rc == -1)
		return -1;
	p->shown_weak = rc == 1 && a.etag_is_weak;
	if (p->opt->if_match != NULL ? rc == 1 && has_etag(&a, p->opt->if_match) : rc == 0)
		return 0;
	if (rc == 0 || (p->opt->if_match != NULL && !is_ours(p, &a, want)))
		return err_set(p->e, EXIT_FAILED, "s3://%s/%s: changed since its ETag was %s",
		    p->opt->uri.bucket, p->opt->uri.key, p->opt->if_match);
	if (!is_ours(p, &a, want))
		return err_set(p->e, EXIT_FAILED, "s3://%s/%s: another object exists there already",
		    p->opt->uri.bucket, p->opt->uri.key);
	memcpy(res->etag, a.etag, sizeof(res->etag));
	res->existed = 1;
	return 1;
}

int
putter_settle(struct putter *p, const char *want, struct s3_put_result *res)
{
	struct s3_answer a;

	if (look(p, &a, NULL) != 1 || !is_ours(p, &a, want))
		return -1;
	memcpy(res->etag, a.etag, sizeof(res->etag));
	res->existed = 1;
	return 0;
}

int
putter_stored(struct putter *p, struct s3_answer *a, const char *want, struct s3_put_result *res)
{
	struct s3_answer shown;
	int rc;

	memcpy(res->etag, a->etag, sizeof(res->etag));
	if (a->etag[0] != '\0' &&
	    (s3_is_aws(p->s3) || (want != NULL && strcmp(a->etag, want) == 0)))
		return 0;
	rc = look(p, &shown, p->e);
	if (rc == 1 && shown.etag[0] != '\0' &&
	    (shown.content_length == (int64_t)p->src.bytes || shown.content_length == -1)) {
		*a = shown;
		memcpy(res->etag, a->etag, sizeof(res->etag));
		return 0;
	}
	if (a->etag[0] != '\0')
		return 0;
	return rc == -1 ? -1
			: err_set(p->e, EXIT_FAILED,
			      "s3://%s/%s: stored, but HEAD does not show an ETag of ours",
			      p->opt->uri.bucket, p->opt->uri.key);
}
