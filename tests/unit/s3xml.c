/* lib/s3/s3xml: what S3 and its clones answer with, and what must not pass for it. */
#include <stdlib.h>

#include "aws/xml.h"
#include "s3/s3xml.h"
#include "s3/s3xml_list.h"
#include "s3/s3xml_uploads.h"
#include "tap.h"

#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "                           \
	"xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define LAST HEAD "<IsTruncated>false</IsTruncated>"
#define END "</ListBucketResult>"

static struct s3xml_page page;
static struct err err;

static int
list(const char *doc)
{
	return s3xml_list(&page, doc, strlen(doc), &err);
}

static void
test_aws(void)
{
	OK(list(HEAD "<Name>b</Name><Prefix>p/</Prefix>"
		     "<NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36="
		     "</NextContinuationToken>"
		     "<KeyCount>2</KeyCount><MaxKeys>2</MaxKeys>"
		     "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
		     "<Contents><Key>p/a+b%2Bc%C3%A9%0A</Key>"
		     "<LastModified>2026-11-23T13:45:00.000Z</LastModified>"
		     "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag>"
		     "<ChecksumAlgorithm>CRC32C</ChecksumAlgorithm><Size>12345678901234</Size>"
		     "<Owner><ID>Key</ID><DisplayName>Size</DisplayName></Owner>"
		     "<StorageClass>STANDARD_IA</StorageClass></Contents>\n  <Contents>\n"
		     " <Key>p/b%00</Key>\n <Size>0</Size></Contents>"
		     "<CommonPrefixes><Prefix>p/x/</Prefix></CommonPrefixes>" END) == 0,
	    "a V2 page");
	OK(page.n_objects == 2 && page.is_truncated, "two objects, more to come");
	OK_STR(page.next_token, "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36=", "the token as it stands");
	OK_STR(page.objects[0].key, "p/a b+c\xc3\xa9\n", "a decoded key");
	OK(page.objects[0].key_len == 10, "its length");
	OK(page.objects[0].size == 12345678901234, "its size");
	OK_STR(page.objects[0].etag, "d41d8cd98f00b204e9800998ecf8427e", "its ETag without quotes");
	OK_STR(page.objects[0].mtime, "2026-11-23T13:45:00.000Z", "its time");
	OK_STR(page.objects[0].storage_class, "STANDARD_IA", "its storage class");
	OK(page.objects[1].key_len == 4 && memcmp(page.objects[1].key, "p/b\0", 4) == 0,
	    "a key may hold a NUL");
	OK(strcmp(page.objects[1].etag, "") == 0 && strcmp(page.objects[1].mtime, "") == 0 &&
		strcmp(page.objects[1].storage_class, "") == 0,
	    "what is absent is empty");
}

static void
test_manners(void)
{
	OK(list(HEAD "<NextContinuationToken>a&amp;b%2Fc</NextContinuationToken>"
		     "<IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>" END) == 0,
	    "Ceph's token is a raw key");
	OK_STR(page.next_token, "a&b%2Fc", "sent back as it is");
	OK(!page.next_is_key, "which is no key");
	OK(list(HEAD "<IsTruncated>true</IsTruncated><NextMarker>a%2Fb+%2B</NextMarker>"
		     "<Marker/><Contents><Key>a%2fb</Key><ETag>\"x-2\"</ETag><Size>1</Size>"
		     "</Contents><EncodingType>url</EncodingType>" END) == 0,
	    "a V1 page, its encoding said last");
	OK_STR(page.next_token, "a/b +", "NextMarker is decoded");
	OK(page.next_is_key, "and a key");
	OK_STR(page.objects[0].key, "a/b", "and so is the key before it");
	OK_STR(page.objects[0].etag, "x-2", "quotes need no escape");
	OK(list(HEAD "<IsTruncated>true</IsTruncated><NextMarker>a%2Fb+</NextMarker>"
		     "<Contents><Key>a%2F+b&lt;&#xe9;&#13;</Key><ETag>x</ETag><Size>1</Size>"
		     "</Contents>" END) == 0,
	    "a page that is not URL-encoded");
	OK_STR(page.next_token, "a%2Fb+", "its marker stays");
	OK_STR(page.objects[0].key, "a%2F+b<\xc3\xa9\r", "its key stays, but for XML's references");
	OK_STR(page.objects[0].etag, "x", "an ETag without quotes");
	OK(list(LAST END) == 0 && page.n_objects == 0 && page.next_token == NULL &&
		!page.is_truncated,
	    "an empty page, nothing left of the last");
	OK(list(LAST "<NextContinuationToken></NextContinuationToken>" END) == 0 &&
		page.next_token == NULL,
	    "an empty token is none");
	OK(list("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>\n\n") == 0,
	    "no prologue, no namespace");
	OK(list(LAST "<Contents><Key></Key><Size>1</Size><ETag>\"</ETag></Contents>" END) == 0 &&
		page.objects[0].key_len == 0,
	    "an empty key");
	OK_STR(page.objects[0].etag, "\"", "a lone quote");
	OK(list(LAST "<Contents><Key>k</Key><Size>1</Size><ETag>\"ab</ETag><Owner><Key>o</Key>"
		     "<Size>9</Size></Owner></Contents>" END) == 0,
	    "an object whose owner has a Key");
	OK(strcmp(page.objects[0].key, "k") == 0 && page.objects[0].size == 1,
	    "it is not the object's");
	OK_STR(page.objects[0].etag, "\"ab", "a quote without its twin");
	OK(list(LAST "<Contents><Key>a<b>no</b>c</Key><Size>1</Size></Contents>" END) == 0,
	    "an element inside a key");
	OK_STR(page.objects[0].key, "ac", "is no part of it");
	OK(list(LAST "<Contents><Key><![CDATA[a<b]]></Key><Size>1</Size></Contents>" END) == 0,
	    "CDATA");
	OK_STR(page.objects[0].key, "a<b", "is text");
}

