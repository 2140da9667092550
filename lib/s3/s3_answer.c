#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "s3/s3_answer.h"

static void
copy(char *to, size_t cap, const char *p, size_t len)
{
	if (len >= 2 && p[0] == '"' && p[len - 1] == '"') {
		p++;
		len -= 2;
	}
	if (len >= cap)
		len = cap - 1;
	memcpy(to, p, len);
	to[len] = '\0';
}

/* Days since 1970-01-01 in the Gregorian calendar; months count from 0. An excess day, such as 31
 * February, counts into the next month, as with timegm. */
static int64_t
days_until(int64_t year, int month, int64_t day)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t leap = month > 1 ? year : year - 1; /* the last year whose 29 February is over */

	return 365 * (year - 1970) + leap / 4 - leap / 100 + leap / 400 - 477 + before[month] +
	    day - 1;
}

/* "Wed, 21 Oct 2015 07:28:00 GMT" to Unix seconds; 0: not such a date. Written by hand, as every
 * answer has one: strptime would take a quarter of the instructions of an object of 100 bytes,
 * timegm a thirtieth. */
static int64_t
http_date(const char *p, size_t len)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint64_t day, year, hour, minute, second;
	int month = 0;

	if (len < 25 || memcmp(p + 3, ", ", 2) != 0 || num_parse_n(p + 5, 2, 1, 31, &day) == -1 ||
	    num_parse_n(p + 12, 4, 1, 9999, &year) == -1 ||
	    num_parse_n(p + 17, 2, 0, 23, &hour) == -1 ||
	    num_parse_n(p + 20, 2, 0, 59, &minute) == -1 ||
	    num_parse_n(p + 23, 2, 0, 60, &second) == -1)
		return 0;
	while (month < 12 && memcmp(months + 3 * (size_t)month, p + 8, 3) != 0)
		month++;
	if (month == 12)
		return 0;
	return ((days_until((int64_t)year, month, (int64_t)day) * 24 + (int64_t)hour) * 60 +
		   (int64_t)minute) *
	    60 +
	    (int64_t)second;
}

static void
content_range(struct s3_answer *a, const char *p, size_t len)
{
	const char *dash = memchr(p, '-', len), *slash = memchr(p, '/', len);
	uint64_t v;

	if (len > 6 && strncasecmp(p, "bytes ", 6) == 0 && dash != NULL &&
	    num_parse_n(p + 6, (size_t)(dash - p) - 6, 0, INT64_MAX, &v) == 0)
		a->range_start = (int64_t)v;
	if (slash != NULL &&
	    num_parse_n(slash + 1, len - (size_t)(slash + 1 - p), 0, INT64_MAX, &v) == 0)
		a->range_total = (int64_t)v;
}

static void
retry_after(struct s3_answer *a, const char *p, size_t len, uint32_t unit_ms)
{
	uint64_t v;

	if (num_parse_n(p, len, 0, UINT32_MAX / 1000, &v) == 0 && v * unit_ms > a->retry_after_ms)
		a->retry_after_ms = (uint32_t)v * unit_ms;
}

/* The headers that are kept as text, and where. */
static const struct {
	const char *name;
	size_t offset, cap;
} text_headers[] = {
/* versions of clang-format differ about a brace in a macro */
/* clang-format off */
#define TEXT(name, field)                                                                          \
	{name, offsetof(struct s3_answer, field), sizeof(((struct s3_answer *)0)->field)}
    /* clang-format on */
    TEXT("x-amz-server-side-encryption", sse),
    TEXT("x-amz-bucket-region", region),
    TEXT("x-amz-checksum-crc32c", checksum_crc32c),
    TEXT("x-amz-checksum-crc64nvme", checksum_crc64nvme),
    TEXT("x-amz-checksum-crc32", checksum_crc32),
    TEXT("x-amz-checksum-sha256", checksum_sha256),
    TEXT("x-amz-checksum-sha1", checksum_sha1),
    TEXT("x-amz-checksum-type", checksum_type),
    TEXT("x-amz-storage-class", storage_class),
    TEXT("x-amz-meta-sheaf-crc32c", sheaf_crc32c),
#undef TEXT
};

void
s3_answer_begin(struct s3_answer *a, int status)
{
	*a = (struct s3_answer){
	    .status = status, .content_length = -1, .range_start = -1, .range_total = -1};
}

void
s3_answer_header(struct s3_answer *a, const struct http_field *f)
{
	const char *v = f->value;
	size_t len = f->value_len;
	uint64_t n;

#define IS(s) http_field_is(f, s, sizeof(s) - 1)
	if (IS("content-length")) {
		if (num_parse_n(v, len, 0, INT64_MAX, &n) == 0)
			a->content_length = (int64_t)n;
	} else if (IS("last-modified")) {
		a->last_modified = http_date(v, len);
	} else if (IS("etag")) {
		a->etag_is_wrong = s3_etag_read(a->etag, v, len) == -1;
		a->etag_is_weak = len > 2 && v[0] == 'W' && v[1] == '/';
	} else if (IS("date")) {
		copy(a->date, sizeof(a->date), v, len);
	} else if (IS("content-range")) {
		content_range(a, v, len);
	} else if (IS("retry-after")) {
		retry_after(a, v, len, 1000);
	} else if (IS("transfer-encoding")) {
		a->is_chunked = 1; /* the engine takes no other */
	} else if (IS("x-amz-request-id")) {
		a->has_request_id = 1;
	} else if (IS("x-amz-server-side-encryption-customer-algorithm")) {
		copy(a->sse, sizeof(a->sse), "customer", 8);
	} else if (IS("x-amz-retry-after")) {
		retry_after(a, v, len, 1);
	} else if ((f->name[0] | 0x20) == 'x') {
		for (size_t i = 0; i < sizeof(text_headers) / sizeof(text_headers[0]); i++)
			if (http_field_is(f, text_headers[i].name, strlen(text_headers[i].name)))
				copy((char *)a + text_headers[i].offset, text_headers[i].cap, v,
				    len);
	}
#undef IS
}

int64_t
s3_answer_date(const struct s3_answer *a)
{
	return http_date(a->date, strlen(a->date));
}

int
s3_etag_is_md5(const struct s3_answer *a)
{
	return s3_etag_looks_like_md5(a->etag) &&
	    (a->sse[0] == '\0' || strcmp(a->sse, "AES256") == 0);
}

enum checksum_algorithm
s3_answer_checksum(const struct s3_answer *a, const char **text)
{
	const char *const texts[CHECKSUMS] = {
	    [CHECKSUM_CRC32C] = a->checksum_crc32c,
	    [CHECKSUM_CRC64NVME] = a->checksum_crc64nvme,
	    [CHECKSUM_CRC32] = a->checksum_crc32,
	    [CHECKSUM_SHA256] = a->checksum_sha256,
	    [CHECKSUM_SHA1] = a->checksum_sha1,
	};

	*text = "";
	if (strcmp(a->checksum_type, "COMPOSITE") == 0)
		return CHECKSUM_NONE;
	for (int i = CHECKSUM_NONE + 1; i < CHECKSUMS; i++) {
		if (texts[i][0] == '\0' || strchr(texts[i], '-') != NULL)
			continue;
		*text = texts[i];
		return (enum checksum_algorithm)i;
	}
	return CHECKSUM_NONE;
}
