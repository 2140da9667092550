#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "folder.h"
#include "upload.h"

/* The skip list: a key's node is on level i with probability 4^-i. */
struct node {
	struct object *object; /* one reference; NULL in the head */
	struct node *next[];
};

int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
store_init(struct store *s)
{
	*s = (struct store){.random = 0x9e3779b97f4a7c15};
	pthread_rwlock_init(&s->lock, NULL);
	pthread_mutex_init(&s->writer, NULL);
}

void
extent_free(struct extent *e)
{
	free(e->mem);
	e->mem = NULL;
}

struct object *
object_new(struct str key, const char *headers, size_t headers_len)
{
	struct object *o = xcalloc(1, sizeof(*o) + key.len + 1);

	atomic_init(&o->refs, 1);
	o->key_len = key.len;
	memcpy(o->key, key.p, key.len);
	o->extents = &o->one;
	memcpy(o->storage_class, "STANDARD", sizeof("STANDARD"));
	if (headers_len > 0) {
		o->headers = xmalloc(headers_len);
		memcpy(o->headers, headers, headers_len);
		o->headers_len = headers_len;
	}
	return o;
}

struct object *
object_ref(struct object *o)
{
	atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	return o;
}

void
object_unref(struct object *o)
{
	if (o == NULL || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < o->n_extents; i++)
		extent_free(&o->extents[i]);
	if (o->extents != &o->one)
		free(o->extents);
	free(o->headers);
	free(o);
}

int
object_read(const struct store *s, const struct object *o, uint64_t off, char *out, size_t n)
{
	for (size_t i = 0; i < o->n_extents && n > 0; i++) {
		const struct extent *e = &o->extents[i];
		size_t k;

		if (off >= e->size) {
			off -= e->size;
			continue;
		}
		k = e->size - off < n ? (size_t)(e->size - off) : n;
		if (e->mem != NULL)
			memcpy(out, e->mem + off, k);
		else if (s->folder == NULL)
			memset(out, 0, k); /* discarded */
		else if (folder_read(s->folder, e->off + off, out, k) == -1)
			return -1;
		out += k;
		n -= k;
		off = 0;
	}
	return n == 0 ? 0 : -1;
}

const char *
object_span(const struct object *o, uint64_t off, uint64_t n)
{
	for (size_t i = 0; i < o->n_extents; i++) {
		const struct extent *e = &o->extents[i];

		if (off < e->size)
			return e->mem != NULL && n <= e->size - off ? e->mem + off : NULL;
		off -= e->size;
	}
	return n == 0 ? "" : NULL;
}

int
bucket_name_valid(struct str name)
{
	if (name.len < 3 || name.len > 63 || name.p[0] == '.' || name.p[0] == '-')
		return 0;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.')
			return 0;
	}
	return 1;
}

struct bucket *
store_bucket_find(const struct store *s, struct str name)
{
	for (struct bucket *b = s->buckets; b != NULL; b = b->next)
		if (str_eq(name, b->name))
			return b;
	return NULL;
}

void
store_change_begin(struct store *s)
{
	pthread_mutex_lock(&s->writer);
	pthread_rwlock_wrlock(&s->lock);
}

const char *
store_change_end(struct store *s, const char *code)
{
	pthread_rwlock_unlock(&s->lock);
	pthread_mutex_unlock(&s->writer);
	return code;
}

const char *
store_bucket_create(struct store *s, struct str name)
{
	struct bucket *b, **at;

	if (!bucket_name_valid(name))
		return "InvalidBucketName";
	store_change_begin(s);
	if (store_bucket_find(s, name) != NULL)
		return store_change_end(s, "BucketAlreadyOwnedByYou");
	b = xcalloc(1, sizeof(*b));
	memcpy(b->name, name.p, name.len);
	b->created_ms = now_ms();
	b->head = xcalloc(1, sizeof(*b->head) + LEVELS_MAX * sizeof(b->head->next[0]));
	b->levels = 1;
	for (at = &s->buckets; *at != NULL && strcmp((*at)->name, b->name) < 0;)
		at = &(*at)->next;
	b->next = *at;
	*at = b;
	if (s->folder != NULL && folder_bucket(s->folder, FOLDER_BUCKET, name) == -1)
		return store_change_end(s, "InternalError");
	return store_change_end(s, NULL);
}

static void
bucket_free(struct bucket *b)
{
	for (struct node *n = b->head, *next; n != NULL; n = next) {
		next = n->next[0];
		object_unref(n->object);
		free(n);
	}
	for (size_t i = 0; i < b->n_gens; i++)
		gen_free(&b->gens[i]);
	free(b);
}

