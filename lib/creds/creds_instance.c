#include <string.h>
#include <strings.h>
#include <time.h>

#include "aws/endpoint.h"
#include "base/num.h"
#include "creds/creds_cache.h"
#include "creds/creds_json.h"
#include "creds/creds_source.h"
#include "http/http_once.h"

enum {
	TOKEN_MAX = 1024,
	ROLE_MAX = 256,
	ANSWER_MAX = 64 << 10,
	MESSAGE_MAX = 500,
	TIMEOUT_S = 1,
	TIMEOUT_MAX_S = 60,
	ATTEMPTS_MAX = 100,
	TOTAL_MAX_MS = 120000,
	READ_EXTRA_MS = 200, /* so that a missing answer differs from a missing connection */
	MAX_AGE_S = 300,     /* the role may change while credentials are valid */
	LOCK_WAIT_MS = 2500, /* without a service, each process finds out soon */
	EXTEND_S = 180,	     /* when expired ones are asked for again */
};

struct question {
	struct buf base; /* NUL-terminated, with a trailing slash */
	unsigned timeout_s, attempts;
	int no_v1; /* do not ask a service without tokens */
	struct buf token;
	char role[ROLE_MAX + 1];
	struct buf why; /* why there are no credentials */
};

/* --- settings --- */

static int
take_number(const struct creds_ask *ask, const char *variable, const char *key, unsigned max,
    unsigned *out, struct err *e)
{
	const char *value = profile_env(variable);
	int set = value != NULL;
	uint64_t n;

	if (!set && (value = profile_get(ask->top, key)) == NULL)
		return 0;
	if (num_parse(value, 1, max, &n) == 0) {
		*out = (unsigned)n;
		return 0;
	}
	if (set)
		return err_set(
		    e, EXIT_USAGE, "%s='%.200s': not a number from 1 to %u", variable, value, max);
	return err_set(e, EXIT_USAGE, "profile %s: %s = '%.200s': not a number from 1 to %u",
	    ask->top->name, key, value, max);
}

static const char *
look(const struct creds_ask *ask, const char *variable, const char *key)
{
	const char *value = profile_env(variable);

	return value != NULL ? value : profile_get(ask->top, key);
}

static int
is_true(const char *value)
{
	return value != NULL && strcasecmp(value, "true") == 0;
}

