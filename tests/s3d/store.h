/*
 * Buckets and what is in them: objects in key order, generated objects beneath them, open multipart
 * uploads. In memory, or with every change also appended to a file in a folder (folder.h).
 *
 * A function that can refuse returns S3's error code as a string, or NULL. All of them lock.
 */
#ifndef S3D_STORE_H
#define S3D_STORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "gen.h"
#include "hash.h"
#include "target.h"

enum { ETAG_MAX = 40, CLASS_MAX = 24, GENS_MAX = 16, LEVELS_MAX = 16 };

/* The time of all generated objects: 2026-01-01T00:00:00Z. */
#define GEN_MTIME_MS INT64_C(1767225600000)

/* A run of body bytes, as it was uploaded. */
struct extent {
	char *mem;    /* owned; NULL when the bytes are in the folder's file, or were discarded */
	uint64_t off; /* in that file */
	uint64_t size;
};

/* Once it is in the store, only refs changes. */
struct object {
	atomic_uint refs;
	unsigned char tombstone; /* hides a generated object */
	unsigned char multipart;
	unsigned char sum_algo; /* enum sum_algo */
	uint64_t size;
	int64_t mtime_ms;
	char etag[ETAG_MAX];	       /* without quotes */
	char sum[SUM_TEXT + 8];	       /* base64, with "-N" at the end if composite */
	char storage_class[CLASS_MAX]; /* "STANDARD", ... */
	char *headers;		       /* owned: name NUL value NUL ..., to be sent with a GET */
	size_t headers_len;
	size_t n_extents;
	struct extent *extents; /* owned, or &one */
	struct extent one;
	size_t key_len;
	char key[]; /* and a NUL */
};

struct bucket {
	char name[64];
	int64_t created_ms;
	struct node *head; /* of the skip list */
	unsigned levels;
	uint64_t n_objects; /* in the skip list, tombstones included */
	struct gen gens[GENS_MAX];
	size_t n_gens;
	struct bucket *next;
};

struct store {
	pthread_rwlock_t lock;	/* what is reachable from here */
	pthread_mutex_t writer; /* taken first: the folder's order is the order of changes */
	struct bucket *buckets; /* by name */
	struct upload *uploads; /* by key, then by age */
	uint64_t n_uploads;
	uint64_t min_part;     /* bytes of every part but the last: 5 MiB on S3 */
	uint64_t random;       /* state, never 0 */
	struct folder *folder; /* NULL: memory only */
};

/* If-Match and If-None-Match: * of a write. */
struct cond {
	const char *if_match; /* NULL: none */
	int if_none_match;
};

void store_init(struct store *s);
void store_free(struct store *s);
int64_t now_ms(void);

/* A new object with one reference, no body. headers are copied. */
struct object *object_new(struct str key, const char *headers, size_t headers_len);
struct object *object_ref(struct object *o);
void object_unref(struct object *o);
/* n bytes of the body from off; 0, or -1 when the folder's file cannot be read. */
int object_read(const struct store *s, const struct object *o, uint64_t off, char *out, size_t n);
/* The same bytes in memory, or NULL if they are not in one piece there. */
const char *object_span(const struct object *o, uint64_t off, uint64_t n);

int bucket_name_valid(struct str name);
const char *store_bucket_create(struct store *s, struct str name);
const char *store_bucket_delete(struct store *s, struct str name);
const char *store_bucket_check(struct store *s, struct str name);
const char *store_generate(struct store *s, struct str bucket, const struct gen *g); /* takes g */

/* The object with a reference for the caller. */
const char *store_get(struct store *s, struct str bucket, struct str key, struct object **out);
/* Takes o, whatever happens. */
const char *store_put(struct store *s, struct str bucket, struct object *o, const struct cond *c);
const char *store_delete(struct store *s, struct str bucket, struct str key);

/* One entry of a listing. Valid until the cursor moves. */
struct entry {
	struct str key;
	uint64_t size;
	const char *etag;
	int64_t mtime_ms;
	const char *storage_class;
};

/* Between store_list_begin and store_list_end the store does not change. */
struct cursor {
	struct bucket *bucket;
	struct node *node;
	uint64_t gen_at[GENS_MAX];
	struct entry entry;
	char key[KEY_MAX];
	char etag[33];
};

const char *store_list_begin(struct store *s, struct cursor *c, struct str bucket);
void store_list_end(struct store *s);
/* The next store_next gives the first key >= key, or > key when after. */
void store_seek(struct cursor *c, struct str key, int after);
const struct entry *store_next(struct cursor *c);

/* For upload.c and folder.c. A change holds both locks; store_change_end returns its code. */
void store_change_begin(struct store *s);
const char *store_change_end(struct store *s, const char *code);
struct bucket *store_bucket_find(const struct store *s, struct str name);
const char *store_cond(const struct bucket *b, struct str key, const struct cond *c);
void store_insert(struct store *s, struct bucket *b, struct object *o); /* takes o */
void extent_free(struct extent *e);

#endif
