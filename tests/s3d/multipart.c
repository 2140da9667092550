/*
 * The requests of a multipart upload.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "req.h"
#include "server.h"
#include "upload.h"
#include "xmlin.h"

static const char ns[] = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

void
op_create(struct req *r)
{
	const char *algo = req_header(r, "x-amz-checksum-algorithm");
	const char *type = req_header(r, "x-amz-checksum-type");
	char id[UPLOAD_ID_MAX] = {0};
	struct object *o = object_of_request(r);
	const char *code = NULL;
	int full_sum = type != NULL && strcasecmp(type, "FULL_OBJECT") == 0;
	struct buf *b;

	if (o == NULL)
		return;
	if (algo != NULL) {
		o->sum_algo = (unsigned char)sum_by_name(algo);
		if (o->sum_algo == SUM_NONE)
			code = "InvalidRequest";
		full_sum |= o->sum_algo == SUM_CRC64NVME;
	}
	object_ref(o);
	if (code == NULL)
		code = upload_create(&r->srv->store, r->bucket, o, full_sum,
		    r->auth.user != NULL ? r->auth.user : "", id);
	if (code != NULL) {
		answer_error(r, code, NULL);
		object_unref(o);
		return;
	}
	b = answer_xml(r);
	buf_addf(b, "<InitiateMultipartUploadResult %s>", ns);
	xml_element(b, "Bucket", r->bucket);
	xml_element(b, "Key", r->key);
	buf_addf(b, "<UploadId>%s</UploadId></InitiateMultipartUploadResult>", id);
	answer_kept(r, o, "x-amz-server-side-encryption");
	if (algo != NULL)
		answer_header(&r->ans, "x-amz-checksum-algorithm", algo);
	object_unref(o);
}

/* The algorithm that the upload's parts are summed with. */
static const char *
upload_algo(struct req *r, struct str id, enum sum_algo *algo)
{
	struct cursor c;
	const struct upload *u;
	const char *code = store_list_begin(&r->srv->store, &c, r->bucket);

	if (code != NULL)
		return code;
	u = upload_find(&r->srv->store, r->bucket, r->key, id);
	if (u != NULL)
		*algo = (enum sum_algo)u->object->sum_algo;
	store_list_end(&r->srv->store);
	return u != NULL ? NULL : "NoSuchUpload";
}

void
op_part(struct req *r)
{
	const struct str *number = req_param(r, "partNumber"), *id = req_param(r, "uploadId");
	struct part p = {.mtime_ms = now_ms()};
	enum sum_algo want = SUM_NONE, algo = SUM_NONE;
	char etag[33];
	uint64_t n;
	const char *code;

	if (number == NULL || num_parse_n(number->p, number->len, 1, PARTS_MAX, &n) == -1) {
		answer_error(r, "InvalidArgument", NULL);
		return;
	}
	p.number = (unsigned)n;
	code = upload_algo(r, *id, &want);
	if (code == NULL)
		code = body_sum(r, want, &algo, p.sum);
	if (code == NULL && algo != want)
		/* a checksum of another algorithm than the upload's is checked, not kept */
		p.sum[0] = '\0';
	if (code == NULL) {
		memcpy(p.md5, body_md5(r), sizeof(p.md5));
		hex_put(etag, p.md5, sizeof(p.md5));
		p.body.size = r->body.len;
		p.body.mem = body_take(r);
		code = upload_part(&r->srv->store, r->bucket, r->key, *id, &p);
	}
	if (code != NULL) {
		answer_error(r, code, NULL);
		return;
	}
	r->ans.status = 200;
	answer_headerf(&r->ans, "ETag", "\"%s\"", etag);
	if (p.sum[0] != '\0') {
		char name[32] = "x-amz-checksum-";

		strncat(name, sum_name(want), sizeof(name) - strlen(name) - 1);
		answer_header(&r->ans, name, p.sum);
	}
}

static void
answer_complete(struct req *r, const struct object *o)
{
	struct buf *b = answer_xml(r);
	struct str key = {o->key, o->key_len};
	enum sum_algo a = (enum sum_algo)o->sum_algo;

	buf_addf(b, "<CompleteMultipartUploadResult %s><Location>http://s3d/", ns);
	uri_encode(b, r->bucket.p, r->bucket.len, 0);
	buf_addc(b, '/');
	uri_encode(b, key.p, key.len, 1);
	buf_adds(b, "</Location>");
	xml_element(b, "Bucket", r->bucket);
	xml_element(b, "Key", key);
	buf_addf(b, "<ETag>&quot;%s&quot;</ETag>", o->etag);
	if (o->sum[0] != '\0') {
		char name[32] = "Checksum";
		size_t n = strlen(name);

		for (const char *p = sum_name(a); *p != '\0' && n < sizeof(name) - 1; p++)
			name[n++] = (char)(*p >= 'a' ? *p - 0x20 : *p);
		xml_element(b, name, (struct str){o->sum, strlen(o->sum)});
		buf_addf(b, "<ChecksumType>%s</ChecksumType>",
		    strchr(o->sum, '-') != NULL ? "COMPOSITE" : "FULL_OBJECT");
	}
	buf_adds(b, "</CompleteMultipartUploadResult>");
	answer_kept(r, o, "x-amz-server-side-encryption");
}

