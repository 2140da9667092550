#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3/s3_get_state.h"

enum {
	IGNORE_MAX = 65536, /* bytes of a wrong answer to read for the sake of its connection */
	RESUME_MIN = 65536, /* a shorter body is read again rather than continued */
	OTHER_ETAGS = 3,    /* answers with the same other ETag: the object is another one */
	WRONG_SIZES = 3,    /* answers of another length, but with the right ETag */
};

static int
is_head(const struct s3_get_item *it)
{
	return it == it->g->window[it->g->first];
}

/* --- the request --- */

/* The ETag that an answer must have: that of the first answer, else the listed one; "": any. */
static const char *
wanted_etag(const struct s3_get_item *it)
{
	return it->etag[0] != '\0' ? it->etag : it->o.etag;
}

/* Written by hand, as printf would take a thirtieth of all instructions of an object. */
static void
quote(char out[static S3_ETAG_LEN + 2], const char *etag)
{
	size_t n = strnlen(etag, S3_ETAG_LEN - 1);

	*out++ = '"';
	memcpy(out, etag, n);
	memcpy(out + n, "\"", 2);
}

static void
prepare(struct s3_call *c)
{
	struct s3_get_item *it = c->arg;
	const char *etag = wanted_etag(it);
	int without = it->without | it->g->without;

	it->skip = 0;
	it->ignored = 0;
	it->headed = it->wrong = it->by_md5 = 0;
	it->if_match[0] = '\0';
	if ((it->have < RESUME_MIN && !it->begun) || it->open) {
		it->have = 0;
		buf_reset(&it->body);
	}
	it->open = 0;
	/* all of it is there, but a surplus followed: an empty range cannot be asked for */
	it->from = it->have > 0 && it->have == it->size ? it->have - 1 : it->have;
	c->n_headers = 0;
	if (*etag != '\0' && !(without & GET_IF_MATCH)) {
		quote(it->if_match, etag);
		s3_call_header(c, "If-Match", it->if_match);
	}
	if (it->from > 0) {
		snprintf(it->range, sizeof(it->range), "bytes=%llu-", (unsigned long long)it->from);
		s3_call_header(c, "Range", it->range);
	}
	if (!(without & GET_CHECKSUM_MODE))
		s3_call_header(c, "x-amz-checksum-mode", "ENABLED");
}

/* Goes on without what the server may not know. A 412 is judged by the ETag of the next answer.
 * What the refused request had is not looked at: since it was sent, others may have been answered,
 * or it was hedged. */
static int
refused(struct s3_call *c)
{
	struct s3_get_item *it = c->arg;
	int if_match = *wanted_etag(it) != '\0' && !(it->without & GET_IF_MATCH);

	if (c->answer.status == 412 && if_match) {
		it->mismatched = s3_call_says(c, 412, "PreconditionFailed");
		it->without |= GET_IF_MATCH;
	} else if (!s3_call_is_not_implemented(c)) {
		return 0;
	} else if (!(it->without & GET_CHECKSUM_MODE)) {
		it->without |= GET_CHECKSUM_MODE;
	} else if (if_match) {
		it->without |= GET_IF_MATCH;
	} else {
		return 0;
	}
	return 1;
}

/* Takes the checksum from an answer with the whole body; a partial one has none. */
static void
note_checksum(struct s3_get_item *it)
{
	const char *text;

	it->sum_kind = s3_answer_checksum(&it->call.answer, &text);
	if (strlen(text) >= sizeof(it->sum_text)) {
		it->sum_kind = CHECKSUM_NONE;
		return;
	}
	memcpy(it->sum_text, text, strlen(text) + 1);
}

/* The answer, or the object, goes on after its end: this must never be passed on. Returns -1. */
static int
too_long(struct s3_get_item *it)
{
	it->call.surplus = !it->open;
	if (it->open)
		return err_set(&s3_call_problem(&it->call)->error, EXIT_FAILED,
		    "longer than %d bytes, and the answer does not tell its length; give the "
		    "listed size, as s3ls -l prints it",
		    S3_GET_HOLD_MAX);
	return err_set(&s3_call_problem(&it->call)->error, EXIT_FAILED,
	    it->o.has_listing ? "longer than listed: %llu bytes"
			      : "longer than its length: %llu bytes",
	    (unsigned long long)it->size);
}

/* The size that is known whatever this answer says. 1, or 0 if none is. */
static int
known_size(const struct s3_get_item *it, uint64_t *size)
{
	*size = it->have > 0 ? it->size : it->o.size;
	return it->have > 0 || it->o.has_listing;
}