static void
test_markers_and_sizes(void)
{
#define NO_SIZE(size)                                                                              \
	LAST "<Contents><Key>a</Key>" size                                                         \
	     "</Contents><Contents><Key>b</Key><Size>7</Size></Contents>" END
	static const char *const no_size[] = {NO_SIZE(""), NO_SIZE("<Size></Size>"),
	    NO_SIZE("<Size>-1</Size>"), NO_SIZE("<Size>9223372036854775808</Size>"),
	    NO_SIZE("<Size>1e3</Size>")};

	OK(list(HEAD "<IsTruncated>true</IsTruncated><NextMarker>m</NextMarker>"
		     "<NextContinuationToken>t</NextContinuationToken>" END) == 0 &&
		!page.next_is_key && strcmp(page.next_token, "t") == 0,
	    "a marker, then a token");
	OK(list(HEAD "<IsTruncated>true</IsTruncated><NextContinuationToken>t"
		     "</NextContinuationToken><NextMarker>m</NextMarker>" END) == 0 &&
		!page.next_is_key && strcmp(page.next_token, "t") == 0,
	    "a token, then a marker");
	for (size_t i = 0; i < sizeof(no_size) / sizeof(*no_size); i++)
		OK(list(no_size[i]) == 0 && page.n_objects == 2 &&
			page.objects[0].size == S3XML_NO_SIZE && page.objects[1].size == 7,
		    "an object without a size, and one with");
}

