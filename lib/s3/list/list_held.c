#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "s3/list/list_held.h"

/* An object is packed as its size, the length of its key, and four NUL-terminated strings. */
struct held_page {
	struct held_page *next;
	size_t n, bytes;
	size_t given, at; /* objects delivered, and the offset of the next one */
	char data[];
};

static size_t
packed_len(const struct s3xml_object *o)
{
	return sizeof(o->size) + sizeof(o->key_len) + o->key_len + strlen(o->etag) +
	    strlen(o->mtime) + strlen(o->storage_class) + 4;
}

static char *
put(char *at, const void *p, size_t n)
{
	memcpy(at, p, n);
	return at + n;
}

size_t
list_held_bytes(const struct s3xml_object *objects, size_t n)
{
	size_t bytes = sizeof(struct held_page);

	for (size_t i = 0; i < n; i++)
		bytes += packed_len(&objects[i]);
	return bytes;
}

void
list_held_add(struct list_held *h, const struct s3xml_object *objects, size_t n)
{
	size_t bytes = list_held_bytes(objects, n);
	struct held_page *page = xmalloc(bytes);
	char *at;

	*page = (struct held_page){.n = n, .bytes = bytes};
	at = page->data;
	for (size_t i = 0; i < n; i++) {
		const struct s3xml_object *o = &objects[i];

		at = put(at, &o->size, sizeof(o->size));
		at = put(at, &o->key_len, sizeof(o->key_len));
		at = put(at, o->key, o->key_len + 1);
		at = put(at, o->etag, strlen(o->etag) + 1);
		at = put(at, o->mtime, strlen(o->mtime) + 1);
		at = put(at, o->storage_class, strlen(o->storage_class) + 1);
	}
	if (h->last != NULL)
		h->last->next = page;
	else
		h->first = page;
	h->last = page;
	h->bytes += page->bytes;
}

static const char *
string(struct held_page *p)
{
	const char *s = p->data + p->at;

	p->at += strlen(s) + 1;
	return s;
}

static void
next_object(struct held_page *p, struct s3xml_object *o)
{
	memcpy(&o->size, p->data + p->at, sizeof(o->size));
	p->at += sizeof(o->size);
	memcpy(&o->key_len, p->data + p->at, sizeof(o->key_len));
	p->at += sizeof(o->key_len);
	o->key = p->data + p->at;
	p->at += o->key_len + 1;
	o->etag = string(p);
	o->mtime = string(p);
	o->storage_class = string(p);
	p->given++;
}

int
list_held_give(struct list_held *h, int (*take)(void *arg, const struct s3xml_object *o), void *arg)
{
	struct held_page *p;

	while ((p = h->first) != NULL) {
		while (p->given < p->n) {
			struct s3xml_object o;
			int rc;

			next_object(p, &o);
			if ((rc = take(arg, &o)) != 0)
				return rc;
		}
		h->first = p->next;
		if (h->first == NULL)
			h->last = NULL;
		h->bytes -= p->bytes;
		free(p);
	}
	return 0;
}

void
list_held_free(struct list_held *h)
{
	for (struct held_page *p = h->first, *next; p != NULL; p = next) {
		next = p->next;
		free(p);
	}
	*h = (struct list_held){0};
}
