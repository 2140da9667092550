#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "base/ascii.h"
#include "base/iso_time.h"
#include "s3/put/s3_uploads.h"
#include "s3/s3xml_uploads.h"

enum { STEP_MS = 20 };

int
s3_upload_is_id(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len <= S3_UPLOAD_ID_MAX && ascii_is_visible(s, len);
}

/* --- requests --- */

static int
do_patiently(struct s3 *s3, struct s3_call *c, const struct s3_patience *patience, struct err *e)
{
	s3_start(s3, c);
	while (!c->ended) {
		s3_step(s3, patience != NULL ? STEP_MS : 1000);
		if (c->ended || patience == NULL || !patience->is_over(patience->arg))
			continue;
		s3_cancel(c);
		err_set(&s3_call_problem(c)->error, EXIT_FAILED, "no answer in time");
	}
	return c->ok ? 0 : s3_call_err(c, e);
}

/* A request about one upload. more: the query before its id. */
static int
do_upload(struct s3 *s3, struct s3_call *c, const struct uri *uri, const char *id, const char *more,
    const struct s3_patience *patience, struct err *e)
{
	struct buf q = {0};
	int rc;

	c->bucket = uri->bucket;
	c->key = uri->key;
	buf_adds(&q, more);
	buf_adds(&q, "uploadId=");
	uri_encode(&q, id, strlen(id), 0);
	c->query = buf_str(&q);
	rc = do_patiently(s3, c, patience, e);
	c->query = NULL;
	buf_free(&q);
	return rc;
}

/* 1 if S3 says that there is no such upload: NoSuchUpload, or Ceph's NoSuchKey. */
static int
is_gone(const struct s3_call *c)
{
	return s3_call_says(c, 404, "NoSuchUpload") || s3_call_says(c, 404, "NoSuchKey");
}

/* --- listing --- */

struct wanted {
	struct s3_uploads *u;
	const char *key, *own_id;
	size_t cap;
};

/*
 * The listing is by prefix. Whether its keys are URL-encoded is said elsewhere in it, or not at
 * all, but that does not matter: no other key that begins with this one decodes to it.
 */
static int
is_key(const char *text, const char *key)
{
	struct buf plain = {0};
	int same = strcmp(text, key) == 0;

	if (!same && uri_decode(&plain, text, strlen(text), 1, NULL) == 0)
		same = strcmp(buf_str(&plain), key) == 0;
	buf_free(&plain);
	return same;
}

static struct s3_upload
upload_of(const struct s3xml_upload *x)
{
	struct s3_upload u = {.id = xstrdup(x->id),
	    .initiator = xstrdup(x->initiator),
	    .storage_class = xstrdup(x->storage_class)};
	struct buf checksum = {0};

	buf_adds(&checksum, x->checksum_algorithm);
	if (*x->checksum_type != '\0')
		buf_addf(&checksum, " %s", x->checksum_type);
	u.checksum = xstrdup(buf_str(&checksum));
	buf_free(&checksum);
	iso_time_parse(x->initiated, &u.initiated);
	return u;
}

static void
on_upload(void *arg, const struct s3xml_upload *x)
{
	struct wanted *w = arg;
	struct s3_uploads *u = w->u;

	if (u->n == S3_UPLOADS_MAX || !s3_upload_is_id(x->id) || !is_key(x->key, w->key))
		return;
	if (w->own_id != NULL && strcmp(x->id, w->own_id) == 0) {
		s3_upload_free(&u->own);
		u->own = upload_of(x);
		return;
	}
	if (u->n == w->cap) {
		w->cap = w->cap != 0 ? 2 * w->cap : 8;
		u->uploads = xrealloc(u->uploads, w->cap * sizeof(*u->uploads));
	}
	u->uploads[u->n++] = upload_of(x);
}

