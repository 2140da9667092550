#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3/put/s3_putter.h"

enum { CONNECTIONS = 4 };

/* --- a single PUT --- */

/* An answer without an ETag does not come from S3. */
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

/* Ceph compares If-Match, quotes included, with an ETag without quotes. look_first has seen that
 * the ETags are equal. */
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

/* Is the object that HEAD found the one we are about to send? Only the first part has been read for
 * certain. */
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
	return putter_is_ours(p, a, want);
}

static int
has_etag(const struct s3_answer *a, const char *quoted)
{
	size_t len = strlen(a->etag);

	return strlen(quoted) == len + 2 && memcmp(quoted + 1, a->etag, len) == 0;
}

/* Servers that ignore conditions would overwrite, so look first unless it is AWS. 1: the object
 * exists and is ours. */
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
		return err_set(p->e, EXIT_FAILED, "s3://%s/%s: another object exists there already",
		    p->opt->uri.bucket, p->opt->uri.key);
	memcpy(res->etag, a.etag, sizeof(res->etag));
	res->existed = 1;
	res->bytes = (uint64_t)a.content_length;
	res->crc32c = p->opt->meta_crc32c != NULL ? (uint32_t)strtoul(p->opt->meta_crc32c, NULL, 16)
						  : p->src.crc32c;
	res->parts = 1;
	return 1;
}

/* The size of the source; -1: unknown; -2: more than can be stored, e is filled. */
static int64_t
known_size(struct putter *p)
{
	if (!p->src.regular)
		return p->opt->expect_size;
	if ((uint64_t)p->src.st.st_size > S3_OBJECT_MAX) {
		err_set(
		    p->e, EXIT_FAILED, "%s: larger than the largest object (5 TiB)", p->src.name);
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
	    putter_fill(&p, first, UINT64_MAX) ==
		0) /* then find out whether it is exactly one part */
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