static void
test_refused(void)
{
	static const struct {
		const char *doc, *why;
	} bad[] = {
	    {"", "broken XML: no element found"},
	    {"not xml", "broken XML: syntax error"},
	    {LAST, "broken XML: no element found"},
	    {LAST "<Contents><Key>a</Key>", "broken XML: no element found"},
	    {LAST END "x", "broken XML: junk after document element"},
	    {"<Error><Code>SlowDown</Code></Error>", "it is no ListBucketResult"},
	    {"<html><body>proxy</body></html>", "it is no ListBucketResult"},
	    {HEAD END, "it does not say IsTruncated"},
	    {HEAD "<IsTruncated>maybe</IsTruncated>" END, "IsTruncated is neither true nor false"},
	    {LAST "<Contents><Size>1</Size></Contents>" END, "an object without Key"},
	    {LAST "<Contents/>" END, "an object without Key"},
	    {LAST "<Contents><Key>\xff</Key><Size>1</Size></Contents>" END,
		"broken XML: not well-formed (invalid token)"},
	    {LAST "<Contents><Key>\x01</Key><Size>1</Size></Contents>" END,
		"broken XML: not well-formed (invalid token)"},
	    {LAST "<Contents><Key>&nbsp;</Key><Size>1</Size></Contents>" END,
		"broken XML: undefined entity"},
	    {LAST "<EncodingType>url</EncodingType><Contents><Key>a%2</Key><Size>1</Size>"
		  "</Contents>" END,
		"key 'a%2': broken percent-encoding"},
	    {LAST "<EncodingType>url</EncodingType><NextMarker>%</NextMarker>" END,
		"NextMarker '%': broken percent-encoding"},
	    {"<!DOCTYPE ListBucketResult><ListBucketResult><IsTruncated>false</IsTruncated>"
	     "</ListBucketResult>",
		"a document type declaration"},
	    {"<!DOCTYPE x [<!ENTITY a \"aaaa\">]><ListBucketResult>&a;</ListBucketResult>",
		"a document type declaration"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char want[256];

		snprintf(want, sizeof(want), "listing answer: %s", bad[i].why);
		OK(list(bad[i].doc) == -1 && page.n_objects == 0, "refused: %zu", i);
		OK(err.status == EXIT_FAILED, "as a failure");
		OK_STR(err.text, want, "saying why");
	}
	OK(s3xml_list(&page, "<a/>", 4, NULL) == -1, "nobody need ask why");
}

static void
test_deep(void)
{
	struct buf deep = {0};

	buf_adds(&deep, LAST);
	for (int i = 0; i < 100; i++)
		buf_adds(&deep, "<a>");
	for (int i = 0; i < 100; i++)
		buf_adds(&deep, "</a>");
	buf_adds(&deep, END);
	OK(list(buf_str(&deep)) == -1, "a hundred floors");
	OK_STR(err.text, "listing answer: elements are nested too deep", "are too deep");
	buf_free(&deep);
}

static void
test_big_page(void)
{
	struct buf doc = {0};
	char want[32];
	int same = 1;

	buf_adds(&doc, HEAD "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>");
	for (int i = 0; i < 5000; i++)
		buf_addf(&doc,
		    "<Contents><Key>k%%2F%05d</Key><ETag>&quot;e%d&quot;</ETag><Size>%d</Size>"
		    "</Contents>",
		    i, i, i);
	buf_adds(&doc, END);
	OK(s3xml_list(&page, doc.p, doc.len, &err) == 0 && page.n_objects == 5000,
	    "5,000 objects on a page");
	for (unsigned i = 0; i < page.n_objects; i++) {
		snprintf(want, sizeof(want), "k/%05u", i);
		same &= strcmp(page.objects[i].key, want) == 0 && page.objects[i].size == i;
		snprintf(want, sizeof(want), "e%u", i);
		same &= strcmp(page.objects[i].etag, want) == 0;
	}
	OK(same, "all as they were sent");
	buf_free(&doc);
}

static void
test_error(void)
{
	static const char full[] =
	    "<?xml version=\"1.0\"?><Error><Code>AuthorizationHeaderMalformed</Code>"
	    "<Message>The authorization header is malformed; the region 'us-east-1' "
	    "is wrong; expecting 'eu-west-1' &amp; more</Message>"
	    "<Region>eu-west-1</Region><Endpoint>b.s3.amazonaws.com</Endpoint>"
	    "<StorageClass>GLACIER</StorageClass><RequestId>1</RequestId>"
	    "<Details><Code>inner</Code></Details></Error>";
	static const char *const others[] = {"", "x", "<Error", "<Error><Code>A</Code>",
	    "<ListBucketResult/>", "<!DOCTYPE a><Error/>", "<a><Error><Code>A</Code></Error></a>"};
	struct buf doc = {0};
	struct s3xml_error x;

	OK(s3xml_error(&x, full, strlen(full)) == 1, "an error document");
	OK_STR(x.code, "AuthorizationHeaderMalformed", "code");
	OK_STR(x.message,
	    "The authorization header is malformed; the region 'us-east-1' is wrong; expecting "
	    "'eu-west-1' & more",
	    "message");
	OK_STR(x.region, "eu-west-1", "region");
	OK_STR(x.endpoint, "b.s3.amazonaws.com", "endpoint");
	OK_STR(x.storage_class, "GLACIER", "storage class");
	OK(s3xml_error(&x, "<Error><Code>NoSuchKey</Code><Message></Message></Error>", 56) == 1,
	    "Ceph's");
	OK(strcmp(x.code, "NoSuchKey") == 0 && x.message[0] == '\0' && x.region[0] == '\0',
	    "has no message");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		memset(&x, 'x', sizeof(x));
		OK(s3xml_error(&x, others[i], strlen(others[i])) == 0, "'%s' is none", others[i]);
		OK(x.code[0] == '\0' && x.message[0] == '\0' && x.storage_class[0] == '\0',
		    "and leaves nothing");
	}
	buf_adds(&doc, "<Error><Code>");
	for (int i = 0; i < 5000; i++)
		buf_addc(&doc, 'c');
	buf_adds(&doc, "</Code><Message>m</Message></Error>");
	OK(s3xml_error(&x, doc.p, doc.len) == 1 && strlen(x.code) == sizeof(x.code) - 1,
	    "a long code is cut");
	OK_STR(x.message, "m", "and harms nothing behind it");
	buf_free(&doc);
}

