#include "upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "folder.h"

void
upload_free(struct upload *u)
{
	for (size_t i = 0; i < u->n_parts; i++)
		extent_free(&u->parts[i].body);
	free(u->parts);
	object_unref(u->object);
	free(u);
}

struct upload *
upload_find(const struct store *s, struct str bucket, struct str key, struct str id)
{
	for (struct upload *u = s->uploads; u != NULL; u = u->next)
		if (str_eq(id, u->id) && str_eq(bucket, u->bucket->name) &&
		    str_cmp(key, (struct str){u->object->key, u->object->key_len}) == 0)
			return u;
	return NULL;
}

const char *
upload_create(struct store *s, struct str bucket, struct object *template, int full_sum,
    const char *initiator, char id[UPLOAD_ID_MAX])
{
	struct str key = {template->key, template->key_len};
	struct upload *u, **at;
	unsigned char random[16];

	store_change_begin(s);
	if (store_bucket_find(s, bucket) == NULL) {
		object_unref(template);
		return store_change_end(s, "NoSuchBucket");
	}
	u = xcalloc(1, sizeof(*u));
	u->bucket = store_bucket_find(s, bucket);
	u->object = template;
	u->full_sum = full_sum;
	snprintf(u->initiator, sizeof(u->initiator), "%s", initiator);
	u->started_ms = template->mtime_ms;
	if (id[0] == '\0') {
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			memcpy(random, &u, sizeof(u));
		hex_put(id, random, sizeof(random));
	}
	memcpy(u->id, id, UPLOAD_ID_MAX);
	for (at = &s->uploads; *at != NULL; at = &(*at)->next)
		if (str_cmp((struct str){(*at)->object->key, (*at)->object->key_len}, key) > 0)
			break;
	u->next = *at;
	*at = u;
	s->n_uploads++;
	if (s->folder != NULL && folder_upload(s->folder, u) == -1)
		return store_change_end(s, "InternalError");
	return store_change_end(s, NULL);
}

static struct part *
part_slot(struct upload *u, unsigned number)
{
	size_t i = u->n_parts;

	while (i > 0 && u->parts[i - 1].number > number)
		i--;
	if (i > 0 && u->parts[i - 1].number == number) {
		extent_free(&u->parts[i - 1].body);
		return &u->parts[i - 1];
	}
	if (u->n_parts == u->cap_parts) {
		u->cap_parts = u->cap_parts != 0 ? 2 * u->cap_parts : 8;
		u->parts = xrealloc(u->parts, u->cap_parts * sizeof(u->parts[0]));
	}
	memmove(&u->parts[i + 1], &u->parts[i], (u->n_parts++ - i) * sizeof(u->parts[0]));
	return &u->parts[i];
}

const char *
upload_part(struct store *s, struct str bucket, struct str key, struct str id, struct part *p)
{
	struct upload *u;
	const char *code = NULL;

	store_change_begin(s);
	u = upload_find(s, bucket, key, id);
	if (u == NULL)
		code = "NoSuchUpload";
	else if (s->folder != NULL && folder_part(s->folder, u, p) == -1)
		code = "InternalError";
	if (code == NULL)
		*part_slot(u, p->number) = *p;
	else
		extent_free(&p->body);
	return store_change_end(s, code);
}