/* A page of the listing, from the end of the one before on. */
static int
list_page(struct wanted *w, struct s3 *s3, const struct uri *uri, struct s3xml_uploads_end *end,
    const struct s3_patience *patience, struct err *e)
{
	struct buf q = {0};
	struct s3_call c = {.method = "GET", .bucket = uri->bucket, .key = ""};
	int rc;

	/* max-uploads would be 1,000, which it is without, and which some servers refuse */
	buf_adds(&q, "encoding-type=url&");
	if (end->truncated) {
		buf_adds(&q, "key-marker=");
		uri_encode(&q, uri->key, strlen(uri->key), 0);
		buf_addc(&q, '&');
	}
	buf_adds(&q, "prefix=");
	uri_encode(&q, uri->key, strlen(uri->key), 0);
	if (end->truncated) {
		buf_adds(&q, "&upload-id-marker=");
		uri_encode(&q, buf_str(&end->id), end->id.len, 0);
	}
	buf_adds(&q, "&uploads=");
	c.query = buf_str(&q);
	rc = do_patiently(s3, &c, patience, e);
	w->u->date = s3_answer_date(&c.answer);
	if (rc == 0)
		rc = s3xml_uploads(
		    c.body.p != NULL ? c.body.p : "", c.body.len, on_upload, w, end, e);
	s3_call_free(&c);
	buf_free(&q);
	return rc;
}

int
s3_uploads_list(struct s3_uploads *u, struct s3 *s3, const struct uri *uri, const char *own_id,
    const struct s3_patience *patience, struct err *e)
{
	struct wanted w = {.u = u, .key = uri->key, .own_id = own_id};
	struct s3xml_uploads_end end = {0};
	int rc;

	*u = (struct s3_uploads){0};
	do {
		size_t n = u->n;
		int has_own = u->own.id != NULL;

		rc = list_page(&w, s3, uri, &end, patience, e);
		/* behind the last upload of this key there are only those of longer keys */
		if (rc == -1 || !end.truncated || end.id.len == 0 ||
		    !is_key(buf_str(&end.key), uri->key))
			break;
		if (u->n == n && (u->own.id != NULL) == has_own)
			rc = err_set(e, EXIT_FAILED,
			    "s3://%s/%s: the listing of its unfinished uploads never ends: a page "
			    "had none",
			    uri->bucket, uri->key);
	} while (rc == 0 && u->n < S3_UPLOADS_MAX);
	if (rc == -1)
		s3_uploads_free(u);
	s3xml_uploads_end_free(&end);
	return rc;
}

void
s3_upload_free(struct s3_upload *u)
{
	free(u->id);
	free(u->initiator);
	free(u->storage_class);
	free(u->checksum);
	*u = (struct s3_upload){0};
}

void
s3_uploads_free(struct s3_uploads *u)
{
	for (size_t i = 0; i < u->n; i++)
		s3_upload_free(&u->uploads[i]);
	s3_upload_free(&u->own);
	free(u->uploads);
	*u = (struct s3_uploads){0};
}

/* --- one upload --- */

/* 1 if the answer has that element. */
static int
has_element(const struct s3_call *c, const char *name)
{
	struct buf text = {0};
	int rc = xml_text(&text, c->body.p != NULL ? c->body.p : "", c->body.len, name);

	buf_free(&text);
	return rc == 0;
}

static enum fetch_verdict
check_parts(struct s3_call *c, struct fetch_again *again)
{
	again->cause = FETCH_CAUSE_OTHER;
	return has_element(c, "ListPartsResult") ? FETCH_DONE : FETCH_AGAIN;
}

int
s3_upload_has_parts(struct s3 *s3, const struct uri *uri, const char *id,
    const struct s3_patience *patience, struct err *e)
{
	static const struct s3_call_ops ops = {.check = check_parts};
	struct s3_call c = {.method = "GET", .ops = &ops};
	int rc = do_upload(s3, &c, uri, id, "max-parts=1&", patience, e);

	if (rc == 0)
		rc = has_element(&c, "PartNumber");
	else if (is_gone(&c))
		rc = 2;
	s3_call_free(&c);
	return rc;
}

static enum fetch_verdict
check_abort(struct s3_call *c, struct fetch_again *again)
{
	again->cause = FETCH_CAUSE_SERVER_ERROR;
	return s3xml_error(
		   &s3_call_problem(c)->xml, c->body.p != NULL ? c->body.p : "", c->body.len)
	    ? FETCH_AGAIN
	    : FETCH_DONE;
}

int
s3_upload_abort(struct s3 *s3, const struct uri *uri, const char *id,
    const struct s3_patience *patience, struct err *e)
{
	static const struct s3_call_ops ops = {.check = check_abort};
	struct s3_call c = {.method = "DELETE", .ops = &ops};
	int rc = do_upload(s3, &c, uri, id, "", patience, e);

	if (rc == -1 && is_gone(&c))
		rc = 1;
	s3_call_free(&c);
	return rc;
}
