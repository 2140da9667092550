#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/iso_time.h"
#include "base/num.h"
#include "s3/s3_uris.h"

enum { TIME_MAX = 40 }; /* bytes of a time */

struct s3_uris {
	int argc, at;
	char **argv;
	char end; /* of a record */
	int eof;
	uint64_t record;
	size_t pos, len;
	char text[65536];
};

static int
parse(struct s3_get_object *o, const char *s, size_t len, struct err *e)
{
	if (uri_parse(s, len, &o->uri, e) == -1)
		return -1;
	if (o->uri.key[0] == '\0') {
		uri_free(&o->uri);
		return err_set(e, EXIT_USAGE, "%.*s: a bucket, not an object", (int)len, s);
	}
	return 0;
}

struct s3_uris *
s3_uris_open(int argc, char **argv, int nul, struct err *e)
{
	struct s3_uris *u;

	for (int i = 0; i < argc; i++) {
		struct s3_get_object o = {0};

		if (parse(&o, argv[i], strlen(argv[i]), e) == -1)
			return NULL;
		uri_free(&o.uri);
	}
	u = xcalloc(1, sizeof(*u));
	u->argc = argc;
	u->argv = argv;
	u->end = nul ? '\0' : '\n';
	return u;
}

/* The fields after a URI, as `s3ls -l` prints them; each ends before a tab or the record's end. */
struct fields {
	const char *size, *etag, *time; /* NULL: not there */
	const char *end;		/* of the record */
};

/* The tabs in order: the URI, then up to three fields and whatever else there is. */
static struct fields
split_line(const char *s, size_t len)
{
	struct fields f = {.end = s + len};
	const char **fields[] = {&f.size, &f.etag, &f.time};
	const char *p = s;

	for (size_t i = 0; i < 3 && (p = memchr(p, '\t', (size_t)(f.end - p))) != NULL; i++)
		*fields[i] = ++p;
	return f;
}

static size_t
field_len(const struct fields *f, const char *field)
{
	const char *tab = memchr(field, '\t', (size_t)(f->end - field));

	return (size_t)((tab != NULL ? tab : f->end) - field);
}

static int
is_size(const struct fields *f, uint64_t *size)
{
	return num_parse_n(f->size, field_len(f, f->size), 0, INT64_MAX, size) == 0;
}

/* An empty one is fine: it is not used. */
static int
is_time(const struct fields *f)
{
	size_t len = f->time != NULL ? field_len(f, f->time) : 0;
	char text[TIME_MAX + 1];
	int64_t t;

	if (len == 0 || iso_time_is_plain(f->time, len))
		return 1;
	if (len > TIME_MAX || memchr(f->time, '\0', len) != NULL)
		return 0;
	memcpy(text, f->time, len);
	text[len] = '\0';
	return iso_time_parse(text, &t) == 0;
}

/* Of a record that ends with a NUL, whose key may hold tabs: the last three are fields if they look
 * like size and time, else they are part of the key. */
static struct fields
split_null(const char *s, size_t len)
{
	struct fields f = {.end = s + len};
	const char **fields[] = {&f.time, &f.etag, &f.size};
	const char *p = f.end;
	uint64_t size;

	for (size_t i = 0; i < 3 && (p = memrchr(s, '\t', (size_t)(p - s))) != NULL; i++)
		*fields[i] = p + 1;
	return f.size != NULL && is_size(&f, &size) && is_time(&f) ? f
								   : (struct fields){.end = f.end};
}

/* A record that may have fields after its URI. */
static int
parse_record(struct s3_uris *u, struct s3_get_object *o, const char *s, size_t len, struct err *e)
{
	struct fields f = u->end == '\0' ? split_null(s, len) : split_line(s, len);
	int uri_len = (int)(f.size != NULL ? (size_t)(f.size - s) - 1 : len);
	const char *wrong = NULL;

	*o = (struct s3_get_object){0};
	if (f.size == NULL)
		return parse(o, s, len, e);
	o->has_listing = 1;
	if (!is_size(&f, &o->size))
		wrong = "the field after the URI is not a size";
	else if (f.etag != NULL && s3_etag_read(o->etag, f.etag, field_len(&f, f.etag)) == -1)
		wrong = "the ETag is not one";
	else if (!is_time(&f))
		wrong = "the time is not one";
	if (wrong != NULL)
		return err_set(e, EXIT_FAILED, "record %llu: %.*s: %s",
		    (unsigned long long)u->record, uri_len, s, wrong);
	return parse(o, s, (size_t)uri_len, e);
}

/* Reads the next record into s, len: 1; 0 at the end; -1. */
static int
record(struct s3_uris *u, const char **s, size_t *len, struct err *e)
{
	for (;;) {
		char *end = memchr(u->text + u->pos, u->end, u->len - u->pos);
		ssize_t r;

		if (end != NULL) {
			*s = u->text + u->pos;
			*len = (size_t)(end - *s);
			u->pos += *len + 1;
			u->record++;
			if (*len == 0)
				continue;
			if (*len > S3_URIS_RECORD_MAX)
				return err_set(e, EXIT_FAILED, "record %llu: longer than %d bytes",
				    (unsigned long long)u->record, S3_URIS_RECORD_MAX);
			return 1;
		}
		if (u->eof && u->pos == u->len)
			return 0;
		if (u->eof) { /* a last line without line feed */
			u->text[u->len++] = u->end;
			continue;
		}
		if (u->len - u->pos > S3_URIS_RECORD_MAX)
			return err_set(e, EXIT_FAILED, "record %llu: longer than %d bytes",
			    (unsigned long long)u->record + 1, S3_URIS_RECORD_MAX);
		memmove(u->text, u->text + u->pos, u->len - u->pos);
		u->len -= u->pos;
		u->pos = 0;
		r = io_read(STDIN_FILENO, u->text + u->len, sizeof(u->text) - 1 - u->len);
		if (r == -1)
			return err_errno(e, EXIT_FAILED, "standard input");
		u->eof = r == 0;
		u->len += (size_t)r;
	}
}

int
s3_uris_next(struct s3_uris *u, struct s3_get_object *o, struct err *e)
{
	const char *s = "";
	size_t len = 0;
	int rc;

	if (u->argc > 0) {
		if (u->at == u->argc)
			return 0;
		*o = (struct s3_get_object){0};
		s = u->argv[u->at++];
		return parse(o, s, strlen(s), e) == -1 ? -1 : 1;
	}
	if ((rc = record(u, &s, &len, e)) <= 0)
		return rc;
	return parse_record(u, o, s, len, e) == -1 ? -1 : 1;
}

void
s3_uris_free(struct s3_uris *u)
{
	free(u);
}