void
op_complete(struct req *r)
{
	const char *match = req_header(r, "if-match"), *none = req_header(r, "if-none-match");
	struct xml_complete x = {0};
	struct complete c = {.bucket = r->bucket, .key = r->key, .mtime_ms = now_ms()};
	char etag[ETAG_MAX] = {0};
	struct object *o;
	const char *code = NULL;

	c.id = *req_param(r, "uploadId");
	c.cond.if_none_match = none != NULL;
	if (match != NULL) {
		match += *match == '"';
		strncpy(etag, match, sizeof(etag) - 1);
		etag[strcspn(etag, "\"")] = '\0';
		c.cond.if_match = etag;
	}
	if (xml_complete_parse(&x, r->body.p, r->body.len) == -1)
		code = "MalformedXML";
	c.claims = x.claims;
	c.n_claims = x.n;
	if (code == NULL)
		code = upload_complete(&r->srv->store, &c, &o);
	if (code != NULL) {
		answer_error(r, code, NULL);
	} else {
		answer_complete(r, o);
		object_unref(o);
	}
	xml_complete_free(&x);
}

void
op_abort(struct req *r)
{
	const char *code =
	    upload_abort(&r->srv->store, r->bucket, r->key, *req_param(r, "uploadId"));

	if (code != NULL)
		answer_error(r, code, NULL);
	else
		r->ans.status = 204;
}

static uint64_t
number_param(const struct req *r, const char *name, uint64_t def, uint64_t max)
{
	const struct str *s = req_param(r, name);
	uint64_t v;

	if (s == NULL || num_parse_n(s->p, s->len, 0, UINT32_MAX, &v) == -1)
		return def;
	return v < max ? v : max;
}

/* Who began the upload, whose it is, and what it was begun with. */
static void
add_upload(struct buf *b, const struct upload *u)
{
	static const char *const who[] = {"Initiator", "Owner"};
	struct str user = {u->initiator, strlen(u->initiator)};

	for (int i = 0; i < 2; i++) {
		buf_addf(b, "<%s>", who[i]);
		xml_element(b, "ID", user);
		xml_element(b, "DisplayName", user);
		buf_addf(b, "</%s>", who[i]);
	}
	buf_addf(b, "<StorageClass>%s</StorageClass>", u->object->storage_class);
}

static void
add_checksum(struct buf *b, const struct upload *u)
{
	enum sum_algo a = (enum sum_algo)u->object->sum_algo;

	if (a == SUM_NONE)
		return;
	buf_adds(b, "<ChecksumAlgorithm>");
	for (const char *p = sum_name(a); *p != '\0'; p++)
		buf_addc(b, (char)(*p >= 'a' && *p <= 'z' ? *p - 0x20 : *p));
	buf_addf(b, "</ChecksumAlgorithm><ChecksumType>%s</ChecksumType>",
	    u->full_sum ? "FULL_OBJECT" : "COMPOSITE");
}

static void
list_parts(struct buf *b, const struct upload *u, uint64_t after, uint64_t max)
{
	struct buf parts = {0};
	uint64_t n = 0, last = 0;
	int truncated = 0;
	char etag[33], date[32];

	for (size_t i = 0; i < u->n_parts; i++) {
		const struct part *p = &u->parts[i];

		if (p->number <= after)
			continue;
		if (n++ == max) {
			truncated = 1;
			break;
		}
		last = p->number;
		hex_put(etag, p->md5, sizeof(p->md5));
		time_iso(date, p->mtime_ms);
		buf_addf(&parts,
		    "<Part><PartNumber>%u</PartNumber><LastModified>%s</LastModified>"
		    "<ETag>&quot;%s&quot;</ETag><Size>%llu</Size></Part>",
		    p->number, date, etag, (unsigned long long)p->body.size);
	}
	buf_addf(b, "<PartNumberMarker>%llu</PartNumberMarker>", (unsigned long long)after);
	if (truncated)
		buf_addf(b, "<NextPartNumberMarker>%llu</NextPartNumberMarker>",
		    (unsigned long long)last);
	buf_addf(b, "<MaxParts>%llu</MaxParts><IsTruncated>%s</IsTruncated>",
	    (unsigned long long)max, truncated ? "true" : "false");
	buf_add(b, parts.p, parts.len);
	buf_free(&parts);
}

