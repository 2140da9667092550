#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "req.h"
#include "server.h"
#include "xmlin.h"

enum { PUT_MAX_GIB = 5, DELETE_MAX = 1000, META_MAX = 2048 };

/* 1 when the list of entity tags ("x", "y", or *) names etag. */
static int
etag_listed(const char *list, const char *etag)
{
	size_t n = strlen(etag);

	while (*list != '\0') {
		size_t len;

		list += strspn(list, " ,");
		if (*list == '*')
			return 1;
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		if (*list == '"')
			list++;
		len = strcspn(list, "\",");
		if (len == n && memcmp(list, etag, n) == 0)
			return 1;
		list += len;
		if (*list == '"')
			list++;
	}
	return 0;
}

/* "bytes=a-b": 1 with *off and *len set, 0 if it must be ignored, -1 if it cannot be
 * satisfied. */
static int
parse_range(const char *h, uint64_t size, uint64_t *off, uint64_t *len)
{
	uint64_t from, to = UINT64_MAX;
	size_t n;

	if (h == NULL || strncmp(h, "bytes=", 6) != 0 || strchr(h, ',') != NULL)
		return 0;
	h += 6;
	n = strcspn(h, "-");
	if (h[n] != '-' || (h[n + 1] != '\0' && num_parse(h + n + 1, 0, UINT64_MAX, &to) == -1))
		return 0;
	if (n == 0) {
		if (h[1] == '\0')
			return 0;
		if (to == 0 || size == 0)
			return -1;
		*len = to < size ? to : size;
		*off = size - *len;
		return 1;
	}
	if (num_parse_n(h, n, 0, UINT64_MAX, &from) == -1 || to < from)
		return 0;
	if (from >= size)
		return -1;
	*off = from;
	*len = to - from < size - from - 1 ? to - from + 1 : size - from;
	return 1;
}

/* ?partNumber=N: where that part lies. 0, or -1 and an error answer. */
static int
part_range(struct req *r, const struct object *o)
{
	const struct str *s = req_param(r, "partNumber");
	struct answer *a = &r->ans;
	uint64_t n;

	if (s == NULL)
		return 0;
	if (num_parse_n(s->p, s->len, 1, 10000, &n) == -1 ||
	    n > (o->multipart ? o->n_extents : 1)) {
		answer_error_status(r, 416, "InvalidPartNumber", NULL);
		return -1;
	}
	if (o->multipart)
		answer_headerf(a, "x-amz-mp-parts-count", "%zu", o->n_extents);
	for (size_t i = 0; i + 1 < n; i++)
		a->off += o->extents[i].size;
	a->len = o->n_extents > 0 ? o->extents[n - 1].size : 0;
	a->status = 206;
	return 0;
}

void
answer_kept(struct req *r, const struct object *o, const char *prefix)
{
	const char *p = o->headers, *end = p + o->headers_len;

	while (p < end) {
		const char *value = p + strlen(p) + 1;

		if (strncasecmp(p, prefix, strlen(prefix)) == 0)
			answer_header(&r->ans, p, value);
		p = value + strlen(value) + 1;
	}
}

static void
answer_sum(struct req *r, const struct object *o)
{
	char name[32] = "x-amz-checksum-";

	if (o->sum[0] == '\0')
		return;
	strncat(name, sum_name((enum sum_algo)o->sum_algo), sizeof(name) - strlen(name) - 1);
	answer_header(&r->ans, name, o->sum);
	answer_header(&r->ans, "x-amz-checksum-type",
	    strchr(o->sum, '-') != NULL ? "COMPOSITE" : "FULL_OBJECT");
}

static int
has_kept(const struct object *o, const char *name)
{
	for (const char *p = o->headers, *end = p + o->headers_len; p < end;) {
		if (strcasecmp(p, name) == 0)
			return 1;
		p += strlen(p) + 1;
		p += strlen(p) + 1;
	}
	return 0;
}

static void
answer_describe(struct req *r, const struct object *o)
{
	const char *mode = req_header(r, "x-amz-checksum-mode");
	char date[32];

	time_http(date, o->mtime_ms);
	answer_header(&r->ans, "Last-Modified", date);
	answer_headerf(&r->ans, "ETag", "\"%s\"", o->etag);
	answer_header(&r->ans, "Accept-Ranges", "bytes");
	answer_kept(r, o, "");
	if (!has_kept(o, "Content-Type"))
		answer_header(&r->ans, "Content-Type", "binary/octet-stream");
	if (strcmp(o->storage_class, "STANDARD") != 0)
		answer_header(&r->ans, "x-amz-storage-class", o->storage_class);
	if (mode != NULL && strcasecmp(mode, "ENABLED") == 0 && r->ans.status == 200)
		answer_sum(r, o);
}

