/*
 * What is checked of a listing before anything of it is used: its keys and fields become lines of
 * text and headers of requests. Pure.
 */
#ifndef SHEAF_S3_LIST_LIST_CHECK_H
#define SHEAF_S3_LIST_LIST_CHECK_H

#include <stddef.h>

#include "base/err.h"
#include "s3/s3xml_list.h"

enum {
	LIST_TOKEN_MAX = 4096, /* bytes of a continuation token */
	LIST_EMPTY_MAX = 1000, /* pages in a row without a key */
};

/*
 * Checks the objects of a page: keys begin with the prefix, are not empty, have no NUL and at most
 * S3_KEY_MAX bytes; LastModified is a time and ETag an entity tag, if they are there.
 * 0, or -1 with e filled, which names the key.
 */
int list_check_page(const struct s3xml_page *page, const char *prefix, struct err *e);

/* The first object whose key is not after the one before it, as bytes; 0: they ascend. */
size_t list_check_order(const struct s3xml_page *page);

/*
 * Finds out whether the tokens of a chain of pages repeat, in constant memory (Brent's algorithm:
 * each token is compared with one that was seen before, whose distance doubles). Zero-initialised
 * is new.
 */
struct list_chain {
	char *seen; /* owned */
	unsigned long steps, power;
	unsigned empty; /* pages in a row without a key */
};

/* A page came, with so many keys. 0, or -1 with e filled if too many in a row had none. */
int list_chain_page(struct list_chain *c, size_t n_keys, const char *prefix, struct err *e);

/* The next page begins with the token. 0, or -1 with e filled if it was seen before, or is too
 * long. */
int list_chain_next(struct list_chain *c, const char *token, const char *prefix, struct err *e);

/* Forgets the tokens, but not the pages. */
void list_chain_restart(struct list_chain *c);

void list_chain_free(struct list_chain *c);

#endif