const char *
store_bucket_delete(struct store *s, struct str name)
{
	struct bucket *b, **at;

	store_change_begin(s);
	b = store_bucket_find(s, name);
	if (b == NULL)
		return store_change_end(s, "NoSuchBucket");
	if (b->n_objects > 0 || b->n_gens > 0)
		return store_change_end(s, "BucketNotEmpty");
	for (struct upload *u = s->uploads; u != NULL; u = u->next)
		if (u->bucket == b)
			return store_change_end(s, "BucketNotEmpty");
	for (at = &s->buckets; *at != b;)
		at = &(*at)->next;
	*at = b->next;
	bucket_free(b);
	if (s->folder != NULL && folder_bucket(s->folder, FOLDER_BUCKET_GONE, name) == -1)
		return store_change_end(s, "InternalError");
	return store_change_end(s, NULL);
}

const char *
store_bucket_check(struct store *s, struct str name)
{
	struct bucket *b;

	pthread_rwlock_rdlock(&s->lock);
	b = store_bucket_find(s, name);
	pthread_rwlock_unlock(&s->lock);
	return b != NULL ? NULL : "NoSuchBucket";
}

const char *
store_generate(struct store *s, struct str bucket, const struct gen *g)
{
	struct bucket *b;

	store_change_begin(s);
	b = store_bucket_find(s, bucket);
	if (b == NULL || b->n_gens == GENS_MAX)
		return store_change_end(s, b == NULL ? "NoSuchBucket" : "InvalidRequest");
	b->gens[b->n_gens++] = *g;
	return store_change_end(s, NULL);
}

static struct str
node_key(const struct node *n)
{
	return (struct str){n->object->key, n->object->key_len};
}

/* The last node before key on each level (before or at it when after). */
static struct node *
list_find(const struct bucket *b, struct str key, int after, struct node **path)
{
	struct node *n = b->head;

	for (unsigned i = b->levels; i-- > 0;) {
		while (n->next[i] != NULL) {
			int c = str_cmp(node_key(n->next[i]), key);

			if (c > 0 || (c == 0 && !after))
				break;
			n = n->next[i];
		}
		if (path != NULL)
			path[i] = n;
	}
	return n->next[0];
}

static struct object *
list_get(const struct bucket *b, struct str key)
{
	struct node *n = list_find(b, key, 0, NULL);

	return n != NULL && str_cmp(node_key(n), key) == 0 ? n->object : NULL;
}

static void
list_set(struct store *s, struct bucket *b, struct object *o)
{
	struct node *path[LEVELS_MAX], *n;
	unsigned levels = 1;

	n = list_find(b, (struct str){o->key, o->key_len}, 0, path);
	if (n != NULL && str_cmp(node_key(n), (struct str){o->key, o->key_len}) == 0) {
		object_unref(n->object);
		n->object = o;
		return;
	}
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	for (uint64_t r = s->random; (r & 3) == 0 && levels < LEVELS_MAX; r >>= 2)
		levels++;
	for (; b->levels < levels; b->levels++)
		path[b->levels] = b->head;
	n = xmalloc(sizeof(*n) + levels * sizeof(n->next[0]));
	n->object = o;
	for (unsigned i = 0; i < levels; i++) {
		n->next[i] = path[i]->next[i];
		path[i]->next[i] = n;
	}
	b->n_objects++;
}

static void
list_unset(struct bucket *b, struct str key)
{
	struct node *path[LEVELS_MAX], *n = list_find(b, key, 0, path);

	if (n == NULL || str_cmp(node_key(n), key) != 0)
		return;
	for (unsigned i = 0; i < b->levels; i++)
		if (path[i]->next[i] == n)
			path[i]->next[i] = n->next[i];
	object_unref(n->object);
	free(n);
	b->n_objects--;
}

static struct object *
gen_object(const struct gen *g, uint64_t n, struct str key)
{
	static const char headers[] = "Content-Type\0text/csv";
	struct object *o = object_new(key, headers, sizeof(headers));

	o->size = o->one.size = g->body_len;
	o->one.mem = xmalloc(g->body_len);
	o->n_extents = 1;
	o->mtime_ms = GEN_MTIME_MS;
	gen_body(g, n, o->one.mem);
	gen_etag(g, n, o->etag);
	return o;
}

static struct object *
bucket_get(const struct bucket *b, struct str key)
{
	struct object *o = list_get(b, key);

	if (o != NULL)
		return o->tombstone ? NULL : object_ref(o);
	for (size_t i = 0; i < b->n_gens; i++) {
		uint64_t n = gen_find(&b->gens[i], key);

		if (n != 0)
			return gen_object(&b->gens[i], n, key);
	}
	return NULL;
}

const char *
store_get(struct store *s, struct str bucket, struct str key, struct object **out)
{
	struct bucket *b;

	*out = NULL;
	pthread_rwlock_rdlock(&s->lock);
	b = store_bucket_find(s, bucket);
	if (b != NULL)
		*out = bucket_get(b, key);
	pthread_rwlock_unlock(&s->lock);
	return b == NULL ? "NoSuchBucket" : *out == NULL ? "NoSuchKey" : NULL;
}