static int
take_base(const struct creds_ask *ask, struct question *q, struct err *e)
{
	const char *endpoint =
	    look(ask, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
	const char *mode = look(
	    ask, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
	int six = mode != NULL && strcasecmp(mode, "ipv6") == 0;
	struct endpoint ep;
	struct err why;

	if (mode != NULL && !six && strcasecmp(mode, "ipv4") != 0)
		return err_set(e, EXIT_USAGE,
		    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE (ec2_metadata_service_endpoint_mode) = "
		    "'%.200s': not ipv4 or ipv6",
		    mode);
	if (mode == NULL)
		six = is_true(look(ask, "AWS_IMDS_USE_IPV6", "imds_use_ipv6"));
	if (endpoint == NULL)
		endpoint = six ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
	if (endpoint_parse(&ep, endpoint, &why) == -1)
		return err_set(e, EXIT_USAGE,
		    "AWS_EC2_METADATA_SERVICE_ENDPOINT (ec2_metadata_service_endpoint): %s",
		    why.text);
	buf_addf(&q->base, "%s://%s%s/", ep.scheme, ep.host, ep.base);
	buf_str(&q->base);
	endpoint_free(&ep);
	return 0;
}

/* --- asking --- */

static int
is_transient(long status, const char *body, size_t len)
{
	(void)body;
	return status != 200 || len == 0;
}

/* Asking again is of no use if a token is refused. */
static int
is_transient_token(long status, const char *body, size_t len)
{
	(void)body;
	(void)len;
	return status != 200 && (status < 400 || status > 499);
}

/* Sends h, with method, body, answer_max and transient filled, to a path below the base. */
static int
send_to(struct http_once *h, struct http_answer *a, const struct question *q, const char *path,
    struct err *e)
{
	struct buf url = {0};
	int rc;

	buf_add(&url, q->base.p, q->base.len);
	buf_adds(&url, path);
	h->url = buf_str(&url);
	h->tries = q->attempts;
	h->connect_ms = q->timeout_s * 1000;
	h->stall_ms = h->connect_ms + READ_EXTRA_MS;
	h->total_ms = TOTAL_MAX_MS;
	h->direct = 1;
	rc = http_once(h, a, e);
	buf_free(&url);
	return rc;
}

static int
take_token(struct question *q, struct http_answer *a)
{
	const char *text = buf_str(&a->body);

	if (a->status == 403 || a->status == 404 || a->status == 405) {
		buf_addf(&q->why, "%s: it has no tokens (%ld)", q->base.p, a->status);
		return q->no_v1 ? -1 : 0;
	}
	if (a->status != 200 || a->body.len == 0) {
		buf_addf(&q->why, "%s: the answer is %ld", q->base.p, a->status);
		return -1;
	}
	for (size_t i = 0; i < a->body.len; i++) {
		if (text[i] <= ' ' || text[i] > '~') {
			buf_addf(&q->why, "%s: not a token", q->base.p);
			return -1;
		}
	}
	buf_adds(&q->token, text);
	return 0;
}

/* Gets the token of IMDSv2. 0, with no token if the service has none; -1: there is no service. */
static int
get_token(struct question *q)
{
	struct http_once h = {
	    .method = "PUT", .body = "", .answer_max = TOKEN_MAX, .transient = is_transient_token};
	struct http_answer a = {0};
	struct err why;
	int rc;

	http_once_header(&h, "X-aws-ec2-metadata-token-ttl-seconds", "21600");
	if (send_to(&h, &a, q, "latest/api/token", &why) == 0) {
		rc = take_token(q, &a);
	} else {
		/* the answer may be lost on its way into a container, which is one network hop
		 * further */
		rc = a.fault == FETCH_FAULT_STALL && !q->no_v1 ? 0 : -1;
		buf_adds(&q->why, why.text);
	}
	http_answer_free(&a);
	if (rc == 0)
		buf_reset(&q->why);
	return rc;
}

/* Gets the role's name, or the credentials of the role `last`. -1 if there is no good answer;
 * q->why says why. */
static int
get_data(struct http_answer *a, struct question *q, const char *last, size_t max)
{
	struct http_once h = {.method = "GET", .answer_max = max, .transient = is_transient};
	struct buf path = {0};
	struct err why;
	int rc;

	if (q->token.len > 0)
		http_once_header(&h, "X-aws-ec2-metadata-token", buf_str(&q->token));
	buf_addf(&path, "latest/meta-data/iam/security-credentials/%s", last);
	rc = send_to(&h, a, q, buf_str(&path), &why);
	buf_free(&path);
	if (rc == -1)
		buf_adds(&q->why, why.text);
	else if (a->status == 404)
		buf_addf(&q->why, "%s: the instance has no role", q->base.p);
	else if (a->status != 200 || a->body.len == 0)
		buf_addf(&q->why, "%s: the answer is %ld", q->base.p, a->status);
	else
		return 0;
	return -1;
}

static int
get_role(struct question *q)
{
	struct http_answer a = {0};
	int rc = get_data(&a, q, "", ROLE_MAX);
	size_t len = rc == 0 ? strcspn(buf_str(&a.body), "\r\n") : 0;

	if (rc == 0 &&
	    (len == 0 ||
		strspn(a.body.p,
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		    "_+=,.@-") != len)) {
		buf_addf(&q->why, "%s: not the name of a role", q->base.p);
		rc = -1;
	}
	if (rc == 0) {
		memcpy(q->role, a.body.p, len);
		q->role[len] = '\0';
	}
	http_answer_free(&a);
	return rc;
}

/*
 * If the service cannot get new credentials it keeps giving the old ones, and AWS accepts them
 * after they have expired ("Static stability"); they are asked for again soon.
 */
static void
extend(struct creds *c)
{
	int64_t now = (int64_t)time(NULL);

	if (c->expires < now + EXTEND_S)
		c->expires = now + EXTEND_S;
}

/* An instance without valid credentials counts as no instance, as in botocore. */
static int
on_ask(struct creds *c, void *arg, struct err *e)
{
	struct question *q = arg;
	struct http_answer a = {0};
	struct buf where = {0};
	struct err why;
	int rc = 0;

	(void)e;
	if (get_token(q) == 0 && get_role(q) == 0 && get_data(&a, q, q->role, ANSWER_MAX) == 0) {
		buf_addf(&where, "instance metadata: role %s", q->role);
		c->source = xstrdup(buf_str(&where));
		rc = creds_json_parse(
		    c, &creds_json_metadata, a.body.p, a.body.len, buf_str(&where), &why);
		if (rc == 1) {
			extend(c);
		} else {
			buf_addf(&q->why, "role %s: no credentials ", q->role);
			creds_json_message(
			    &q->why, a.body.p, a.body.len, "Message", "Code", MESSAGE_MAX);
			creds_free(c);
			rc = 0;
		}
	}
	buf_free(&where);
	http_answer_free(&a);
	return rc;
}

int
creds_from_instance(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	struct creds_cached rule = {
	    .refused = ask->refused, .max_age_s = MAX_AGE_S, .wait_ms = LOCK_WAIT_MS};
	struct question q = {.timeout_s = TIMEOUT_S, .attempts = 1};
	int rc = 0;

	if (is_true(profile_env("AWS_EC2_METADATA_DISABLED"))) {
		buf_adds(why, "AWS_EC2_METADATA_DISABLED is true");
		return 0;
	}
	q.no_v1 = is_true(look(ask, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"));
	if (take_number(ask, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout",
		TIMEOUT_MAX_S, &q.timeout_s, e) == -1 ||
	    take_number(ask, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts",
		ATTEMPTS_MAX, &q.attempts, e) == -1 ||
	    take_base(ask, &q, e) == -1) {
		rc = -1;
	} else {
		creds_cache_key(&rule.key, "action", "instance metadata");
		creds_cache_key(&rule.key, "url", buf_str(&q.base));
		creds_cache_machine(&rule.key);
		rc = creds_cached(c, &rule, on_ask, &q, e);
	}
	if (rc == 0)
		buf_add(why, q.why.p, q.why.len);
	if (q.token.p != NULL)
		explicit_bzero(q.token.p, q.token.cap);
	buf_free(&q.base);
	buf_free(&q.token);
	buf_free(&q.why);
	return rc;
}