static void
test_text(void)
{
	static const char doc[] = "<InitiateMultipartUploadResult><Bucket>b</Bucket>"
				  "<UploadId>a&amp;b</UploadId><x><UploadId>2</UploadId></x>"
				  "<ETag/></InitiateMultipartUploadResult>";
	struct buf out = {0};

	buf_adds(&out, "id=");
	OK(xml_text(&out, doc, strlen(doc), "UploadId") == 0, "found");
	OK_STR(buf_str(&out), "id=a&b", "the first one, appended");
	OK(xml_text(&out, doc, strlen(doc), "ETag") == 0 && out.len == 6,
	    "an empty element is one");
	OK(xml_text(&out, doc, strlen(doc), "Location") == -1 && out.len == 6, "none of that name");
	OK(xml_text(&out, doc, strlen(doc) - 1, "UploadId") == -1 && out.len == 6,
	    "a document cut short gives nothing");
	buf_reset(&out);
	xml_escape(&out, "a<b>&\"'\t\n\x01\x7f\xc3\xa9", 13);
	OK_STR(buf_str(&out), "a&lt;b&gt;&amp;&quot;'&#x9;&#xa;&#x1;&#x7f;\xc3\xa9", "escaped");
	buf_free(&out);
}

static void
add_upload(void *arg, const struct s3xml_upload *u)
{
	buf_addf(arg, "[%s %s %s %s %s %s %s]", u->key, u->id, u->initiator, u->storage_class,
	    u->initiated, u->checksum_algorithm, u->checksum_type);
}

static void
test_uploads(void)
{
	static const char doc[] =
	    "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<Bucket>b</Bucket><Prefix>k</Prefix><IsTruncated>false</IsTruncated>"
	    "<Upload><Key>k%201</Key><UploadId>a&amp;b</UploadId><Initiator><ID>i</ID>"
	    "<DisplayName>n</DisplayName></Initiator><Owner><Key>no</Key><ID>no</ID></Owner>"
	    "<StorageClass>STANDARD</StorageClass><Initiated>2026-11-25T17:00:00.000Z</Initiated>"
	    "<ChecksumAlgorithm>CRC32C</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
	    "<x><ChecksumType>no</ChecksumType></x></Upload>"
	    "<CommonPrefixes><Key>no</Key></CommonPrefixes>"
	    "<Upload><UploadId>2</UploadId></Upload><Upload/>"
	    "<EncodingType>url</EncodingType></ListMultipartUploadsResult>";
	static const char more[] =
	    "<ListMultipartUploadsResult><NextKeyMarker>k%201</NextKeyMarker>"
	    "<NextUploadIdMarker>a&amp;b</NextUploadIdMarker><IsTruncated>true</IsTruncated>"
	    "<Upload><NextKeyMarker>no</NextKeyMarker></Upload></ListMultipartUploadsResult>";
	struct s3xml_uploads_end end = {0};
	struct buf out = {0};
	struct err e;

	OK(s3xml_uploads(more, strlen(more), add_upload, &out, &end, &e) == 0 && end.truncated,
	    "there are more uploads");
	OK_STR(buf_str(&end.key), "k%201", "behind this key");
	OK_STR(buf_str(&end.id), "a&b", "and this upload");
	buf_reset(&out);
	OK(s3xml_uploads(doc, strlen(doc), add_upload, &out, &end, &e) == 0,
	    "a listing of uploads");
	OK(!end.truncated && end.key.len == 0 && end.id.len == 0, "which is whole");
	OK_STR(buf_str(&out),
	    "[k%201 a&b i STANDARD 2026-11-25T17:00:00.000Z CRC32C FULL_OBJECT]"
	    "[ 2     ][      ]",
	    "what it holds");
	OK(s3xml_uploads("<ListBucketResult/>", 19, add_upload, &out, &end, &e) == -1,
	    "another one");
	OK_STR(e.text, "listing of uploads: it is no ListMultipartUploadsResult", "is told");
	OK(s3xml_uploads(doc, strlen(doc) - 1, add_upload, &out, &end, &e) == -1 &&
		strstr(e.text, "broken XML") != NULL,
	    "cut short");
	s3xml_uploads_end_free(&end);
	buf_free(&out);
}

int
main(void)
{
	test_aws();
	test_manners();
	test_markers_and_sizes();
	test_refused();
	test_deep();
	test_big_page();
	test_error();
	test_text();
	test_uploads();
	s3xml_page_free(&page);
	s3xml_page_free(NULL);
	OK(page.n_objects == 0 && page.objects == NULL, "freed");
	return tap_done();
}