/* Finds the size of the object and the bytes to skip. 0, or -1 with the problem filled. */
static int
take_size(struct s3_get_item *it, uint64_t *size)
{
	const struct s3_answer *a = &it->call.answer;
	int known = known_size(it, size);

	if (a->status == 206 && a->range_start == (int64_t)it->from &&
	    (a->range_total >= 0 || known)) {
		if (a->range_total >= 0)
			*size = (uint64_t)a->range_total;
		it->skip = it->have - it->from;
		return 0;
	}
	if (a->status == 200) {
		it->skip = it->have; /* a server that ignores Range */
		it->open = a->content_length < 0 && !known;
		if (it->open)
			*size = S3_GET_HOLD_MAX;
		else if (a->content_length >= 0)
			*size = (uint64_t)a->content_length;
		return 0;
	}
	return err_set(&s3_call_problem(&it->call)->error, EXIT_FAILED,
	    "%ld answer without a length or with a wrong range", a->status);
}

/* Compares the answer's ETag with the one wanted, or makes the body's MD5 stand for it. */
static int
has_wanted_etag(struct s3_get_item *it)
{
	const struct s3_answer *a = &it->call.answer;
	const char *want = wanted_etag(it);

	if (a->etag_is_wrong)
		return 0;
	if (*want == '\0' || strcmp(want, a->etag) == 0)
		return 1;
	it->by_md5 = a->etag[0] == '\0' && s3_etag_looks_like_md5(want) && !it->g->opt->no_md5 &&
	    (!it->begun || it->has_md5);
	return it->by_md5;
}

/*
 * The answer has not the ETag wanted. It may be the answer to another request, of a stale cache, or
 * an error document, so it is ignored, and the object requested again. But if S3 itself has said
 * 412, or answers have had the same other ETag again and again, the object has changed: -1 with the
 * problem filled.
 */
static int
other_etag(struct s3_get_item *it)
{
	const char *etag = it->call.answer.etag;

	it->wrong = 1;
	if (it->other == NULL || strcmp(it->other, etag) != 0) {
		free(it->other);
		it->other = xstrdup(etag);
		it->n_others = 0;
	}
	if (*etag == '\0' || (++it->n_others < OTHER_ETAGS && !it->mismatched))
		return 0;
	it->changed = 1;
	return err_set(&s3_call_problem(&it->call)->error, EXIT_FAILED,
	    "its ETag is '%s' now, but was '%s'", etag, wanted_etag(it));
}

/* The length differs from what was known, but the ETag does not: nothing that S3 would do. Returns
 * -1. */
static int
other_size(struct s3_get_item *it, uint64_t size)
{
	struct err *e = &s3_call_problem(&it->call)->error;

	it->call.surplus = ++it->n_wrong_sizes < WRONG_SIZES;
	if (it->have > 0)
		return err_set(e, EXIT_FAILED,
		    "changed while it was read (%llu bytes, but %llu before)",
		    (unsigned long long)size, (unsigned long long)it->size);
	return err_set(e, EXIT_FAILED, "%llu bytes, but %llu when it was listed%s",
	    (unsigned long long)size, (unsigned long long)it->o.size,
	    it->o.etag[0] != '\0' && !it->by_md5
		? ", with the same ETag: perhaps a proxy changes it"
		: "");
}

/* Checks once a try whether the answer matches the request. 0, or -1 with the problem filled. */
static int
check_head(struct s3_get_item *it)
{
	const struct s3_answer *a = &it->call.answer;
	uint64_t size = 0;

	if (it->headed)
		return 0;
	it->headed = 1;
	if (take_size(it, &size) == -1)
		return -1;
	if (!has_wanted_etag(it))
		return other_etag(it);
	/* an earlier answer, whose bytes we have, gave the size, too */
	if ((it->o.has_listing && size != it->o.size) || (it->have > 0 && size != it->size))
		return other_size(it, size);
	it->size = size;
	if (a->status == 206 && a->content_length > (int64_t)(size - it->from))
		return too_long(it);
	if (!it->by_md5)
		memcpy(it->etag, a->etag, sizeof(it->etag));
	if (a->status == 200 && !it->begun)
		note_checksum(it);
	return 0;
}

/* --- streaming --- */

