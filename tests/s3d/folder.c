#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

enum { MAGIC = 0x33643172, META_MAX = 1 << 20, LOCK_TRIES = 100 };

/* In the machine's byte order: the file is not meant to travel. */
struct record {
	uint32_t magic;
	uint32_t crc; /* CRC32C of what follows in this header, and of the meta bytes */
	uint32_t type;
	uint32_t meta_len;
	uint64_t body_len;
};

struct folder {
	int fd;
	uint64_t end;
	struct buf meta; /* the record being put together */
};

static void
put_num(struct folder *f, uint64_t v)
{
	buf_add(&f->meta, &v, sizeof(v));
}

static void
put_str(struct folder *f, const char *p, size_t n)
{
	put_num(f, n);
	buf_add(&f->meta, p, n);
}

static void
put_object(struct folder *f, const struct object *o)
{
	put_str(f, o->key, o->key_len);
	put_str(f, o->headers, o->headers_len);
	put_str(f, o->storage_class, strlen(o->storage_class));
	put_str(f, o->etag, strlen(o->etag));
	put_str(f, o->sum, strlen(o->sum));
	put_num(f, o->sum_algo);
	put_num(f, (uint64_t)o->mtime_ms);
}

static uint32_t
record_crc(const struct record *r, const char *meta)
{
	uint32_t crc = crc32c(0, &r->type, sizeof(*r) - offsetof(struct record, type));

	return crc32c(crc, meta, r->meta_len);
}

static int
write_all(int fd, uint64_t off, const char *p, uint64_t n)
{
	while (n > 0) {
		ssize_t k = pwrite(fd, p, n, (off_t)off);

		if (k == -1 && errno == EINTR)
			continue;
		if (k <= 0)
			return -1;
		p += k;
		off += (uint64_t)k;
		n -= (uint64_t)k;
	}
	return 0;
}

/* Appends the record of f->meta. The body's place goes to *off. */
static int
append(struct folder *f, enum folder_record type, const struct extent *body, uint64_t *off)
{
	struct record r = {MAGIC, 0, type, (uint32_t)f->meta.len, body != NULL ? body->size : 0};
	struct buf head = {0};
	uint64_t at = f->end + sizeof(r) + f->meta.len;
	int rc = 0;

	r.crc = record_crc(&r, buf_str(&f->meta));
	buf_add(&head, &r, sizeof(r));
	buf_add(&head, f->meta.p, f->meta.len);
	buf_reset(&f->meta);
	/* the head comes last: without it there is no record */
	if (body != NULL && write_all(f->fd, at, body->mem, body->size) == -1)
		rc = -1;
	if (rc == 0 && write_all(f->fd, f->end, head.p, head.len) == -1)
		rc = -1;
	buf_free(&head);
	if (rc == -1) {
		fprintf(stderr, "s3d: writing the folder's file: %s\n", strerror(errno));
		if (ftruncate(f->fd, (off_t)f->end) == -1)
			perror("s3d: ftruncate");
		return -1;
	}
	f->end = at + r.body_len;
	if (off != NULL)
		*off = at;
	return 0;
}

int
folder_bucket(struct folder *f, enum folder_record type, struct str name)
{
	put_str(f, name.p, name.len);
	return append(f, type, NULL, NULL);
}

int
folder_put(struct folder *f, struct str bucket, struct object *o)
{
	put_str(f, bucket.p, bucket.len);
	put_object(f, o);
	if (append(f, FOLDER_PUT, &o->one, &o->one.off) == -1)
		return -1;
	extent_free(&o->one);
	return 0;
}

int
folder_delete(struct folder *f, struct str bucket, struct str key)
{
	put_str(f, bucket.p, bucket.len);
	put_str(f, key.p, key.len);
	return append(f, FOLDER_DELETE, NULL, NULL);
}

int
folder_upload(struct folder *f, const struct upload *u)
{
	put_str(f, u->bucket->name, strlen(u->bucket->name));
	put_object(f, u->object);
	put_num(f, (uint64_t)u->full_sum);
	put_str(f, u->id, strlen(u->id));
	put_str(f, u->initiator, strlen(u->initiator));
	return append(f, FOLDER_UPLOAD, NULL, NULL);
}

