/* A queue of listed objects that wait for their turn, packed. Zero-initialised is empty. */
#ifndef SHEAF_S3_LIST_LIST_HELD_H
#define SHEAF_S3_LIST_LIST_HELD_H

#include <stddef.h>

#include "s3/s3xml_list.h"

struct held_page;

struct list_held {
	struct held_page *first, *last;
	size_t bytes; /* of all pages */
};

/* Bytes that n objects take in the queue. */
size_t list_held_bytes(const struct s3xml_object *objects, size_t n);

/* Copies n objects; keys without NUL. */
void list_held_add(struct list_held *h, const struct s3xml_object *objects, size_t n);

/* Passes all to take, in order, and frees them. 0, or the first result of take that is not 0: the
 * rest is still held then. */
int list_held_give(
    struct list_held *h, int (*take)(void *arg, const struct s3xml_object *o), void *arg);

/* Frees what is held. */
void list_held_free(struct list_held *h);

#endif
