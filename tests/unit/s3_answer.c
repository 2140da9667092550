/* The heads of S3 answers, as S3 and its clones write them. */
#include <stdlib.h>
#include <time.h>

#include "s3/s3_answer.h"
#include "tap.h"

/* The first line is the status line; of the others those with a colon are headers. */
static struct s3_answer
parse(const char *const *lines)
{
	struct s3_answer a = {0};

	for (size_t i = 0; lines[i] != NULL; i++) {
		const char *colon = strchr(lines[i], ':'), *v = colon != NULL ? colon + 1 : NULL;
		struct http_field f;

		if (strncmp(lines[i], "HTTP/1.1 ", 9) == 0)
			s3_answer_begin(&a, (int)strtol(lines[i] + 9, NULL, 10));
		if (colon == NULL)
			continue;
		v += strspn(v, " ");
		f = (struct http_field){lines[i], v, (size_t)(colon - lines[i]), strlen(v)};
		s3_answer_header(&a, &f);
	}
	return a;
}

/* Every fifth day from the year 1 to 9999, at changing times: what libc writes is read back. */
static int
dates_agree(void)
{
	const int64_t first = -62135596800, last = 253402300799;

	for (int64_t t = first; t <= last; t += 5 * 86400 - 1) {
		char text[40], line[60];
		const char *lines[] = {line, NULL};
		struct tm tm;
		time_t clock = (time_t)t;

		gmtime_r(&clock, &tm);
		strftime(text, sizeof(text), "%d %b %Y %H:%M:%S", &tm);
		/* glibc writes a year below 1000 without zeros in front */
		snprintf(line, sizeof(line), "Last-Modified: Wed, %.7s%04d%s GMT", text,
		    tm.tm_year + 1900, strchr(text + 7, ' '));
		if (parse(lines).last_modified != t) {
			printf("# %s: %lld, not %lld\n", line,
			    (long long)parse(lines).last_modified, (long long)t);
			return 0;
		}
	}
	return 1;
}

static void
test_answers(void)
{
	static const char *const ok[] = {"HTTP/1.1 200 OK",
	    "ETag: \"0cc175b9c0f1b6a831c399e269772661\"", "CONTENT-LENGTH:1",
	    "Last-Modified: Wed, 12 Oct 2009 17:50:00 GMT", "x-amz-server-side-encryption: AES256",
	    "x-amz-meta-sheaf-crc32c: 0123abcd", NULL};
	static const char *const part[] = {"HTTP/1.1 206 Partial Content",
	    "Content-Range: bytes 5-9/10", "etag: x-2", "Content-Length: 5", NULL};
	static const char *const slow[] = {"HTTP/1.1 503 Slow Down", "Retry-After: 2",
	    "x-amz-retry-after: 500", "Date: Thu, 01 Jan 1970 00:01:00 GMT",
	    "x-amz-bucket-region: eu-west-1", NULL};
	static const char *const kms[] = {"HTTP/1.1 200 OK",
	    "ETag: \"0cc175b9c0f1b6a831c399e269772661\"", "x-amz-server-side-encryption: aws:kms",
	    NULL};
	static const char *const customer[] = {"HTTP/1.1 200 OK",
	    "ETag: \"0cc175b9c0f1b6a831c399e269772661\"",
	    "x-amz-server-side-encryption-customer-algorithm: AES256", NULL};
	static const char *const odd[] = {"HTTP/1.1 200", "Content-Length: 12x",
	    "Content-Range: bytes */7", "no colon", ":", "",
	    "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT", NULL};
	static const char *const proxied[] = {"HTTP/1.1 200 OK",
	    "ETag: W/\"0cc175b9c0f1b6a831c399e269772661\"", "Transfer-Encoding: chunked",
	    "X-Amz-Request-Id: 17", NULL};
	struct s3_answer a = parse(ok);
	const char *text;

	OK(a.status == 200 && a.content_length == 1 && a.range_start == -1,
	    "status, length, no range");
	OK_STR(a.etag, "0cc175b9c0f1b6a831c399e269772661", "ETag without quotes");
	OK(a.last_modified == 1255369800, "Last-Modified in Unix seconds");
	OK(dates_agree(), "and of other days as libc has them");
	OK_STR(a.sheaf_crc32c, "0123abcd", "our own metadata");
	OK(s3_etag_is_md5(&a), "with SSE-S3 the ETag is an MD5");
	a = parse(part);
	OK(a.status == 206 && a.range_start == 5 && a.range_total == 10, "Content-Range");
	OK(!s3_etag_is_md5(&a), "a multipart ETag is no MD5");
	OK(!a.etag_is_weak && !a.is_chunked && !a.has_request_id, "none of what only some have");
	a = parse(proxied);
	OK_STR(a.etag, "0cc175b9c0f1b6a831c399e269772661", "a weak ETag without its mark");
	OK(a.etag_is_weak && a.is_chunked && a.has_request_id && a.content_length == -1,
	    "which is noted, as are chunks and S3's id");
	a = parse(slow);
	OK(a.status == 503 && a.retry_after_ms == 2000, "the longer of two Retry-After");
	OK(s3_answer_date(&a) == 60, "the Date of an error");
	OK_STR(a.region, "eu-west-1", "bucket region");
	a = parse(kms);
	OK(!s3_etag_is_md5(&a), "with SSE-KMS the ETag is no MD5");
	a = parse(customer);
	OK(!s3_etag_is_md5(&a), "with SSE-C the ETag is no MD5");
	a = parse(odd);
	OK(a.status == 200 && a.content_length == -1 && a.range_start == -1 && a.range_total == 7 &&
		a.retry_after_ms == 0,
	    "what is not understood is left alone");
	OK(s3_answer_checksum(&a, &text) == CHECKSUM_NONE && *text == '\0', "no checksum");
}

static void
test_checksums(void)
{
	static const char *const sums[] = {"HTTP/1.1 200 OK",
	    "x-amz-checksum-sha1: c2hhMQ==", "X-Amz-Checksum-Crc32: y/Q5Jg==", NULL};
	static const char *const parts[] = {
	    "HTTP/1.1 200 OK", "x-amz-checksum-sha256: c2hhMjU2-2", NULL};
	static const char *const composite[] = {"HTTP/1.1 200 OK",
	    "x-amz-checksum-crc32c: y/Q5Jg==", "x-amz-checksum-type: COMPOSITE", NULL};
	struct s3_answer a = parse(sums);
	const char *text;

	OK(s3_answer_checksum(&a, &text) == CHECKSUM_CRC32, "of two checksums the quicker one");
	OK_STR(text, "y/Q5Jg==", "its text");
	a = parse(parts);
	OK(s3_answer_checksum(&a, &text) == CHECKSUM_NONE, "a checksum of checksums, by its end");
	a = parse(composite);
	OK(s3_answer_checksum(&a, &text) == CHECKSUM_NONE, "and by its type");
}

int
main(void)
{
	test_answers();
	test_checksums();
	return tap_done();
}
