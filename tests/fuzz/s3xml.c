/*
 * lib/s3/s3xml: any document, read as each kind of answer; a page used twice; escapes that come
 * back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/xml.h"
#include "base/utf8.h"
#include "s3/s3xml.h"
#include "s3/s3xml_list.h"
#include "s3/s3xml_uploads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
check_page(struct s3xml_page *page, const char *doc, size_t len)
{
	struct err e = {.status = 0};
	const char *low, *high;

	if (s3xml_list(page, doc, len, &e) == -1) {
		if (e.status != EXIT_FAILED || strncmp(e.text, "listing answer: ", 16) != 0 ||
		    page->n_objects != 0)
			abort();
		return 0;
	}
	low = page->text.p;
	high = low + page->text.len;
	for (size_t i = 0; i < page->n_objects; i++) {
		const struct s3xml_object *o = &page->objects[i];
		const char *const strings[] = {o->etag, o->mtime, o->storage_class};

		if (o->key < low || o->key + o->key_len >= high || o->key[o->key_len] != '\0')
			abort();
		for (size_t k = 0; k < 3; k++)
			if (*strings[k] != '\0' &&
			    (strings[k] < low || strings[k] + strlen(strings[k]) >= high))
				abort();
	}
	return page->n_objects;
}

/* What XML can hold at all: UTF-8 without most controls, U+FFFE and U+FFFF. */
static int
is_xml_text(const char *s, size_t len)
{
	size_t n;

	for (; len > 0; s += n, len -= n) {
		if ((n = utf8_char(s, len)) == 0 || memcmp(s, "\xef\xbf\xbe", n) == 0 ||
		    memcmp(s, "\xef\xbf\xbf", n) == 0)
			return 0;
		if (n == 1 && *s >= 0 && *s < ' ' && *s != '\t' && *s != '\n' && *s != '\r')
			return 0;
	}
	return 1;
}

static void
check_escape(const char *s, size_t len)
{
	struct buf doc = {0}, out = {0};

	buf_adds(&doc, "<a><ETag>");
	xml_escape(&doc, s, len);
	buf_adds(&doc, "</ETag></a>");
	if (is_xml_text(s, len) &&
	    (xml_text(&out, doc.p, doc.len, "ETag") == -1 || out.len != len ||
		(len > 0 && memcmp(out.p, s, len) != 0)))
		abort();
	buf_free(&doc);
	buf_free(&out);
}

static void
on_upload(void *arg, const struct s3xml_upload *u)
{
	size_t *bytes = arg;

	*bytes += strlen(u->key) + strlen(u->id) + strlen(u->initiator) + strlen(u->initiated) +
	    strlen(u->storage_class) + strlen(u->checksum_algorithm) + strlen(u->checksum_type);
}

static void
check_uploads(const char *doc, size_t len)
{
	struct err e = {.status = 0};
	struct s3xml_uploads_end end = {0};
	size_t bytes = 0;

	if (s3xml_uploads(doc, len, on_upload, &bytes, &end, &e) == -1 &&
	    (e.status != EXIT_FAILED || strncmp(e.text, "listing of uploads: ", 20) != 0))
		abort();
	bytes += end.key.len + end.id.len;
	s3xml_uploads_end_free(&end);
	if (bytes > len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char other[] =
	    "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t"
	    "</NextContinuationToken><Contents><Key>k</Key><Size>1</Size></Contents></"
	    "ListBucketResult>";
	const char *doc = (const char *)data;
	struct s3xml_page page = {0};
	struct s3xml_error x;
	struct buf out = {0};
	size_t n = check_page(&page, doc, size);

	if (check_page(&page, other, sizeof(other) - 1) != 1 || check_page(&page, doc, size) != n)
		abort();
	s3xml_page_free(&page);
	if (s3xml_error(&x, doc, size) == 0 && (x.code[0] != '\0' || x.message[0] != '\0'))
		abort();
	if (strlen(x.code) >= sizeof(x.code) || strlen(x.message) >= sizeof(x.message) ||
	    strlen(x.region) >= sizeof(x.region))
		abort();
	if (xml_text(&out, doc, size, "UploadId") == -1 && out.len != 0)
		abort();
	buf_free(&out);
	check_escape(doc, size);
	check_uploads(doc, size);
	return 0;
}
