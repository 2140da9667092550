#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/uri.h"
#include "s3/list/list_sorted.h"
#include "s3/list/s3_list.h"

enum {
	EMPTY_WAIT_MS = 500,  /* before asking again after an empty answer; doubles each time */
	HELD_MAX = 32 << 20,  /* objects that wait for their turn, in bytes */
	SORTED_MAX = 1 << 30, /* objects that wait to be sorted, in bytes */
	STEP_MS = 1000,
};

/* A lane makes one request at a time. */
struct lane {
	struct listing *listing;
	struct lane *next; /* free */
	struct s3_call call;
	struct buf query;
	struct list_range *range;
	int busy;
};

struct listing {
	struct s3 *s3;
	const struct s3_list_opt *opt;
	int version;		    /* 2: ListObjectsV2, 1: ListObjects */
	int answered;		    /* a page has come */
	int unordered;		    /* the server lists in another order */
	struct list_ranges *ranges; /* or NULL and */
	struct list_sorted *sorted;
	struct lane *lanes, *free;
	size_t n_lanes;
	struct s3xml_page page; /* of the answer at hand */
};

static void
query_add(struct buf *q, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (q->len > 0)
		buf_addc(q, '&');
	buf_adds(q, name);
	buf_addc(q, '=');
	uri_encode(q, value, strlen(value), 0);
}

static void
make_query(const struct listing *l, struct buf *q, const struct list_ask *ask)
{
	buf_reset(q);
	if (l->version == 2) {
		query_add(q, "continuation-token", ask->token);
		query_add(q, "encoding-type", "url");
		query_add(q, "list-type", "2");
		query_add(q, "prefix", l->opt->prefix);
		query_add(q, "start-after", ask->token == NULL ? ask->start_after : NULL);
	} else {
		query_add(q, "encoding-type", "url");
		query_add(q, "marker", ask->token != NULL ? ask->token : ask->start_after);
		query_add(q, "prefix", l->opt->prefix);
	}
}

/* A 200 answer whose body is not a listing is retried. */
static enum fetch_verdict
check_page(struct s3_call *c, struct fetch_again *again)
{
	struct lane *lane = c->arg;

	if (s3xml_list(&lane->listing->page, c->body.p != NULL ? c->body.p : "", c->body.len,
		&s3_call_problem(c)->error) == -1) {
		again->cause = FETCH_CAUSE_OTHER;
		return FETCH_AGAIN;
	}
	return FETCH_DONE;
}

/* 1 if the server rejects the request as such, so that a retry would not help. */
static int
is_refusal(const struct s3_call *c)
{
	return c->last.fault == FETCH_FAULT_NONE && c->last.status >= 400 &&
	    (c->last.status < 500 || c->last.status == 501);
}

/* 1 if the server refuses ListObjectsV2, as it seems, and may know ListObjects. */
static int
refuses_v2(const struct listing *l, const struct s3_call *c)
{
	static const char *const codes[] = {
	    "NotImplemented", "InvalidArgument", "InvalidRequest", "Bad Request"};

	if (l->version != 2 || l->answered || !is_refusal(c))
		return 0;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(s3_call_code(c), codes[i]) == 0)
			return 1;
	return c->last.status == 405 || c->last.status == 501;
}

static void
use_v1(struct listing *l, const char *why)
{
	log_line(LOG_INFO, NULL, "s3://%s/%s: %s: listing by ListObjects", l->opt->bucket,
	    l->opt->prefix, why);
	l->version = 1;
}

static void
take_page(struct listing *l, struct list_range *r)
{
	int has_markers;

	l->answered = 1;
	if (l->sorted != NULL) {
		list_sorted_page(l->sorted, &l->page);
		has_markers = list_sorted_has_markers(l->sorted);
	} else {
		list_ranges_page(l->ranges, r, &l->page);
		has_markers = list_ranges_has_markers(l->ranges);
	}
	if (has_markers && l->version == 2)
		use_v1(l, "no continuation token");
}

static void
end_page(struct s3_call *c)
{
	struct lane *lane = c->arg;
	struct listing *l = lane->listing;
	struct err e;

	lane->busy = 0;
	lane->next = l->free;
	l->free = lane;
	if (c->ok) {
		take_page(l, lane->range);
		return;
	}
	err_set(&e, c->problem->error.status, "%s: %s", l->opt->prefix, c->problem->error.text);
	if (refuses_v2(l, c)) {
		use_v1(l, c->problem->error.text);
		if (l->sorted != NULL)
			list_sorted_use_markers(l->sorted);
		else
			list_ranges_use_markers(l->ranges, lane->range);
	} else if (l->sorted != NULL) {
		list_sorted_no_page(l->sorted, &e);
	} else {
		list_ranges_no_page(l->ranges, lane->range, is_refusal(c), &e);
	}
}

static const struct s3_call_ops page_ops = {.check = check_page, .end = end_page};

static void
ask(struct listing *l, const struct list_ask *a)
{
	struct lane *lane = l->free;
	struct buf body = lane->call.body; /* reuse its memory */

	lane->call.body = (struct buf){0};
	s3_call_free(&lane->call);
	l->free = lane->next;
	lane->listing = l;
	lane->range = a->range;
	lane->busy = 1;
	make_query(l, &lane->query, a);
	lane->call = (struct s3_call){.method = "GET",
	    .bucket = l->opt->bucket,
	    .key = "",
	    .query = buf_str(&lane->query),
	    .ops = &page_ops,
	    .arg = lane,
	    .body = body};
	s3_start(l->s3, &lane->call);
}

