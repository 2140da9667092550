#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "s3/s3_get.h"
#include "sums/hash.h"

enum {
	WINDOW_MIN = 128, /* objects in flight */
	WINDOW_MAX = 1024,
	WINDOW_PER_CONNECTION =
	    16,		    /* so that one slow answer in a hundred does not stop the rest */
	SIZE_GUESS = 16384, /* assumed bytes of an object of unknown size */
	RESUME_MIN = 65536, /* a shorter body is read again rather than continued */
	STEP_MS = 100,
	IF_MATCH_LEN = 136,
	KEEP_BODY = 65536, /* bytes of memory that a window slot may keep for the next object */
};

struct item {
	struct item *next_free;
	struct s3_get_object o;
	struct s3_call call;
	struct getter *g;
	struct buf body;   /* of an object that is held */
	uint64_t have;	   /* bytes of the object received so far */
	uint64_t skip;	   /* bytes of this answer to skip, as we have them already */
	uint64_t size;	   /* of the whole object, once an answer has told it */
	uint64_t reserved; /* of the budget */
	enum checksum_algorithm sum_kind;
	char
	    sum_text[CHECKSUM_TEXT]; /* the expected checksum, from an answer with the whole body */
	char range[40], if_match[IF_MATCH_LEN], etag[128];
	int headed;  /* this try's head has been checked */
	int wrong;   /* this try's answer is not the object's: ignore its body */
	int changed; /* the object is not the one listed */
	int local;   /* our own side failed */
	int later;   /* given up for now, and requested again when it becomes the head */
	int has_md5; /* once it streams: the ETag is an MD5 */
	int started, begun, paused, done;
};

struct getter {
	struct s3 *s3;
	const struct s3_get_ops *ops;
	void *arg;
	struct item **window;  /* a ring, in the order of the objects */
	size_t size, first, n; /* number of slots, the head's index, slots in use */
	struct item *free;     /* a stack, so that the few in use stay in the cache */
	unsigned connections;
	size_t n_paused, paused_max;
	uint64_t budget_used;
	/* of the head's body, while it streams */
	struct hash md5;
	struct checksum sum;
	int no_more, stop;
};

static struct item *
item_at(struct getter *g, size_t i)
{
	return g->window[(g->first + i) % g->size];
}

static int
is_head(const struct item *it)
{
	return it == it->g->window[it->g->first];
}

/* --- the request --- */

/* The ETag that an answer must have: that of the first answer, else the listed one; "": any. */
static const char *
wanted_etag(const struct item *it)
{
	return it->etag[0] != '\0' ? it->etag : it->o.etag;
}

/* Written by hand, as printf would take a thirtieth of all instructions of an object. */
static void
quote(char out[static IF_MATCH_LEN], const char *etag)
{
	size_t n = strnlen(etag, IF_MATCH_LEN - 3);

	*out++ = '"';
	memcpy(out, etag, n);
	memcpy(out + n, "\"", 2);
}

static void
prepare(struct s3_call *c)
{
	struct item *it = c->arg;
	const char *etag = wanted_etag(it);

	it->skip = 0;
	it->headed = it->wrong = 0;
	it->if_match[0] = '\0';
	if (it->have < RESUME_MIN && !it->begun) {
		it->have = 0;
		buf_reset(&it->body);
	}
	c->n_headers = 0;
	if (*etag != '\0') {
		quote(it->if_match, etag);
		s3_call_header(c, "If-Match", it->if_match);
	}
	if (it->have > 0) {
		snprintf(it->range, sizeof(it->range), "bytes=%llu-", (unsigned long long)it->have);
		s3_call_header(c, "Range", it->range);
	}
	s3_call_header(c, "x-amz-checksum-mode", "ENABLED");
}

/* Takes the checksum from an answer with the whole body; a partial one has none. */
static void
note_checksum(struct item *it)
{
	const char *text;

	it->sum_kind = s3_answer_checksum(&it->call.answer, &text);
	if (strlen(text) >= sizeof(it->sum_text)) {
		it->sum_kind = CHECKSUM_NONE;
		return;
	}
	memcpy(it->sum_text, text, strlen(text) + 1);
}