const char *
store_cond(const struct bucket *b, struct str key, const struct cond *c)
{
	struct object *old;
	const char *code = NULL;

	if (c == NULL || (c->if_match == NULL && !c->if_none_match))
		return NULL;
	old = bucket_get(b, key);
	if (c->if_none_match && old != NULL)
		code = "PreconditionFailed";
	else if (c->if_match != NULL && old == NULL)
		code = "NoSuchKey";
	else if (c->if_match != NULL && strcmp(c->if_match, "*") != 0 &&
	    strcmp(c->if_match, old->etag) != 0)
		code = "PreconditionFailed";
	object_unref(old);
	return code;
}

void
store_insert(struct store *s, struct bucket *b, struct object *o)
{
	list_set(s, b, o);
}

const char *
store_put(struct store *s, struct str bucket, struct object *o, const struct cond *c)
{
	struct bucket *b;
	const char *code;

	store_change_begin(s);
	b = store_bucket_find(s, bucket);
	code = b == NULL ? "NoSuchBucket" : store_cond(b, (struct str){o->key, o->key_len}, c);
	if (code == NULL && s->folder != NULL && folder_put(s->folder, bucket, o) == -1)
		code = "InternalError";
	if (code == NULL)
		list_set(s, b, o);
	else
		object_unref(o);
	return store_change_end(s, code);
}

const char *
store_delete(struct store *s, struct str bucket, struct str key)
{
	struct bucket *b;
	struct object *o;
	uint64_t generated = 0;

	store_change_begin(s);
	b = store_bucket_find(s, bucket);
	if (b == NULL)
		return store_change_end(s, "NoSuchBucket");
	for (size_t i = 0; i < b->n_gens; i++)
		generated |= gen_find(&b->gens[i], key);
	if (generated != 0) {
		o = object_new(key, NULL, 0);
		o->tombstone = 1;
		list_set(s, b, o);
	} else {
		list_unset(b, key);
	}
	if (s->folder != NULL && folder_delete(s->folder, bucket, key) == -1)
		return store_change_end(s, "InternalError");
	return store_change_end(s, NULL);
}

const char *
store_list_begin(struct store *s, struct cursor *c, struct str bucket)
{
	pthread_rwlock_rdlock(&s->lock);
	c->bucket = store_bucket_find(s, bucket);
	if (c->bucket != NULL)
		return NULL;
	pthread_rwlock_unlock(&s->lock);
	return "NoSuchBucket";
}

void
store_list_end(struct store *s)
{
	pthread_rwlock_unlock(&s->lock);
}

void
store_seek(struct cursor *c, struct str key, int after)
{
	c->node = list_find(c->bucket, key, after, NULL);
	for (size_t i = 0; i < c->bucket->n_gens; i++)
		c->gen_at[i] = gen_seek(&c->bucket->gens[i], key, after);
}

/* The generator whose next key comes first, its key in c->key; -1 if all have ended. */
static int
gen_first(struct cursor *c, struct str *key)
{
	char other[KEY_MAX] = {0};
	int first = -1;

	for (size_t i = 0; i < c->bucket->n_gens; i++) {
		const struct gen *g = &c->bucket->gens[i];

		if (c->gen_at[i] > g->count)
			continue;
		gen_key(g, c->gen_at[i], first == -1 ? c->key : other);
		if (first != -1) {
			int order = str_cmp((struct str){other, g->len}, *key);

			/* the same key twice: the first generator has it */
			if (order == 0)
				c->gen_at[i]++;
			if (order >= 0)
				continue;
			memcpy(c->key, other, g->len);
		}
		*key = (struct str){c->key, g->len};
		first = (int)i;
	}
	return first;
}

const struct entry *
store_next(struct cursor *c)
{
	for (;;) {
		const struct object *o = c->node != NULL ? c->node->object : NULL;
		struct str key = {NULL, 0};
		int g = gen_first(c, &key), order = -1;

		if (o == NULL && g == -1)
			return NULL;
		if (o == NULL)
			order = 1;
		else if (g != -1)
			order = str_cmp((struct str){o->key, o->key_len}, key);
		if (order > 0) {
			const struct gen *gen = &c->bucket->gens[g];

			gen_etag(gen, c->gen_at[g]++, c->etag);
			c->entry =
			    (struct entry){key, gen->body_len, c->etag, GEN_MTIME_MS, "STANDARD"};
			return &c->entry;
		}
		/* an object of the list hides the generated one of that key */
		if (order == 0)
			c->gen_at[g]++;
		c->node = c->node->next[0];
		if (o->tombstone)
			continue;
		c->entry = (struct entry){
		    {o->key, o->key_len}, o->size, o->etag, o->mtime_ms, o->storage_class};
		return &c->entry;
	}
}

void
store_free(struct store *s)
{
	for (struct upload *u = s->uploads, *next; u != NULL; u = next) {
		next = u->next;
		upload_free(u);
	}
	for (struct bucket *b = s->buckets, *next; b != NULL; b = next) {
		next = b->next;
		bucket_free(b);
	}
	folder_close(s->folder);
	pthread_rwlock_destroy(&s->lock);
	pthread_mutex_destroy(&s->writer);
}