static int
hand_on(struct s3_get_item *it, const char *p, size_t n)
{
	struct s3_getter *g = it->g;

	if (n == 0)
		return 0;
	if (it->has_md5)
		hash_add(&g->md5, p, n);
	checksum_add(&g->sum, p, n);
	return g->ops->data(g->arg, p, n);
}

/* 1 if the ETag is the MD5 of the body. */
static int
md5_is_known(const struct s3_get_item *it)
{
	return it->by_md5 || (!it->g->opt->no_md5 && s3_etag_is_md5(&it->call.answer));
}

/* Starts streaming a large object, beginning with the bytes held. */
static int
stream(struct s3_get_item *it)
{
	struct s3_getter *g = it->g;

	it->begun = 1;
	it->has_md5 = md5_is_known(it);
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
pause_item(struct s3_get_item *it)
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
local_stop(struct s3_get_item *it)
{
	it->local = it->g->stop = 1;
	return FETCH_ABORT;
}

static enum fetch_take
take_body(struct s3_call *c, const char *p, size_t len)
{
	struct s3_get_item *it = c->arg;
	struct s3_getter *g = it->g;
	size_t again;

	if (check_head(it) == -1)
		return FETCH_ABORT;
	if (it->wrong) {
		it->ignored += len;
		c->surplus = it->ignored > IGNORE_MAX;
		return c->surplus ? FETCH_ABORT : FETCH_TAKE;
	}
	if (!it->begun && it->size > S3_GET_HOLD_MAX) {
		if (!is_head(it))
			return pause_item(it);
		if (stream(it) == -1)
			return local_stop(it);
	}
	again = it->skip < len ? (size_t)it->skip : len;
	if (len - again > it->size - it->have) {
		(void)too_long(it);
		return FETCH_ABORT;
	}
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
md5_matches(struct s3_get_item *it)
{
	unsigned char sum[HASH_MAX];
	char hex[HASH_HEX];

	if (it->begun)
		hash_end(&it->g->md5, sum);
	else
		hash_of(sum, HASH_MD5, it->body.p, it->body.len);
	hash_hex(hex, sum, HASH_MD5_LEN);
	return strcmp(wanted_etag(it), hex) == 0;
}

static int
checksum_matches(struct s3_get_item *it)
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
check_sums(struct s3_get_item *it, struct err *e)
{
	if ((it->begun ? it->has_md5 : md5_is_known(it)) && !md5_matches(it))
		return err_set(e, EXIT_FAILED,
		    "the body's MD5 is not the ETag (--no-md5 is for servers whose ETags are no "
		    "MD5s)");
	if (!checksum_matches(it))
		return err_set(e, EXIT_FAILED, "the body's %s differs from the stored one",
		    checksum_name(it->sum_kind));
	return 0;
}

/* The size of the object is what has come, if something tells that it is all. 0, or -1 with the
 * problem filled. */
static int
end_open(struct s3_get_item *it)
{
	if (!it->call.answer.is_chunked && !md5_is_known(it))
		return err_set(&s3_call_problem(&it->call)->error, EXIT_FAILED,
		    "%ld answer that ends with its connection, and nothing tells its length",
		    it->call.answer.status);
	it->size = it->have;
	return 0;
}

static enum fetch_verdict
check(struct s3_call *c, struct fetch_again *again)
{
	struct s3_get_item *it = c->arg;
	struct err e;

	if (check_head(it) == -1) { /* no body came */
		again->cause = FETCH_CAUSE_OTHER;
		return c->surplus ? FETCH_AGAIN : FETCH_FAIL;
	}
	if (it->wrong) {
		err_set(&s3_call_problem(c)->error, EXIT_FAILED,
		    c->answer.etag[0] != '\0' ? "%ld answer with another ETag, '%s'"
					      : "%ld answer without an ETag%s",
		    c->answer.status, c->answer.etag);
		again->cause = FETCH_CAUSE_SERVER_ERROR;
		return FETCH_AGAIN;
	}
	if (it->open && end_open(it) == -1)
		return FETCH_FAIL;
	if (it->have != it->size) {
		again->cause = FETCH_CAUSE_SHORT_BODY;
		return FETCH_AGAIN;
	}
	if (check_sums(it, &e) == 0) {
		it->g->without |= it->without; /* rightly so, for all others, too */
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
	struct s3_get_item *it = c->arg;

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

const struct s3_call_ops s3_get_body_ops = {
    .prepare = prepare,
    .refused = refused,
    .body = take_body,
    .check = check,
    .end = call_end,
};
