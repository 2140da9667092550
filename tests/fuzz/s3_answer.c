/*
 * lib/s3/s3_answer and lib/s3/s3_etag: any headers, a line each. Text stays inside its field, an
 * ETag that is kept is one, and what is read of it is the same when it is read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "s3/s3_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IS_TEXT(field) (memchr((field), '\0', sizeof(field)) != NULL)

static void
check(const struct s3_answer *a)
{
	char again[S3_ETAG_LEN];
	const char *text;

	if (!IS_TEXT(a->etag) || !IS_TEXT(a->sse) || !IS_TEXT(a->region) || !IS_TEXT(a->date) ||
	    !IS_TEXT(a->storage_class) || !IS_TEXT(a->sheaf_crc32c) || !IS_TEXT(a->checksum_type) ||
	    !IS_TEXT(a->checksum_crc32c) || !IS_TEXT(a->checksum_sha256) ||
	    !IS_TEXT(a->checksum_sha1) || !IS_TEXT(a->checksum_crc32) ||
	    !IS_TEXT(a->checksum_crc64nvme))
		abort();
	if (a->content_length < -1 || a->range_start < -1 || a->range_total < -1)
		abort();
	for (const char *p = a->etag; *p != '\0'; p++)
		if (*p < 0x21 || *p > 0x7e || *p == '"')
			abort();
	if (s3_etag_read(again, a->etag, strlen(a->etag)) == -1 || strcmp(again, a->etag) != 0)
		abort();
	if (a->etag_is_wrong && a->etag[0] != '\0')
		abort();
	(void)s3_answer_date(a);
	(void)s3_etag_is_md5(a);
	if (s3_answer_checksum(a, &text) == CHECKSUM_NONE && *text != '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct s3_answer a;

	s3_answer_begin(&a, 200);
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)),
			   *line_end = nl != NULL ? nl : end;
		const char *colon = memchr(p, ':', (size_t)(line_end - p));

		if (colon != NULL && colon > p) {
			const struct http_field f = {
			    p, colon + 1, (size_t)(colon - p), (size_t)(line_end - colon) - 1};

			s3_answer_header(&a, &f);
			check(&a);
		}
		p = line_end + (nl != NULL);
	}
	return 0;
}