/* Checks once a try whether the answer matches the request. 0, or -1 with the problem filled. */
static int
check_head(struct item *it)
{
	const struct s3_answer *a = &it->call.answer;
	struct err *e;

	if (it->headed)
		return 0;
	it->headed = 1;
	if (a->status == 206 && a->range_start == (int64_t)it->have && a->range_total >= 0) {
		it->size = (uint64_t)a->range_total;
	} else if (a->status == 200 && a->content_length >= 0) {
		it->size = (uint64_t)a->content_length;
		it->skip = it->have; /* a server that ignores Range */
	} else {
		e = &s3_call_problem(&it->call)->error;
		return err_set(
		    e, EXIT_FAILED, "%ld answer without a length or with a wrong range", a->status);
	}
	/* S3 would have said 412: this answers another request, or is an error document */
	if (it->if_match[0] != '\0' && strcmp(wanted_etag(it), a->etag) != 0) {
		it->wrong = 1;
		return 0;
	}
	if (it->o.has_listing && it->size != it->o.size) {
		e = &s3_call_problem(&it->call)->error;
		it->changed = 1;
		return err_set(e, EXIT_FAILED, "%llu bytes, but %llu when it was listed",
		    (unsigned long long)it->size, (unsigned long long)it->o.size);
	}
	memcpy(it->etag, a->etag, sizeof(it->etag));
	if (a->status == 200 && !it->begun)
		note_checksum(it);
	return 0;
}

/* --- streaming --- */

static int
hand_on(struct item *it, const char *p, size_t n)
{
	struct getter *g = it->g;

	if (n == 0)
		return 0;
	if (it->has_md5)
		hash_add(&g->md5, p, n);
	checksum_add(&g->sum, p, n);
	return g->ops->data(g->arg, p, n);
}

/* Starts streaming a large object, beginning with the bytes held. */
static int
stream(struct item *it)
{
	struct getter *g = it->g;

	it->begun = 1;
	it->has_md5 = s3_etag_is_md5(&it->call.answer);
	hash_begin(&g->md5, HASH_MD5);
	checksum_begin(&g->sum, it->sum_kind);
	if (g->ops->begin(g->arg, &it->o, it->size, it->call.answer.last_modified) == -1 ||
	    hand_on(it, it->body.p, it->body.len) == -1)
		return -1;
	g->budget_used -= it->reserved;
	it->reserved = 0;
	buf_free(&it->body);
	return 0;
}

/* Pauses an answer until it becomes the head. Each paused answer occupies a connection, so their
 * number is limited: the head must always find a free one. */
static enum fetch_take
pause_item(struct item *it)
{
	if (it->g->n_paused >= it->g->paused_max) {
		it->later = 1;
		return FETCH_ABORT;
	}
	it->paused = 1;
	it->g->n_paused++;
	return FETCH_PAUSE;
}

static enum fetch_take
local_stop(struct item *it)
{
	it->local = it->g->stop = 1;
	return FETCH_ABORT;
}

static enum fetch_take
take_body(struct s3_call *c, const char *p, size_t len)
{
	struct item *it = c->arg;
	struct getter *g = it->g;
	size_t again;

	if (check_head(it) == -1)
		return FETCH_ABORT;
	if (it->wrong)
		return FETCH_TAKE;
	if (!it->begun && it->size > S3_GET_HOLD_MAX) {
		if (!is_head(it))
			return pause_item(it);
		if (stream(it) == -1)
			return local_stop(it);
	}
	again = it->skip < len ? (size_t)it->skip : len;
	it->skip -= again;
	p += again;
	len -= again;
	it->have += len;
	if (it->begun)
		return hand_on(it, p, len) == -1 ? local_stop(it) : FETCH_TAKE;
	if (it->body.len + len > it->reserved) {
		uint64_t more = it->size - it->reserved;

		if (g->budget_used + more > S3_GET_BUDGET && !is_head(it)) {
			it->have -= len;
			it->skip += again;
			return pause_item(it);
		}
		g->budget_used += more;
		it->reserved += more;
	}
	buf_add(&it->body, p, len);
	return FETCH_TAKE;
}

/* --- the verdict --- */

static int
md5_matches(struct item *it)
{
	unsigned char sum[HASH_MAX];
	char hex[HASH_HEX];

	if (it->begun)
		hash_end(&it->g->md5, sum);
	else
		hash_of(sum, HASH_MD5, it->body.p, it->body.len);
	hash_hex(hex, sum, HASH_MD5_LEN);
	return strcmp(it->call.answer.etag, hex) == 0;
}

