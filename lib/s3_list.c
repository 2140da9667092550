#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "s3_list.h"
#include "uri.h"

enum {
	EMPTY_WAIT_MS = 500, /* before an empty answer is asked for again; doubles each time */
};

struct listing {
	struct s3 *s3;
	const struct s3_list_opt *opt;
	int version; /* 2: ListObjectsV2, 1: ListObjects */
	struct s3xml_page page;
	struct buf query;
	char *token;	 /* where the next page begins: V2's continuation token, V1's marker */
	struct buf last; /* the last key given */
	int any;
	uint64_t n;
};

static void
query_add(struct buf *q, const char *name, const char *value)
{
	if (q->len > 0)
		buf_addc(q, '&');
	buf_adds(q, name);
	buf_addc(q, '=');
	uri_encode(q, value, strlen(value), 0);
}

static void
make_query(struct listing *l)
{
	struct buf *q = &l->query;
	const char *after = l->opt->start_after;

	buf_reset(q);
	if (l->version == 2) {
		if (l->token != NULL)
			query_add(q, "continuation-token", l->token);
		query_add(q, "encoding-type", "url");
		query_add(q, "list-type", "2");
		query_add(q, "prefix", l->opt->prefix);
		if (l->token == NULL && after != NULL)
			query_add(q, "start-after", after);
	} else {
		query_add(q, "encoding-type", "url");
		if (l->token != NULL || after != NULL)
			query_add(q, "marker", l->token != NULL ? l->token : after);
		query_add(q, "prefix", l->opt->prefix);
	}
}

/* A 200 answer whose body is no listing is asked for again. */
static enum fetch_verdict
check_page(struct s3_call *c, struct fetch_again *again)
{
	struct listing *l = c->arg;

	if (s3xml_list(&l->page, c->body.p != NULL ? c->body.p : "", c->body.len,
		&s3_call_problem(c)->error) == -1) {
		again->cause = FETCH_CAUSE_OTHER;
		return FETCH_AGAIN;
	}
	return FETCH_DONE;
}

static const struct s3_call_ops page_ops = {.check = check_page};

static int
get_page(struct listing *l, struct err *e)
{
	struct s3_call c = {
	    .method = "GET", .bucket = l->opt->bucket, .key = "", .ops = &page_ops, .arg = l};
	int rc;

	make_query(l);
	c.query = buf_str(&l->query);
	rc = s3_do(l->s3, &c, NULL);
	if (rc == -1)
		err_set(e, c.problem->error.status, "s3://%s/%s: %s", l->opt->bucket,
		    l->opt->prefix, c.problem->error.text);
	s3_call_free(&c);
	return rc;
}

/* -1: e is filled, 0: go on, 1: take has stopped it. */
static int
give_page(struct listing *l, s3_list_take *take, void *arg, struct err *e)
{
	for (size_t i = 0; i < l->page.n_objects; i++) {
		const struct s3xml_object *o = &l->page.objects[i];
		int order = 1;

		if (strlen(o->key) != o->key_len)
			return err_set(e, EXIT_FAILED, "s3://%s/%s: key with a NUL byte",
			    l->opt->bucket, o->key);
		if (l->any)
			order = strcmp(o->key, buf_str(&l->last));
		else if (l->opt->start_after != NULL && strcmp(o->key, l->opt->start_after) <= 0)
			continue; /* a server that does not know start-after */
		if (order <= 0)
			return err_set(e, EXIT_FAILED,
			    "s3://%s/%s: listed out of order, behind '%s'", l->opt->bucket, o->key,
			    buf_str(&l->last));
		l->any = 1;
		buf_reset(&l->last);
		buf_add(&l->last, o->key, o->key_len);
		l->n++;
		if (take(arg, o) != 0)
			return 1;
	}
	return 0;
}

/* Where the next page begins. 0: there is none; -1: e is filled. */
static int
next_page(struct listing *l, struct err *e)
{
	char *token = NULL;

	if (!l->page.is_truncated)
		return 0;
	if (l->page.next_token != NULL)
		token = xstrdup(l->page.next_token);
	else if (l->version == 1 && l->any) /* NextMarker is sent only with a delimiter */
		token = xstrdup(buf_str(&l->last));
	if (token == NULL || (l->token != NULL && strcmp(token, l->token) == 0)) {
		free(token);
		return err_set(e, EXIT_FAILED,
		    "s3://%s/%s: the listing is cut short and does not say where it goes on",
		    l->opt->bucket, l->opt->prefix);
	}
	free(l->token);
	l->token = token;
	return 1;
}

/* One listing from its first page to its last. */
static int
list_once(struct listing *l, s3_list_take *take, void *arg, struct err *e)
{
	int rc;

	do {
		if (get_page(l, e) == -1)
			return -1;
		if ((rc = give_page(l, take, arg, e)) != 0)
			return rc == 1 ? 0 : -1;
	} while ((rc = next_page(l, e)) == 1);
	return rc;
}

static void
sleep_ms(unsigned ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}

int
s3_list(struct s3 *s3, const struct s3_list_opt *opt, s3_list_take *take, void *arg, uint64_t *n,
    struct err *e)
{
	struct listing l = {.s3 = s3, .opt = opt, .version = 2};
	unsigned wait = EMPTY_WAIT_MS;
	int rc = list_once(&l, take, arg, e);

	for (unsigned i = 0; rc == 0 && !l.any && i < opt->retry_empty; i++) {
		log_line(LOG_INFO, NULL, "s3://%s/%s: nothing listed, asking again in %u ms",
		    opt->bucket, opt->prefix, wait);
		sleep_ms(wait);
		wait *= 2;
		free(l.token);
		l.token = NULL;
		if (i + 1 == opt->retry_empty)
			l.version = 1;
		rc = list_once(&l, take, arg, e);
	}
	*n = l.n;
	free(l.token);
	buf_free(&l.query);
	buf_free(&l.last);
	s3xml_page_free(&l.page);
	return rc;
}
