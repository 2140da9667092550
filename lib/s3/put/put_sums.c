#include <stdio.h>

#include "s3/put/put_sums.h"
#include "sums/crc32c.h"

void
put_sums_begin(struct put_sums *s, int with_sha256)
{
	hash_begin(&s->md5, HASH_MD5);
	if (with_sha256)
		hash_begin(&s->sha256, HASH_SHA256);
	s->has_sha256 = with_sha256;
	s->crc32c = 0;
}

void
put_sums_add(struct put_sums *s, const void *p, size_t n)
{
	hash_add(&s->md5, p, n);
	if (s->has_sha256)
		hash_add(&s->sha256, p, n);
	s->crc32c = crc32c(s->crc32c, p, n);
}

void
put_sums_end(struct put_sums *s, struct put_digest *d)
{
	hash_end(&s->md5, d->md5);
	if (s->has_sha256)
		hash_end(&s->sha256, d->sha256);
	d->crc32c = s->crc32c;
}

void
put_parts_etag(char etag[64], unsigned char (*md5s)[16], unsigned n)
{
	unsigned char all[HASH_MD5_LEN];

	hash_of(all, HASH_MD5, md5s, sizeof(all) * n);
	hash_hex(etag, all, sizeof(all));
	snprintf(etag + 32, 32, "-%u", n);
}