int
folder_part(struct folder *f, const struct upload *u, struct part *p)
{
	put_str(f, u->bucket->name, strlen(u->bucket->name));
	put_str(f, u->object->key, u->object->key_len);
	put_str(f, u->id, strlen(u->id));
	put_num(f, p->number);
	put_str(f, (const char *)p->md5, sizeof(p->md5));
	put_str(f, p->sum, strlen(p->sum));
	put_num(f, (uint64_t)p->mtime_ms);
	if (append(f, FOLDER_PART, &p->body, &p->body.off) == -1)
		return -1;
	extent_free(&p->body);
	return 0;
}

int
folder_complete(struct folder *f, const struct complete *c, const struct object *o)
{
	put_str(f, c->bucket.p, c->bucket.len);
	put_str(f, c->key.p, c->key.len);
	put_str(f, c->id.p, c->id.len);
	put_num(f, (uint64_t)c->mtime_ms);
	put_str(f, o->sum, strlen(o->sum));
	put_num(f, c->n_claims);
	for (size_t i = 0; i < c->n_claims; i++)
		put_num(f, c->claims[i].number);
	return append(f, FOLDER_COMPLETE, NULL, NULL);
}

int
folder_abort(struct folder *f, struct str bucket, struct str key, struct str id)
{
	put_str(f, bucket.p, bucket.len);
	put_str(f, key.p, key.len);
	put_str(f, id.p, id.len);
	return append(f, FOLDER_ABORT, NULL, NULL);
}

int
folder_read(const struct folder *f, uint64_t off, char *out, size_t n)
{
	while (n > 0) {
		ssize_t k = pread(f->fd, out, n, (off_t)off);

		if (k == -1 && errno == EINTR)
			continue;
		if (k <= 0)
			return -1;
		out += k;
		off += (uint64_t)k;
		n -= (size_t)k;
	}
	return 0;
}

/* A record's meta bytes being read; bad once anything was missing. */
struct reader {
	const char *p;
	size_t left;
	int bad;
};

static uint64_t
get_num(struct reader *r)
{
	uint64_t v = 0;

	if (r->left < sizeof(v)) {
		r->bad = 1;
		return 0;
	}
	memcpy(&v, r->p, sizeof(v));
	r->p += sizeof(v);
	r->left -= sizeof(v);
	return v;
}

static struct str
get_str(struct reader *r)
{
	uint64_t n = get_num(r);
	struct str s = {r->p, (size_t)n};

	if (n > r->left) {
		r->bad = 1;
		return (struct str){"", 0};
	}
	r->p += n;
	r->left -= (size_t)n;
	return s;
}

static void
str_copy(char *out, size_t size, struct str s)
{
	size_t n = s.len < size - 1 ? s.len : size - 1;

	memcpy(out, s.p, n);
	out[n] = '\0';
}

static struct object *
get_object(struct reader *r)
{
	struct str key = get_str(r), headers = get_str(r);
	struct object *o = object_new(key, headers.p, headers.len);

	str_copy(o->storage_class, sizeof(o->storage_class), get_str(r));
	str_copy(o->etag, sizeof(o->etag), get_str(r));
	str_copy(o->sum, sizeof(o->sum), get_str(r));
	o->sum_algo = (unsigned char)(get_num(r) % SUM_N);
	o->mtime_ms = (int64_t)get_num(r);
	return o;
}

static void
replay_upload(struct store *s, struct str bucket, struct reader *r)
{
	struct object *o = get_object(r);
	int full_sum = (int)get_num(r);
	char id[UPLOAD_ID_MAX] = {0}, initiator[USER_MAX];

	str_copy(id, sizeof(id), get_str(r));
	str_copy(initiator, sizeof(initiator), get_str(r));
	upload_create(s, bucket, o, full_sum, initiator, id);
}

static void
replay_part(struct store *s, struct str bucket, struct reader *r, const struct extent *body)
{
	struct str key = get_str(r), id = get_str(r), digest;
	struct part p = {.number = (unsigned)get_num(r), .body = *body};

	digest = get_str(r);
	memcpy(p.md5, digest.p, digest.len == sizeof(p.md5) ? sizeof(p.md5) : 0);
	str_copy(p.sum, sizeof(p.sum), get_str(r));
	p.mtime_ms = (int64_t)get_num(r);
	upload_part(s, bucket, key, id, &p);
}

