/*
 * lib/s3/s3_uris: any standard input; the first byte says whether records end with NULs. Each
 * object has a bucket and a key, and an ETag that can go into a header.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "s3/s3_uris.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Standard input becomes a file of these bytes. */
static void
feed(const void *p, size_t n)
{
	static int fd = -1;

	if (fd == -1 && (fd = memfd_create("stdin", 0)) == -1)
		abort();
	if (ftruncate(fd, 0) == -1 || lseek(fd, 0, SEEK_SET) == -1 ||
	    io_write_all(fd, p, n) == -1 || lseek(fd, 0, SEEK_SET) == -1 ||
	    dup2(fd, STDIN_FILENO) == -1)
		abort();
}

static void
check(const struct s3_get_object *o)
{
	if (o->uri.bucket[0] == '\0' || o->uri.key[0] == '\0' || strlen(o->uri.key) > S3_KEY_MAX ||
	    o->size > INT64_MAX || memchr(o->etag, '\0', sizeof(o->etag)) == NULL)
		abort();
	for (const char *p = o->etag; *p != '\0'; p++)
		if (*p < 0x21 || *p > 0x7e || *p == '"')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct s3_get_object o;
	struct s3_uris *u;
	struct err e;

	if (size == 0)
		return 0;
	feed(data + 1, size - 1);
	if ((u = s3_uris_open(0, NULL, data[0] & 1, &e)) == NULL)
		abort();
	while (s3_uris_next(u, &o, &e) == 1) {
		check(&o);
		uri_free(&o.uri);
	}
	s3_uris_free(u);
	return 0;
}