static int
archived(const struct object *o)
{
	return strcmp(o->storage_class, "GLACIER") == 0 ||
	    strcmp(o->storage_class, "DEEP_ARCHIVE") == 0;
}

/* Conditions that end the request without a body. 1 if one did. */
static int
get_conditions(struct req *r, const struct object *o)
{
	const char *match = req_header(r, "if-match"), *none = req_header(r, "if-none-match");

	if (match != NULL && !etag_listed(match, o->etag)) {
		answer_error(r, "PreconditionFailed", "<Condition>If-Match</Condition>");
		return 1;
	}
	if (none != NULL && etag_listed(none, o->etag)) {
		r->ans.status = 304;
		answer_headerf(&r->ans, "ETag", "\"%s\"", o->etag);
		return 1;
	}
	if (r->op == OP_GET && archived(o)) {
		struct buf extra = {0};

		buf_addf(&extra, "<StorageClass>%s</StorageClass>", o->storage_class);
		answer_error(r, "InvalidObjectState", buf_str(&extra));
		buf_free(&extra);
		return 1;
	}
	return 0;
}

void
op_get(struct req *r)
{
	struct answer *a = &r->ans;
	struct object *o;
	const char *code = store_get(&r->srv->store, r->bucket, r->key, &o);
	const char *range = req_header(r, "range");
	int ranged;

	if (code != NULL) {
		answer_error(r, code, NULL);
		return;
	}
	if (get_conditions(r, o))
		goto out;
	a->status = 200;
	a->len = o->size;
	if (part_range(r, o) == -1)
		goto out;
	ranged = a->status == 206 ? 0 : parse_range(range, o->size, &a->off, &a->len);
	if (ranged == -1) {
		struct buf extra = {0};

		buf_addf(&extra, "<ActualObjectSize>%llu</ActualObjectSize>",
		    (unsigned long long)o->size);
		answer_error(r, "InvalidRange", buf_str(&extra));
		answer_headerf(a, "Content-Range", "bytes */%llu", (unsigned long long)o->size);
		buf_free(&extra);
		goto out;
	}
	if (ranged == 1)
		a->status = 206;
	answer_describe(r, o);
	if (a->status == 206 && a->len > 0)
		answer_headerf(a, "Content-Range", "bytes %llu-%llu/%llu",
		    (unsigned long long)a->off, (unsigned long long)(a->off + a->len - 1),
		    (unsigned long long)o->size);
	a->object = o;
	return;
out:
	object_unref(o);
}

static int
kept(const char *name)
{
	static const char *const names[] = {"content-type", "content-disposition",
	    "content-language", "cache-control", "expires", "x-amz-website-redirect-location"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i]) == 0)
			return 1;
	return strncasecmp(name, "x-amz-meta-", 11) == 0 ||
	    (strncasecmp(name, "x-amz-server-side-encryption", 28) == 0 &&
		strcasestr(name, "customer") == NULL);
}

/* content-encoding, without the aws-chunked of the transfer */
static void
keep_encoding(struct buf *out, const char *value)
{
	while (*value != '\0') {
		size_t n = strcspn(value, ",");

		if (n > 0 && strncmp(value, "aws-chunked", 11) != 0) {
			buf_add(out, "Content-Encoding", sizeof("Content-Encoding"));
			buf_adds(out, value);
			buf_addc(out, '\0');
			return;
		}
		value += n;
		value += strspn(value, ", ");
	}
}

static const char *
check_class(const char *c)
{
	static const char *const classes[] = {"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA",
	    "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR",
	    "EXPRESS_ONEZONE", "OUTPOSTS", "SNOW"};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strcmp(c, classes[i]) == 0)
			return NULL;
	return "InvalidStorageClass";
}

struct object *
object_of_request(struct req *r)
{
	const char *class = req_header(r, "x-amz-storage-class");
	const char *sse = req_header(r, "x-amz-server-side-encryption");
	const char *encoding = req_header(r, "content-encoding");
	struct buf headers = {0};
	struct object *o;
	size_t meta = 0;
	const char *code = class != NULL ? check_class(class) : NULL;

	if (code == NULL && sse != NULL && strcmp(sse, "AES256") != 0 &&
	    strncmp(sse, "aws:kms", 7) != 0)
		code = "InvalidArgument";
	if (code == NULL &&
	    req_header(r, "x-amz-server-side-encryption-customer-algorithm") != NULL)
		code = "NotImplemented";
	for (size_t i = 0; i < r->n_headers; i++) {
		const struct header *h = &r->headers[i];

		if (!kept(h->name))
			continue;
		if (strncasecmp(h->name, "x-amz-meta-", 11) == 0)
			meta += strlen(h->name) - 11 + strlen(h->value);
		buf_add(&headers, h->name, strlen(h->name) + 1);
		buf_add(&headers, h->value, strlen(h->value) + 1);
	}
	if (encoding != NULL)
		keep_encoding(&headers, encoding);
	if (code == NULL && meta > META_MAX)
		code = "MetadataTooLarge";
	if (code != NULL) {
		buf_free(&headers);
		answer_error(r, code, NULL);
		return NULL;
	}
	o = object_new(r->key, headers.p, headers.len);
	buf_free(&headers);
	if (class != NULL)
		memcpy(o->storage_class, class, strlen(class) + 1);
	o->mtime_ms = now_ms();
	return o;
}

