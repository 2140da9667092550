#include <ctype.h>
#include <string.h>

#include "s3/put/put_headers.h"

static int
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			return 0;
	return 1;
}

int
put_headers_add(struct put_headers *h, const char *name, const char *value, struct err *e)
{
	if (!is_printable(value))
		return err_set(
		    e, EXIT_USAGE, "%s: its value has a byte that headers must not contain", name);
	if (h->n == PUT_HEADERS_MAX)
		return err_set(e, EXIT_USAGE, "more than %d headers", PUT_HEADERS_MAX);
	h->list[h->n++] = (struct sigv4_header){name, value};
	return 0;
}

int
put_headers_sse(struct put_headers *h, const char *algorithm, struct err *e)
{
	if (strcmp(algorithm, "AES256") != 0 && strcmp(algorithm, "aws:kms") != 0 &&
	    strcmp(algorithm, "aws:kms:dsse") != 0)
		return err_set(
		    e, EXIT_USAGE, "--sse %s: not AES256, aws:kms or aws:kms:dsse", algorithm);
	h->sse = algorithm;
	return put_headers_add(h, "x-amz-server-side-encryption", algorithm, e);
}

int
put_headers_kms_key(struct put_headers *h, const char *id, struct err *e)
{
	h->with_kms = 1;
	return put_headers_add(h, "x-amz-server-side-encryption-aws-kms-key-id", id, e);
}

int
put_headers_bucket_key(struct put_headers *h, struct err *e)
{
	h->with_kms = 1;
	return put_headers_add(h, "x-amz-server-side-encryption-bucket-key-enabled", "true", e);
}

int
put_headers_metadata(struct put_headers *h, const char *arg, struct err *e)
{
	const char *eq = strchr(arg, '=');
	struct buf *name = &h->names[h->n < PUT_HEADERS_MAX ? h->n : 0];

	if (eq == NULL || eq == arg)
		return err_set(e, EXIT_USAGE, "--metadata %s: not of the form KEY=VALUE", arg);
	for (const char *p = arg; p < eq; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_' && *p != '.')
			return err_set(e, EXIT_USAGE,
			    "--metadata %s: a key has letters, digits, - _ and . only", arg);
	h->meta_len += strlen(arg) - 1;
	if (h->meta_len > PUT_META_MAX)
		return err_set(e, EXIT_USAGE, "more than %d bytes of metadata", PUT_META_MAX);
	if (h->n == PUT_HEADERS_MAX) /* before a name in use is overwritten */
		return put_headers_add(h, "--metadata", "", e);
	buf_reset(name);
	buf_adds(name, "x-amz-meta-");
	for (const char *p = arg; p < eq; p++)
		buf_addc(name, (char)tolower((unsigned char)*p));
	if (strcmp(buf_str(name), "x-amz-meta-sheaf-crc32c") == 0)
		h->meta_crc32c = eq + 1;
	return put_headers_add(h, name->p, eq + 1, e);
}

int
put_headers_check(const struct put_headers *h, struct err *e)
{
	if (h->with_kms && (h->sse == NULL || strncmp(h->sse, "aws:kms", 7) != 0))
		return err_set(
		    e, EXIT_USAGE, "--sse-kms-key-id and --bucket-key go with --sse aws:kms only");
	return 0;
}

void
put_headers_free(struct put_headers *h)
{
	for (size_t i = 0; i < PUT_HEADERS_MAX; i++)
		buf_free(&h->names[i]);
	*h = (struct put_headers){0};
}
