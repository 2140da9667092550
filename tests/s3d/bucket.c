#include <string.h>

#include "req.h"
#include "server.h"

void
op_list_buckets(struct req *r)
{
	struct store *s = &r->srv->store;
	struct buf *b = answer_xml(r);
	char date[32];

	buf_adds(b,
	    "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<Owner><ID>s3d</ID><DisplayName>s3d</DisplayName></Owner><Buckets>");
	pthread_rwlock_rdlock(&s->lock);
	for (const struct bucket *k = s->buckets; k != NULL; k = k->next) {
		time_iso(date, k->created_ms);
		buf_addf(b, "<Bucket><Name>%s</Name><CreationDate>%s</CreationDate></Bucket>",
		    k->name, date);
	}
	pthread_rwlock_unlock(&s->lock);
	buf_adds(b, "</Buckets></ListAllMyBucketsResult>");
}

void
op_bucket(struct req *r)
{
	struct store *s = &r->srv->store;
	const char *region = r->srv->opt.auth.region, *code;
	struct buf *b;

	if (r->op == OP_BUCKET_CREATE)
		code = store_bucket_create(s, r->bucket);
	else if (r->op == OP_BUCKET_DELETE)
		code = store_bucket_delete(s, r->bucket);
	else
		code = store_bucket_check(s, r->bucket);
	if (code != NULL) {
		answer_error(r, code, NULL);
		return;
	}
	r->ans.status = r->op == OP_BUCKET_DELETE ? 204 : 200;
	if (r->op == OP_BUCKET_HEAD) {
		answer_header(&r->ans, "x-amz-bucket-region", region);
	} else if (r->op == OP_BUCKET_CREATE) {
		answer_headerf(&r->ans, "Location", "/%.*s", (int)r->bucket.len, r->bucket.p);
	} else if (r->op == OP_LOCATION) {
		b = answer_xml(r);
		buf_adds(
		    b, "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
		/* us-east-1 is the empty string here */
		if (strcmp(region, "us-east-1") != 0)
			buf_adds(b, region);
		buf_adds(b, "</LocationConstraint>");
	}
}
