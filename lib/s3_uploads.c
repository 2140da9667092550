#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "s3_uploads.h"

static int64_t
iso_time(const char *s)
{
	struct tm tm = {0};

	return strptime(s, "%Y-%m-%dT%H:%M:%S", &tm) != NULL ? (int64_t)timegm(&tm) : 0;
}

struct wanted {
	struct s3_uploads *u;
	const char *key, *own_id;
	size_t cap;
};

/*
 * The listing goes by prefix. Whether its keys are URL-encoded is said elsewhere in it, or not at
 * all, but there is no doubt: no other key that begins with this one becomes it when decoded.
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

static void
on_upload(void *arg, const char *key, const char *id, const char *initiated)
{
	struct wanted *w = arg;
	struct s3_uploads *u = w->u;

	if (!is_key(key, w->key))
		return;
	if (w->own_id != NULL && strcmp(id, w->own_id) == 0) {
		u->own_initiated = iso_time(initiated);
		return;
	}
	if (u->n == w->cap) {
		w->cap = w->cap != 0 ? 2 * w->cap : 8;
		u->uploads = xrealloc(u->uploads, w->cap * sizeof(*u->uploads));
	}
	u->uploads[u->n++] = (struct s3_upload){xstrdup(id), iso_time(initiated)};
}

int
s3_uploads_list(struct s3_uploads *u, struct s3 *s3, const struct uri *uri, const char *own_id,
    struct err *e)
{
	struct wanted w = {.u = u, .key = uri->key, .own_id = own_id};
	struct buf q = {0};
	struct s3_call c = {.method = "GET", .bucket = uri->bucket, .key = ""};
	int rc;

	*u = (struct s3_uploads){0};
	buf_adds(&q, "encoding-type=url&max-uploads=1000&prefix=");
	uri_encode(&q, uri->key, strlen(uri->key), 0);
	buf_adds(&q, "&uploads=");
	c.query = buf_str(&q);
	rc = s3_do(s3, &c, e);
	if (rc == 0 &&
	    (rc = s3xml_uploads(c.body.p != NULL ? c.body.p : "", c.body.len, on_upload, &w, e)) ==
		-1)
		s3_uploads_free(u);
	s3_call_free(&c);
	buf_free(&q);
	return rc;
}

void
s3_uploads_free(struct s3_uploads *u)
{
	for (size_t i = 0; i < u->n; i++)
		free(u->uploads[i].id);
	free(u->uploads);
	*u = (struct s3_uploads){0};
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
s3_upload_abort(struct s3 *s3, const struct uri *uri, const char *id, struct err *e)
{
	static const struct s3_call_ops ops = {.check = check_abort};
	struct buf q = {0};
	struct s3_call c = {
	    .method = "DELETE", .bucket = uri->bucket, .key = uri->key, .ops = &ops};
	int rc;

	buf_adds(&q, "uploadId=");
	uri_encode(&q, id, strlen(id), 0);
	c.query = buf_str(&q);
	rc = s3_do(s3, &c, e);
	if (rc == -1 && c.answer.status == 404 && strcmp(s3_call_code(&c), "NoSuchBucket") != 0)
		rc = 1;
	s3_call_free(&c);
	buf_free(&q);
	return rc;
}