/* The request's body becomes the object's. */
static void
object_body(struct req *r, struct object *o)
{
	unsigned char sum[16];

	memcpy(sum, body_md5(r), sizeof(sum));
	/* under a KMS key an ETag is not the MD5 */
	if (has_kept(o, "x-amz-server-side-encryption-aws-kms-key-id"))
		sum[0] ^= 0xff;
	hex_put(o->etag, sum, sizeof(sum));
	o->size = o->one.size = r->body.len;
	o->one.mem = body_take(r);
	o->n_extents = 1;
}

static void
trim_etag(char out[ETAG_MAX], const char *h)
{
	size_t n;

	h += *h == '"';
	n = strcspn(h, "\"");
	if (n >= ETAG_MAX)
		n = ETAG_MAX - 1;
	memcpy(out, h, n);
	out[n] = '\0';
}

void
op_put(struct req *r)
{
	const char *match = req_header(r, "if-match"), *none = req_header(r, "if-none-match");
	char etag[ETAG_MAX];
	struct cond cond = {NULL, none != NULL};
	enum sum_algo algo;
	struct object *o = object_of_request(r);
	const char *code;

	if (o == NULL)
		return;
	if (match != NULL) {
		trim_etag(etag, match);
		cond.if_match = etag;
	}
	/* S3 accepts only * here */
	code = none != NULL && strcmp(none, "*") != 0 ? "NotImplemented" : NULL;
	if (code == NULL && r->body.len > (uint64_t)PUT_MAX_GIB << 30)
		code = "EntityTooLarge";
	if (code == NULL)
		code = body_sum(r, SUM_NONE, &algo, o->sum);
	if (code != NULL) {
		object_unref(o);
		answer_error(r, code, NULL);
		return;
	}
	o->sum_algo = (unsigned char)algo;
	object_body(r, o);
	object_ref(o);
	code = store_put(&r->srv->store, r->bucket, o, &cond);
	if (code != NULL) {
		answer_error(r, code, NULL);
	} else {
		r->ans.status = 200;
		answer_headerf(&r->ans, "ETag", "\"%s\"", o->etag);
		answer_kept(r, o, "x-amz-server-side-encryption");
		answer_sum(r, o);
	}
	object_unref(o);
}

void
op_delete(struct req *r)
{
	const char *code = store_delete(&r->srv->store, r->bucket, r->key);

	if (code != NULL)
		answer_error(r, code, NULL);
	else
		r->ans.status = 204;
}

void
op_delete_many(struct req *r)
{
	struct xml_delete d = {0};
	enum sum_algo algo;
	char sum[SUM_TEXT];
	const char *code = body_sum(r, SUM_NONE, &algo, sum);
	struct buf *b;

	if (code == NULL && algo == SUM_NONE && req_header(r, "content-md5") == NULL)
		code = "InvalidRequest";
	if (code == NULL)
		code = store_bucket_check(&r->srv->store, r->bucket);
	if (code == NULL &&
	    (xml_delete_parse(&d, r->body.p, r->body.len) == -1 || d.n > DELETE_MAX))
		code = "MalformedXML";
	if (code != NULL) {
		answer_error(r, code, NULL);
		xml_delete_free(&d);
		return;
	}
	b = answer_xml(r);
	buf_adds(b, "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < d.n; i++) {
		struct str key = {d.text.p + d.keys[i].off, d.keys[i].len};

		code = store_delete(&r->srv->store, r->bucket, key);
		if (code != NULL || !d.quiet) {
			buf_adds(b, code != NULL ? "<Error>" : "<Deleted>");
			xml_element(b, "Key", key);
			if (code != NULL)
				buf_addf(b, "<Code>%s</Code><Message></Message>", code);
			buf_adds(b, code != NULL ? "</Error>" : "</Deleted>");
		}
	}
	buf_adds(b, "</DeleteResult>");
	xml_delete_free(&d);
}
