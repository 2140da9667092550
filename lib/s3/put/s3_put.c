#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3/put/s3_putter.h"

enum { CONNECTIONS = 4 };

/* --- a single PUT --- */

static enum fetch_verdict
check_single(struct s3_call *c, struct fetch_again *again)
{
	if (c->answer.etag[0] != '\0')
		return FETCH_DONE;
	err_set(&s3_call_problem(c)->error, EXIT_FAILED, "%ld answer without an ETag",
	    c->answer.status);
	again->cause = FETCH_CAUSE_OTHER;
	return FETCH_AGAIN;
}

static int
send_once(struct putter *p, struct part *part, struct s3_call *c, const struct s3_call_ops *ops)
{
	putter_call(p, c, "PUT", NULL);
	c->ops = ops;
	putter_object_headers(p, c);
	putter_conditions(p, c);
	putter_body(p, part, c);
	return putter_do(p, c, NULL);
}

/* What may have become of a single PUT. */
enum sent {
	SENT_STORED,  /* c has the answer */
	SENT_IS_OURS, /* HEAD shows our object; res has its ETag */
	SENT_REFUSED, /* c has the error */
	SENT_STOPPED, /* the putter's e is filled */
};

static enum sent
send_single(struct putter *p, struct part *part, const char *want, struct s3_call *c,
    struct s3_put_result *res)
{
	static const struct s3_call_ops strict = {.check = check_single};
	int rc = send_once(p, part, c, NULL);

	/* either from a server that leaves the ETag out, or from a proxy, and nothing is stored */
	if (rc == 0 && c->answer.etag[0] == '\0') {
		if (putter_settle(p, want, res) == 0) {
			res->existed = 0;
			return SENT_IS_OURS;
		}
		s3_call_free(c);
		rc = send_once(p, part, c, &strict);
	}
	if (rc == -1 && c->answer.status == 412 && putter_settle(p, want, res) == 0)
		return SENT_IS_OURS;
	return rc == 0 ? SENT_STORED : SENT_REFUSED;
}

/* Looks with HEAD whether the condition holds, and sends without it. */
static enum sent
send_unconditionally(struct putter *p, struct part *part, const char *want, struct s3_call *c,
    struct s3_put_result *res)
{
	int rc;

	s3_call_free(c);
	if ((rc = putter_look(p, want, res)) != 0)
		return rc == 1 ? SENT_IS_OURS : SENT_STOPPED;
	p->unconditional = 1;
	return send_single(p, part, want, c, res);
}

/* Ceph compares If-Match, quotes included, with an ETag without quotes. look_first has seen that
 * the ETags are equal. */
static enum sent
send_bare(struct putter *p, struct part *part, const char *want, struct s3_call *c,
    struct s3_put_result *res)
{
	snprintf(p->bare_etag, sizeof(p->bare_etag), "%.*s", (int)strlen(p->opt->if_match) - 2,
	    p->opt->if_match + 1);
	s3_call_free(c);
	return send_single(p, part, want, c, res);
}

static int
put_single(struct putter *p, struct part *part, struct s3_put_result *res)
{
	char want[64];
	struct s3_call c;
	enum sent sent;
	int rc = 0;

	if (put_source_check(&p->src, p->opt->expect_size, p->opt->expect_crc32c, p->e) == -1)
		return -1;
	hash_hex(want, part->digest.md5, 16);
	sent = send_single(p, part, want, &c, res);
	if (sent == SENT_REFUSED && p->opt->if_match != NULL && c.answer.status == 412 &&
	    !s3_is_aws(p->s3))
		sent = send_bare(p, part, want, &c, res);
	if (sent == SENT_REFUSED && putter_may_go_without(p, &c))
		sent = send_unconditionally(p, part, want, &c, res);
	res->parts = 1;
	if (sent == SENT_STORED && putter_etag_is_wrong(p, &c.answer, want))
		rc = putter_read_back(p, &c.answer, want);
	if (sent == SENT_STORED && rc == 0)
		rc = putter_stored(p, &c.answer, want, res);
	else if (sent == SENT_REFUSED)
		rc = putter_refused(p, &c);
	s3_call_free(&c);
	return sent == SENT_STOPPED ? -1 : rc;
}

/* --- the whole --- */

/* Servers that ignore conditions would overwrite, so look first unless it is AWS. 1: the object
 * exists and is ours. */
static int
look_first(struct putter *p, struct part *first, struct s3_put_result *res)
{
	char want[64];
	int rc;

	if (!putter_has_conditions(p) || s3_is_aws(p->s3))
		return 0;
	/* only the first part has been read for certain */
	hash_hex(want, first->digest.md5, 16);
	rc = putter_look(p, p->src.eof ? want : NULL, res);
	if (rc == 1) {
		res->bytes =
		    p->opt->expect_size >= 0 ? (uint64_t)p->opt->expect_size : p->src.bytes;
		res->crc32c = p->opt->meta_crc32c != NULL
		    ? (uint32_t)strtoul(p->opt->meta_crc32c, NULL, 16)
		    : p->src.crc32c;
		res->parts = 1;
	}
	return rc;
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