static int
checksum_matches(struct item *it)
{
	struct checksum own;
	char text[CHECKSUM_TEXT];

	if (it->sum_kind == CHECKSUM_NONE)
		return 1;
	if (it->begun) {
		checksum_end(&it->g->sum, text);
	} else {
		checksum_begin(&own, it->sum_kind);
		checksum_add(&own, it->body.p, it->body.len);
		checksum_end(&own, text);
	}
	return strcmp(text, it->sum_text) == 0;
}

/* 0, or -1 with e saying which checksum of the whole body is wrong. */
static int
check_sums(struct item *it, struct err *e)
{
	if ((it->begun ? it->has_md5 : s3_etag_is_md5(&it->call.answer)) && !md5_matches(it))
		return err_set(e, EXIT_FAILED, "the body's MD5 is not the ETag");
	if (!checksum_matches(it))
		return err_set(e, EXIT_FAILED, "the body's %s differs from the stored one",
		    checksum_name(it->sum_kind));
	return 0;
}

static enum fetch_verdict
check(struct s3_call *c, struct fetch_again *again)
{
	struct item *it = c->arg;
	struct err e;

	if (check_head(it) == -1) /* no body came */
		return FETCH_FAIL;
	if (it->wrong) {
		err_set(&s3_call_problem(c)->error, EXIT_FAILED,
		    "%ld answer with another ETag, '%s'", c->answer.status, c->answer.etag);
		again->cause = FETCH_CAUSE_SERVER_ERROR;
		return FETCH_AGAIN;
	}
	if (it->have != it->size) {
		again->cause = FETCH_CAUSE_SHORT_BODY;
		return FETCH_AGAIN;
	}
	if (check_sums(it, &e) == 0) {
		if (it->reserved > it->size) {
			it->g->budget_used -= it->reserved - it->size;
			it->reserved = it->size;
		}
		return FETCH_DONE;
	}
	s3_call_problem(c)->error = e;
	again->cause = FETCH_CAUSE_CHECKSUM;
	it->have = it->begun ? it->have : 0;
	return it->begun ? FETCH_FAIL : FETCH_AGAIN;
}

static void
call_end(struct s3_call *c)
{
	struct item *it = c->arg;

	if (!it->later) {
		it->done = 1;
		return;
	}
	it->g->budget_used -= it->reserved;
	it->reserved = 0;
	it->have = 0;
	buf_free(&it->body);
	s3_call_free(c);
	it->later = it->started = 0;
}

static const struct s3_call_ops call_ops = {
    .prepare = prepare,
    .body = take_body,
    .check = check,
    .end = call_end,
};

/* A short reason if the object itself is the cause of a failure; NULL if the transfer is. */
static const char *
reject_reason(const struct item *it, char *text, size_t cap)
{
	const struct s3_call *c = &it->call;
	const char *code = s3_call_code(c);
	const struct s3xml_error *x = &c->problem->xml;

	if (it->changed)
		return "changed since it was listed";
	if (c->last.fault != FETCH_FAULT_NONE)
		return NULL;
	if (c->answer.status == 404 && strcmp(code, "NoSuchBucket") != 0)
		return "not found";
	if (c->answer.status == 412)
		return "changed since it was listed";
	if (c->answer.status == 403 && strcmp(code, "InvalidObjectState") == 0) {
		snprintf(text, cap, "archived (%s)",
		    x->storage_class[0] != '\0'		     ? x->storage_class
			: c->answer.storage_class[0] != '\0' ? c->answer.storage_class
							     : "restore it first");
		return text;
	}
	return NULL;
}

/* --- the window --- */

static void
item_start(struct item *it)
{
	it->started = 1;
	it->call = (struct s3_call){.method = "GET",
	    .bucket = it->o.uri.bucket,
	    .key = it->o.uri.key,
	    .ops = &call_ops,
	    .arg = it};
	s3_start(it->g->s3, &it->call);
}

static struct item *
item_new(struct getter *g)
{
	struct item *it = g->free;

	if (it == NULL)
		it = xcalloc(1, sizeof(*it));
	else
		g->free = it->next_free;
	it->g = g;
	return it;
}