static void
lanes_new(struct listing *l)
{
	l->n_lanes = l->opt->requests != 0 ? l->opt->requests : 1;
	l->lanes = xcalloc(l->n_lanes, sizeof(*l->lanes));
	for (size_t i = l->n_lanes; i-- > 0;) {
		l->lanes[i].next = l->free;
		l->free = &l->lanes[i];
	}
}

static void
lanes_free(struct listing *l)
{
	for (size_t i = 0; i < l->n_lanes; i++) {
		struct lane *lane = &l->lanes[i];

		if (lane->busy)
			s3_cancel(&lane->call);
		s3_call_free(&lane->call);
		buf_free(&lane->query);
	}
	free(l->lanes);
	l->lanes = l->free = NULL;
}

static enum list_next
next_request(struct listing *l, struct list_ask *a, struct err *e)
{
	return l->sorted != NULL ? list_sorted_next(l->sorted, a, e)
				 : list_ranges_next(l->ranges, a, e);
}

/* Makes requests until there is nothing left to do, and says why. */
static enum list_next
make_requests(struct listing *l, struct err *e)
{
	enum list_next next;
	struct list_ask a;

	lanes_new(l);
	for (;;) {
		next = LIST_WAIT;
		while (l->free != NULL && (next = next_request(l, &a, e)) == LIST_ASK)
			ask(l, &a);
		if (next != LIST_WAIT && next != LIST_ASK)
			break;
		if (l->opt->pause != NULL)
			l->opt->pause(l->opt->arg);
		s3_step(l->s3, STEP_MS);
	}
	lanes_free(l);
	return next;
}

/* One listing in ranges, from its first page to its last; *n counts the objects. */
static enum list_next
list_in_ranges(struct listing *l, uint64_t *n, struct err *e)
{
	const struct s3_list_opt *o = l->opt;
	const struct list_ranges_opt ro = {.prefix = o->prefix,
	    .start_after = o->start_after,
	    .requests = o->requests,
	    .held_max = HELD_MAX,
	    .has_markers = l->version == 1,
	    .take = o->take,
	    .arg = o->arg};
	const struct list_ranges_count *count;
	enum list_next how;

	l->ranges = list_ranges_new(&ro);
	how = make_requests(l, e);
	count = list_ranges_counted(l->ranges);
	*n = count->keys;
	log_line(LOG_INFO, NULL,
	    "s3://%s/%s: %llu objects, %llu requests (%llu without an object), %llu ranges",
	    o->bucket, o->prefix, (unsigned long long)count->keys,
	    (unsigned long long)count->requests, (unsigned long long)count->wasted,
	    (unsigned long long)count->ranges);
	list_ranges_free(l->ranges);
	l->ranges = NULL;
	return how;
}

/* One listing page by page, sorted. */
static enum list_next
list_sorting(struct listing *l, uint64_t *n, struct err *e)
{
	const struct s3_list_opt *o = l->opt;
	const struct list_sorted_opt so = {.prefix = o->prefix,
	    .start_after = o->start_after,
	    .held_max = SORTED_MAX,
	    .has_markers = l->version == 1,
	    .take = o->take,
	    .arg = o->arg};
	enum list_next how;

	l->sorted = list_sorted_new(&so);
	how = make_requests(l, e);
	*n = list_sorted_given(l->sorted);
	log_line(LOG_INFO, NULL, "s3://%s/%s: %llu objects, sorted", o->bucket, o->prefix,
	    (unsigned long long)*n);
	list_sorted_free(l->sorted);
	l->sorted = NULL;
	return how;
}

/* The server lists in another order, as e shows. */
static enum list_next
list_again(struct listing *l, uint64_t *n, struct err *e)
{
	const struct s3_list_opt *o = l->opt;
	struct err seen = *e;

	if (o->restart == NULL || o->restart(o->arg) == -1)
		return LIST_UNORDERED;
	l->unordered = 1;
	log_line(LOG_WARN, NULL,
	    "s3://%s/%s (the server does not list in UTF-8 byte order: listing again page by page, "
	    "to sort the keys)",
	    o->bucket, seen.text);
	return list_sorting(l, n, e);
}

static int
list_once(struct listing *l, uint64_t *n, struct err *e)
{
	const struct s3_list_opt *o = l->opt;
	struct err inner = {0};
	enum list_next how =
	    l->unordered ? list_sorting(l, n, &inner) : list_in_ranges(l, n, &inner);

	if (how == LIST_UNORDERED)
		how = list_again(l, n, &inner);
	if (how == LIST_UNORDERED)
		return err_set(e, LIST_UNORDERED_STATUS,
		    "s3://%s/%s; the server does not list in UTF-8 byte order", o->bucket,
		    inner.text);
	if (how == LIST_FAILED)
		return err_set(e, inner.status, "s3://%s/%s", o->bucket, inner.text);
	return 0;
}

static void
sleep_ms(unsigned ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}

int
s3_list(struct s3 *s3, const struct s3_list_opt *opt, uint64_t *n, struct err *e)
{
	struct listing l = {.s3 = s3, .opt = opt, .version = 2, .unordered = opt->sorted};
	unsigned wait = EMPTY_WAIT_MS;
	int rc = list_once(&l, n, e);

	for (unsigned i = 0; rc == 0 && *n == 0 && i < opt->retry_empty; i++) {
		log_line(LOG_INFO, NULL, "s3://%s/%s: nothing listed, asking again in %u ms",
		    opt->bucket, opt->prefix, wait);
		sleep_ms(wait);
		wait *= 2;
		if (i + 1 == opt->retry_empty)
			l.version = 1;
		rc = list_once(&l, n, e);
	}
	s3xml_page_free(&l.page);
	return rc;
}