static struct part *
part_find(const struct upload *u, unsigned number)
{
	size_t lo = 0, hi = u->n_parts;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->parts[mid].number == number)
			return &u->parts[mid];
		if (u->parts[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static const char *
claims_check(const struct store *s, const struct upload *u, const struct complete *c)
{
	for (size_t i = 1; i < c->n_claims; i++)
		if (c->claims[i].number <= c->claims[i - 1].number)
			return "InvalidPartOrder";
	for (size_t i = 0; i < c->n_claims; i++) {
		const struct claim *k = &c->claims[i];
		const struct part *p = part_find(u, k->number);
		char etag[33];

		if (p == NULL)
			return "InvalidPart";
		hex_put(etag, p->md5, sizeof(p->md5));
		if (k->etag[0] != '\0' && strcmp(k->etag, etag) != 0)
			return "InvalidPart";
		if (k->sum[0] != '\0' && strcmp(k->sum, p->sum) != 0)
			return "InvalidPart";
	}
	for (size_t i = 0; i + 1 < c->n_claims; i++)
		if (part_find(u, c->claims[i].number)->body.size < s->min_part)
			return "EntityTooSmall";
	return NULL;
}

/* The checksum of checksums, or of the whole body. */
static void
complete_sum(
    const struct store *s, struct object *o, const struct upload *u, const struct complete *c)
{
	struct buf sums = {0};
	enum sum_algo a = (enum sum_algo)o->sum_algo;

	if (c->sum != NULL) {
		snprintf(o->sum, sizeof(o->sum), "%s", c->sum);
		return;
	}
	if (a == SUM_NONE)
		return;
	if (u->full_sum) {
		char *all = xmalloc((size_t)o->size);

		if (object_read(s, o, 0, all, (size_t)o->size) == 0)
			sum_text(o->sum, a, all, (size_t)o->size);
		free(all);
		return;
	}
	for (size_t i = 0; i < c->n_claims; i++) {
		unsigned char raw[64];

		if (base64_get(raw, sum_len(a), part_find(u, c->claims[i].number)->sum) == 0)
			buf_add(&sums, raw, sum_len(a));
	}
	sum_text(o->sum, a, sums.p, sums.len);
	snprintf(o->sum + strlen(o->sum), 8, "-%zu", c->n_claims);
	buf_free(&sums);
}

/* Moves the claimed parts into the upload's object. */
static struct object *
assemble(const struct store *s, struct upload *u, const struct complete *c)
{
	struct object *o = u->object;
	struct buf digests = {0};
	unsigned char sum[16];

	o->multipart = 1;
	o->mtime_ms = c->mtime_ms;
	o->n_extents = c->n_claims;
	o->extents = xcalloc(c->n_claims, sizeof(o->extents[0]));
	for (size_t i = 0; i < c->n_claims; i++) {
		struct part *p = part_find(u, c->claims[i].number);

		o->extents[i] = p->body;
		o->size += p->body.size;
		buf_add(&digests, p->md5, sizeof(p->md5));
		p->body.mem = NULL;
	}
	md5(digests.p, digests.len, sum);
	buf_free(&digests);
	hex_put(o->etag, sum, sizeof(sum));
	snprintf(
	    o->etag + 32, sizeof(o->etag) - 32, "-%u", (unsigned)c->n_claims % (PARTS_MAX + 1));
	complete_sum(s, o, u, c);
	return o;
}

static void
upload_unlink(struct store *s, struct upload *u)
{
	struct upload **at = &s->uploads;

	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	s->n_uploads--;
}

const char *
upload_complete(struct store *s, const struct complete *c, struct object **out)
{
	struct upload *u;
	const char *code;

	*out = NULL;
	store_change_begin(s);
	u = upload_find(s, c->bucket, c->key, c->id);
	code = u == NULL ? "NoSuchUpload" : claims_check(s, u, c);
	if (code == NULL)
		code = store_cond(u->bucket, c->key, &c->cond);
	if (code != NULL)
		return store_change_end(s, code);
	*out = object_ref(assemble(s, u, c));
	if (s->folder != NULL && folder_complete(s->folder, c, *out) == -1)
		code = "InternalError";
	store_insert(s, u->bucket, u->object);
	u->object = NULL;
	upload_unlink(s, u);
	upload_free(u);
	return store_change_end(s, code);
}

const char *
upload_abort(struct store *s, struct str bucket, struct str key, struct str id)
{
	struct upload *u;

	store_change_begin(s);
	u = upload_find(s, bucket, key, id);
	if (u == NULL)
		return store_change_end(s, "NoSuchUpload");
	upload_unlink(s, u);
	upload_free(u);
	if (s->folder != NULL && folder_abort(s->folder, bucket, key, id) == -1)
		return store_change_end(s, "InternalError");
	return store_change_end(s, NULL);
}