static void
item_end(struct item *it)
{
	struct getter *g = it->g;

	g->budget_used -= it->reserved;
	uri_free(&it->o.uri);
	s3_call_free(&it->call);
	if (it->body.cap > KEEP_BODY)
		buf_free(&it->body);
	buf_reset(&it->body);
	*it = (struct item){.body = it->body, .next_free = g->free};
	g->free = it;
}

/* Removes the object at the head of the window. */
static void
shift(struct getter *g)
{
	item_end(item_at(g, 0));
	g->first = (g->first + 1) % g->size;
	g->n--;
}

/* Requests more objects while there is room, no further ahead than needed to keep all connections
 * busy. */
static void
fill(struct getter *g)
{
	while (!g->no_more && !g->stop && g->n < g->size && s3_backlog(g->s3) < g->connections &&
	    (g->n == 0 || g->budget_used < S3_GET_BUDGET)) {
		struct item *it = item_new(g);
		int rc = g->ops->next(g->arg, &it->o);

		if (rc <= 0) {
			item_end(it);
			g->no_more = 1;
			g->stop |= rc < 0;
			return;
		}
		g->window[(g->first + g->n++) % g->size] = it;
		it->reserved = !it->o.has_listing   ? SIZE_GUESS
		    : it->o.size <= S3_GET_HOLD_MAX ? it->o.size
						    : 0;
		g->budget_used += it->reserved;
		/* a large object is requested when it becomes the head, so that no answer stays
		 * open */
		if (!it->o.has_listing || it->o.size <= S3_GET_HOLD_MAX)
			item_start(it);
	}
}

static int
deliver(struct item *it)
{
	const struct s3_call *c = &it->call;
	struct getter *g = it->g;
	struct s3_get_outcome out = {.status = c->answer.status,
	    .tries = c->last.tries,
	    .bytes = it->have,
	    .us = c->last.us};
	char reason[128];

	if (!c->ok)
		return g->ops->failed(g->arg, &it->o, &out,
		    reject_reason(it, reason, sizeof(reason)), it->begun, s3_call_is_general(c),
		    c->problem->error.text);
	if (!it->begun &&
	    (g->ops->begin(g->arg, &it->o, it->size, c->answer.last_modified) == -1 ||
		(it->body.len > 0 && g->ops->data(g->arg, it->body.p, it->body.len) == -1)))
		return -1;
	return g->ops->end(g->arg, &it->o, &out);
}

/* Delivers the finished objects at the head of the window. */
static void
drain(struct getter *g)
{
	while (g->n > 0 && !g->stop) {
		struct item *it = item_at(g, 0);

		if (!it->done)
			return;
		if (it->local || deliver(it) == -1)
			g->stop = 1;
		shift(g);
	}
}

/* The head may always proceed, so that everything does. */
static void
head_on(struct getter *g)
{
	struct item *it;

	if (g->n == 0 || g->stop)
		return;
	it = item_at(g, 0);
	if (!it->started) {
		item_start(it);
	} else if (it->paused) {
		it->paused = 0;
		g->n_paused--;
		s3_resume(&it->call);
	}
}

int
s3_get_all(struct s3 *s3, unsigned connections, const struct s3_get_ops *ops, void *arg)
{
	struct getter g = {.s3 = s3, .ops = ops, .arg = arg, .connections = connections};

	g.size = (size_t)connections * WINDOW_PER_CONNECTION;
	if (g.size < WINDOW_MIN)
		g.size = WINDOW_MIN;
	if (g.size > WINDOW_MAX)
		g.size = WINDOW_MAX;
	g.paused_max = connections / 2;
	g.window = xcalloc(g.size, sizeof(struct item *));
	for (;;) {
		drain(&g);
		fill(&g);
		head_on(&g);
		if (g.stop || (g.n == 0 && g.no_more))
			break;
		s3_step(s3, STEP_MS);
		if (ops->idle != NULL && ops->idle(arg) == -1)
			g.stop = 1;
	}
	for (; g.n > 0; shift(&g)) {
		struct item *it = item_at(&g, 0);

		if (it->started && !it->done)
			s3_cancel(&it->call);
	}
	while (g.free != NULL) {
		struct item *it = g.free;

		g.free = it->next_free;
		buf_free(&it->body);
		free(it);
	}
	free(g.window);
	return g.stop ? -1 : 0;
}
