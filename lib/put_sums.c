#include <stdio.h>

#include <openssl/evp.h>

#include "crc32c.h"
#include "err.h"
#include "put_sums.h"

static void
begin(EVP_MD_CTX **md, const EVP_MD *type)
{
	if (*md == NULL)
		*md = EVP_MD_CTX_new();
	if (*md == NULL || EVP_DigestInit_ex(*md, type, NULL) != 1)
		err_nomem();
}

void
put_sums_begin(struct put_sums *s, int with_sha256)
{
	begin(&s->md5, EVP_md5());
	if (with_sha256)
		begin(&s->sha256, EVP_sha256());
	s->has_sha256 = with_sha256;
	s->crc32c = 0;
}

void
put_sums_add(struct put_sums *s, const void *p, size_t n)
{
	EVP_DigestUpdate(s->md5, p, n);
	if (s->has_sha256)
		EVP_DigestUpdate(s->sha256, p, n);
	s->crc32c = crc32c(s->crc32c, p, n);
}

void
put_sums_end(struct put_sums *s, struct put_digest *d)
{
	if (EVP_DigestFinal_ex(s->md5, d->md5, NULL) != 1 ||
	    (s->has_sha256 && EVP_DigestFinal_ex(s->sha256, d->sha256, NULL) != 1))
		err_nomem();
	d->crc32c = s->crc32c;
}

void
put_sums_free(struct put_sums *s)
{
	EVP_MD_CTX_free(s->md5);
	EVP_MD_CTX_free(s->sha256);
	*s = (struct put_sums){0};
}

void
put_hex(char *to, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

void
put_parts_etag(char etag[64], unsigned char (*md5s)[16], unsigned n)
{
	unsigned char all[16];
	unsigned len;

	if (EVP_Digest(md5s, 16 * (size_t)n, all, &len, EVP_md5(), NULL) != 1)
		err_nomem();
	put_hex(etag, all, 16);
	snprintf(etag + 32, 32, "-%u", n);
}
