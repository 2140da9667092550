#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "req.h"

/* S3 API reference, "Error responses". */
static const struct {
	const char *code;
	unsigned status;
	const char *message;
} errors[] = {
    {"AccessDenied", 403, "Access Denied"},
    {"AuthorizationHeaderMalformed", 400, "The authorization header is malformed"},
    {"BadDigest", 400,
	"The Content-MD5 or checksum value that you specified did not match what the "
	"server received."},
    {"BucketAlreadyOwnedByYou", 409,
	"The bucket that you tried to create already exists, and you own it."},
    {"BucketNotEmpty", 409, "The bucket that you tried to delete is not empty."},
    {"EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed object size."},
    {"EntityTooSmall", 400,
	"Your proposed upload is smaller than the minimum allowed object size."},
    {"ExpiredToken", 400, "The provided token has expired."},
    {"IncompleteBody", 400,
	"You did not provide the number of bytes specified by the Content-Length "
	"HTTP header."},
    {"InternalError", 500, "An internal error occurred. Try again."},
    {"InvalidAccessKeyId", 403,
	"The AWS access key ID that you provided does not exist in our records."},
    {"InvalidArgument", 400, "Invalid Argument"},
    {"InvalidBucketName", 400, "The specified bucket is not valid."},
    {"InvalidDigest", 400, "The Content-MD5 or checksum value that you specified is not valid."},
    {"InvalidObjectState", 403, "The operation is not valid for the object's storage class"},
    {"InvalidPart", 400,
	"One or more of the specified parts could not be found. The part may not have "
	"been uploaded, or the specified entity tag may not match the part's entity tag."},
    {"InvalidPartOrder", 400, "The list of parts was not in ascending order."},
    {"InvalidRange", 416, "The requested range is not satisfiable"},
    {"InvalidRequest", 400, "Invalid Request"},
    {"InvalidStorageClass", 400, "The storage class that you specified is not valid."},
    {"InvalidToken", 400, "The provided token is malformed or otherwise not valid."},
    {"InvalidURI", 400, "The specified URI couldn't be parsed."},
    {"KeyTooLongError", 400, "Your key is too long."},
    {"MalformedXML", 400,
	"The XML that you provided was not well formed or did not validate against our "
	"published schema."},
    {"MethodNotAllowed", 405, "The specified method is not allowed against this resource."},
    {"MissingContentLength", 411, "You must provide the Content-Length HTTP header."},
    {"NoSuchBucket", 404, "The specified bucket does not exist"},
    {"NoSuchKey", 404, "The specified key does not exist."},
    {"NoSuchUpload", 404,
	"The specified multipart upload does not exist. The upload ID might not be "
	"valid, or the multipart upload might have been aborted or completed."},
    {"NotImplemented", 501,
	"A header or query you provided implies functionality that is not "
	"implemented."},
    {"PermanentRedirect", 301,
	"The bucket that you are attempting to access must be addressed using the "
	"specified endpoint."},
    {"PreconditionFailed", 412,
	"At least one of the preconditions that you specified did not hold."},
    {"RequestTimeTooSkewed", 403,
	"The difference between the request time and the server's time is too "
	"large."},
    {"SignatureDoesNotMatch", 403,
	"The request signature that the server calculated does not match the "
	"signature that you provided. Check your AWS secret access key and "
	"signing method."},
    {"SlowDown", 503, "Please reduce your request rate."},
    {"XAmzContentSHA256Mismatch", 400,
	"The provided 'x-amz-content-sha256' header does not match what was "
	"computed."},
};

const char *
req_header(const struct req *r, const char *name)
{
	return header_get(r->headers, r->n_headers, name);
}

const struct str *
req_param(const struct req *r, const char *name)
{
	return target_param(&r->target, name);
}

void
answer_header(struct answer *a, const char *name, const char *value)
{
	buf_add(&a->headers, name, strlen(name) + 1);
	buf_add(&a->headers, value, strlen(value) + 1);
}

void
answer_headerf(struct answer *a, const char *name, const char *fmt, ...)
{
	char value[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	answer_header(a, name, value);
}

void
xml_element(struct buf *out, const char *name, struct str text)
{
	size_t n = strlen(name);

	buf_addc(out, '<');
	buf_add(out, name, n);
	buf_addc(out, '>');
	xml_escape(out, text.p, text.len);
	buf_add(out, "</", 2);
	buf_add(out, name, n);
	buf_addc(out, '>');
}

struct buf *
answer_xml(struct req *r)
{
	buf_reset(&r->ans.body);
	buf_adds(&r->ans.body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	r->ans.status = 200;
	answer_header(&r->ans, "Content-Type", "application/xml");
	return &r->ans.body;
}

void
answer_error_status(struct req *r, unsigned status, const char *code, const char *extra)
{
	const char *message = "";
	struct buf *b;

	answer_reset(&r->ans);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].code, code) == 0)
			message = errors[i].message;
	b = answer_xml(r);
	buf_addf(b, "<Error><Code>%s</Code><Message>%s</Message>", code, message);
	if (extra != NULL)
		buf_adds(b, extra);
	if (strcmp(code, "NoSuchBucket") == 0)
		xml_element(b, "BucketName", r->bucket);
	if (strcmp(code, "NoSuchKey") == 0)
		xml_element(b, "Key", r->key);
	xml_element(b, "Resource", r->target.path);
	buf_addf(b, "<RequestId>%s</RequestId><HostId>s3d</HostId></Error>", r->id);
	r->ans.status = status;
	r->ans.code = code;
}

void
answer_error(struct req *r, const char *code, const char *extra)
{
	unsigned status = 500;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].code, code) == 0)
			status = errors[i].status;
	answer_error_status(r, status, code, extra);
}

void
answer_reset(struct answer *a)
{
	a->status = 0;
	a->code = NULL;
	buf_reset(&a->headers);
	buf_reset(&a->body);
	object_unref(a->object);
	a->object = NULL;
	a->off = a->len = 0;
}

void
time_iso(char out[32], int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&t, &tm);
	n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 32 - n, ".%03uZ", (unsigned)(ms % 1000));
}

void
time_http(char out[32], int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 32, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}
