#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "s3/s3_uris.h"

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

/* Parses a record, perhaps with fields after the URI. If records end with NUL, keys may contain
 * tabs: then the last three fields count, if the first of them is a number. */
static int
parse_record(struct s3_uris *u, struct s3_get_object *o, const char *s, size_t len, struct err *e)
{
	const char *tab[3] = {NULL, NULL, NULL}; /* before size, etag, mtime */
	const char *end = s + len;
	size_t etag_len;

	*o = (struct s3_get_object){0};
	if (u->end == '\0') {
		const char *p = end;

		for (int i = 2; i >= 0 && p != NULL; i--) {
			tab[i] = p = memrchr(s, '\t', (size_t)(p - s));
		}
	} else if ((tab[0] = memchr(s, '\t', len)) != NULL) {
		tab[1] = memchr(tab[0] + 1, '\t', (size_t)(end - tab[0]) - 1);
		if (tab[1] != NULL)
			tab[2] = memchr(tab[1] + 1, '\t', (size_t)(end - tab[1]) - 1);
	}
	if (u->end == '\0' &&
	    (tab[0] == NULL ||
		num_parse_n(tab[0] + 1, (size_t)(tab[1] - tab[0]) - 1, 0, INT64_MAX, &o->size) ==
		    -1))
		return parse(o, s, len, e);
	if (tab[0] == NULL)
		return parse(o, s, len, e);
	if (tab[1] == NULL)
		tab[1] = end;
	if (num_parse_n(tab[0] + 1, (size_t)(tab[1] - tab[0]) - 1, 0, INT64_MAX, &o->size) == -1)
		return err_set(e, EXIT_FAILED, "record %llu: the field after the URI is not a size",
		    (unsigned long long)u->record);
	o->has_listing = 1;
	if (tab[1] < end) {
		etag_len = (size_t)((tab[2] != NULL ? tab[2] : end) - tab[1]) - 1;
		if (etag_len >= sizeof(o->etag))
			return err_set(e, EXIT_FAILED, "record %llu: ETag too long",
			    (unsigned long long)u->record);
		memcpy(o->etag, tab[1] + 1, etag_len);
		o->etag[etag_len] = '\0';
	}
	return parse(o, s, (size_t)(tab[0] - s), e);
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
