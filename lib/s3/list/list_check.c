#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/iso_time.h"
#include "base/uri.h"
#include "s3/list/list_check.h"
#include "s3/s3_etag.h"

enum { SHOWN_MAX = 1200 }; /* bytes of a key in a message */

static int
check_key(const struct s3xml_object *o, const char *prefix, size_t prefix_len, struct err *e)
{
	if (o->key_len == 0)
		return err_set(e, EXIT_FAILED, "%s: listed an object without a key", prefix);
	if (strlen(o->key) != o->key_len)
		return err_set(e, EXIT_FAILED, "%.*s: key with a NUL byte", SHOWN_MAX, o->key);
	if (strncmp(o->key, prefix, prefix_len) != 0)
		return err_set(e, EXIT_FAILED, "%.*s: listed, but it does not begin with '%s'",
		    SHOWN_MAX, o->key, prefix);
	if (o->key_len > S3_KEY_MAX)
		return err_set(e, EXIT_FAILED, "%.*s: key longer than %d bytes", SHOWN_MAX, o->key,
		    S3_KEY_MAX);
	return 0;
}

static int
check_fields(const struct s3xml_object *o, struct err *e)
{
	size_t time_len = strlen(o->mtime);
	int64_t t;

	if (!s3_etag_is_valid(o->etag, strlen(o->etag)))
		return err_set(e, EXIT_FAILED, "%s: listed with an ETag that is not one, '%.200s'",
		    o->key, o->etag);
	if (time_len > 0 && !iso_time_is_plain(o->mtime, time_len) &&
	    iso_time_parse(o->mtime, &t) == -1)
		return err_set(e, EXIT_FAILED,
		    "%s: listed with a LastModified that is not a time, '%.200s'", o->key,
		    o->mtime);
	return 0;
}

int
list_check_page(const struct s3xml_page *page, const char *prefix, struct err *e)
{
	const size_t prefix_len = strlen(prefix);

	for (size_t i = 0; i < page->n_objects; i++) {
		const struct s3xml_object *o = &page->objects[i];

		if (check_key(o, prefix, prefix_len, e) == -1 || check_fields(o, e) == -1)
			return -1;
	}
	return 0;
}

size_t
list_check_order(const struct s3xml_page *page)
{
	for (size_t i = 1; i < page->n_objects; i++)
		if (strcmp(page->objects[i].key, page->objects[i - 1].key) <= 0)
			return i;
	return 0;
}

int
list_chain_page(struct list_chain *c, size_t n_keys, const char *prefix, struct err *e)
{
	c->empty = n_keys > 0 ? 0 : c->empty + 1;
	if (c->empty < LIST_EMPTY_MAX)
		return 0;
	return err_set(e, EXIT_FAILED,
	    "%s: the listing never ends: %d pages in a row without a key", prefix, LIST_EMPTY_MAX);
}

/* 0, or -1 if the token was seen before. */
static int
chain_token(struct list_chain *c, const char *token)
{
	if (c->seen != NULL && strcmp(c->seen, token) == 0)
		return -1;
	if (c->seen != NULL && ++c->steps < c->power)
		return 0;
	free(c->seen);
	c->seen = xstrdup(token);
	c->power = c->power != 0 ? c->power * 2 : 1;
	c->steps = 0;
	return 0;
}

int
list_chain_next(struct list_chain *c, const char *token, const char *prefix, struct err *e)
{
	if (strlen(token) > LIST_TOKEN_MAX)
		return err_set(e, EXIT_FAILED,
		    "%s: the listing has a continuation token longer than %d bytes", prefix,
		    LIST_TOKEN_MAX);
	if (chain_token(c, token) == -1)
		return err_set(e, EXIT_FAILED,
		    "%s: the listing never ends: its continuation tokens repeat", prefix);
	return 0;
}

void
list_chain_restart(struct list_chain *c)
{
	free(c->seen);
	c->seen = NULL;
	c->steps = c->power = 0;
}

void
list_chain_free(struct list_chain *c)
{
	list_chain_restart(c);
}