void
op_list_parts(struct req *r)
{
	const struct str *id = req_param(r, "uploadId");
	struct cursor c;
	const char *code = store_list_begin(&r->srv->store, &c, r->bucket);
	const struct upload *u;
	struct buf *b;

	if (code != NULL) {
		answer_error(r, code, NULL);
		return;
	}
	u = upload_find(&r->srv->store, r->bucket, r->key, *id);
	if (u != NULL) {
		b = answer_xml(r);
		buf_addf(b, "<ListPartsResult %s>", ns);
		xml_element(b, "Bucket", r->bucket);
		xml_element(b, "Key", r->key);
		xml_element(b, "UploadId", *id);
		list_parts(b, u, number_param(r, "part-number-marker", 0, PARTS_MAX),
		    number_param(r, "max-parts", 1000, 1000));
		add_upload(b, u);
		add_checksum(b, u);
		buf_adds(b, "</ListPartsResult>");
	}
	store_list_end(&r->srv->store);
	if (u == NULL)
		answer_error(r, "NoSuchUpload", NULL);
}

static void
add_key(struct buf *b, const char *name, struct str key, int url)
{
	if (!url) {
		xml_element(b, name, key);
		return;
	}
	buf_addf(b, "<%s>", name);
	uri_encode(b, key.p, key.len, 1);
	buf_addf(b, "</%s>", name);
}

static void
list_uploads(struct req *r, struct buf *b)
{
	const struct str *prefix = req_param(r, "prefix"), *marker = req_param(r, "key-marker");
	int url = req_param(r, "encoding-type") != NULL;
	uint64_t max = number_param(r, "max-uploads", 1000, 1000), n = 0;
	struct buf items = {0};
	const struct object *last = NULL;
	const char *last_id = "";
	int truncated = 0;
	char date[32];

	for (const struct upload *u = r->srv->store.uploads; u != NULL; u = u->next) {
		struct str key = {u->object->key, u->object->key_len};

		if (!str_eq(r->bucket, u->bucket->name) ||
		    (marker != NULL && marker->len > 0 && str_cmp(key, *marker) <= 0) ||
		    (prefix != NULL &&
			(key.len < prefix->len || memcmp(key.p, prefix->p, prefix->len) != 0)))
			continue;
		/* only key-marker is known here: all uploads of one key stay on one page */
		if (n >= max &&
		    (last == NULL || str_cmp(key, (struct str){last->key, last->key_len}) != 0)) {
			truncated = 1;
			break;
		}
		n++;
		last = u->object;
		last_id = u->id;
		time_iso(date, u->started_ms / 1000 * 1000); /* S3 omits milliseconds here */
		buf_adds(&items, "<Upload>");
		add_key(&items, "Key", key, url);
		buf_addf(&items, "<UploadId>%s</UploadId>", u->id);
		add_upload(&items, u);
		buf_addf(&items, "<Initiated>%s</Initiated>", date);
		add_checksum(&items, u);
		buf_adds(&items, "</Upload>");
	}
	if (truncated && last != NULL) {
		add_key(b, "NextKeyMarker", (struct str){last->key, last->key_len}, url);
		buf_addf(b, "<NextUploadIdMarker>%s</NextUploadIdMarker>", last_id);
	}
	if (prefix != NULL)
		add_key(b, "Prefix", *prefix, url);
	if (url)
		buf_adds(b, "<EncodingType>url</EncodingType>");
	buf_addf(b, "<MaxUploads>%llu</MaxUploads><IsTruncated>%s</IsTruncated>",
	    (unsigned long long)max, truncated ? "true" : "false");
	buf_add(b, items.p, items.len);
	buf_free(&items);
}

void
op_list_uploads(struct req *r)
{
	struct cursor c;
	const char *code = store_list_begin(&r->srv->store, &c, r->bucket);
	struct buf *b;

	if (code != NULL) {
		answer_error(r, code, NULL);
		return;
	}
	b = answer_xml(r);
	buf_addf(b, "<ListMultipartUploadsResult %s>", ns);
	xml_element(b, "Bucket", r->bucket);
	list_uploads(r, b);
	buf_adds(b, "</ListMultipartUploadsResult>");
	store_list_end(&r->srv->store);
}