static void
replay_complete(struct store *s, struct str bucket, struct reader *r)
{
	struct complete c = {.bucket = bucket};
	struct claim *claims;
	struct object *o;
	char sum[SUM_TEXT + 8];

	c.key = get_str(r);
	c.id = get_str(r);
	c.mtime_ms = (int64_t)get_num(r);
	str_copy(sum, sizeof(sum), get_str(r));
	c.sum = sum;
	c.n_claims = (size_t)get_num(r);
	if (r->bad || c.n_claims > PARTS_MAX)
		return;
	claims = xcalloc(c.n_claims, sizeof(claims[0]));
	for (size_t i = 0; i < c.n_claims; i++)
		claims[i].number = (unsigned)get_num(r);
	c.claims = claims;
	upload_complete(s, &c, &o);
	object_unref(o);
	free(claims);
}

static void
replay(struct store *s, uint32_t type, struct reader *r, const struct extent *body)
{
	struct str bucket = get_str(r), key;
	struct object *o;

	switch (type) {
	case FOLDER_BUCKET: store_bucket_create(s, bucket); break;
	case FOLDER_BUCKET_GONE: store_bucket_delete(s, bucket); break;
	case FOLDER_PUT:
		o = get_object(r);
		o->one = *body;
		o->size = body->size;
		o->n_extents = 1;
		store_put(s, bucket, o, NULL);
		break;
	case FOLDER_DELETE: store_delete(s, bucket, get_str(r)); break;
	case FOLDER_UPLOAD: replay_upload(s, bucket, r); break;
	case FOLDER_PART: replay_part(s, bucket, r, body); break;
	case FOLDER_COMPLETE: replay_complete(s, bucket, r); break;
	case FOLDER_ABORT:
		key = get_str(r);
		upload_abort(s, bucket, key, get_str(r));
		break;
	default: break;
	}
}

/* Leaves f->end behind the last whole record. */
static void
replay_all(struct folder *f, struct store *s, uint64_t file_len)
{
	struct record r;
	uint64_t min_part = s->min_part;

	/* what was accepted under another --min-part stays accepted */
	s->min_part = 0;
	while (file_len - f->end >= sizeof(r)) {
		uint64_t left = file_len - f->end - sizeof(r);
		struct reader reader = {0};
		struct extent body = {0};

		if (folder_read(f, f->end, (char *)&r, sizeof(r)) == -1 || r.magic != MAGIC ||
		    r.meta_len > META_MAX || r.meta_len > left || r.body_len > left - r.meta_len)
			break;
		buf_reset(&f->meta);
		buf_room(&f->meta, r.meta_len);
		if (folder_read(f, f->end + sizeof(r), f->meta.p, r.meta_len) == -1 ||
		    record_crc(&r, f->meta.p) != r.crc)
			break;
		reader.p = f->meta.p;
		reader.left = r.meta_len;
		body.off = f->end + sizeof(r) + r.meta_len;
		body.size = r.body_len;
		replay(s, r.type, &reader, &body);
		f->end = body.off + body.size;
	}
	buf_reset(&f->meta);
	s->min_part = min_part;
}

/* A server that has just been killed may still hold the lock. */
static int
lock_wait(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		struct timespec pause = {0, 20000000};

		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -1;
}

int
folder_open(struct store *s, const char *dir)
{
	struct folder *f = xcalloc(1, sizeof(*f));
	struct buf path = {0};
	struct stat st;

	buf_addf(&path, "%s/s3d.log", dir);
	f->fd = -1;
	if (mkdir(dir, 0777) == -1 && errno != EEXIST)
		goto fail;
	f->fd = open(buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (f->fd == -1 || lock_wait(f->fd) == -1 || fstat(f->fd, &st) == -1)
		goto fail;
	replay_all(f, s, (uint64_t)st.st_size);
	if (ftruncate(f->fd, (off_t)f->end) == -1)
		goto fail;
	buf_free(&path);
	s->folder = f;
	return 0;
fail:
	fprintf(stderr, "s3d: %s: %s\n", buf_str(&path), strerror(errno));
	buf_free(&path);
	folder_close(f);
	return -1;
}

void
folder_close(struct folder *f)
{
	if (f == NULL)
		return;
	if (f->fd != -1)
		close(f->fd);
	buf_free(&f->meta);
	free(f);
}
