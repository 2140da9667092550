#include <string.h>
#include <strings.h>

#include "aws/aws_endpoint.h"
#include "base/num.h"
#include "creds/creds_cache.h"
#include "creds/creds_source.h"
#include "creds/sts.h"

enum {
	CHAIN_MAX = 16,	      /* roles, each assumed with the credentials of the next */
	LOCK_WAIT_MS = 35000, /* a little longer than sts_assume may take */
	DURATION_MAX = 43200, /* seconds; STS knows each role's own limit */
};

/* --- what the profile says --- */

static int
has_keys(const struct profile *p)
{
	return profile_get(p, "aws_access_key_id") != NULL ||
	    profile_get(p, "aws_secret_access_key") != NULL;
}

static int
has_role(const struct profile *p)
{
	return profile_get(p, "role_arn") != NULL &&
	    profile_get(p, "web_identity_token_file") == NULL;
}

/* The source of credential_source; NULL: unknown. */
static creds_source *
source_of(const char *name)
{
	static const struct {
		const char *name;
		creds_source *get;
	} known[] = {
	    {"Environment", creds_from_environment},
	    {"Ec2InstanceMetadata", creds_from_instance},
	    {"EcsContainer", creds_from_container},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].get;
	return NULL;
}

static int
check(const struct profile *p, struct err *e)
{
	const char *profile = profile_get(p, "source_profile");
	const char *source = profile_get(p, "credential_source");

	if (profile != NULL && source != NULL)
		return err_set(e, EXIT_USAGE,
		    "profile %s: role_arn with both source_profile and credential_source", p->name);
	if (profile == NULL && source == NULL)
		return err_set(e, EXIT_USAGE,
		    "profile %s: role_arn without source_profile or credential_source", p->name);
	if (source != NULL && source_of(source) == NULL)
		return err_set(e, EXIT_USAGE,
		    "profile %s: credential_source = '%.200s': not Environment, "
		    "Ec2InstanceMetadata or EcsContainer",
		    p->name, source);
	return 0;
}

/* --- the source --- */

/* A profile may be its own source, for its keys; otherwise none comes twice in a chain. */
static int
check_loop(
    const struct creds_ask *ask, const char *name, const struct profile *source, struct err *e)
{
	int depth = 0;

	for (const struct creds_ask *a = ask; a != NULL; a = a->by, depth++) {
		if (strcmp(a->profile->name, name) != 0)
			continue;
		if (a == ask && has_keys(source))
			return 0;
		return err_set(e, EXIT_USAGE, "profile %s: source_profile = %s forms a loop",
		    ask->profile->name, name);
	}
	if (depth > CHAIN_MAX)
		return err_set(e, EXIT_USAGE,
		    "profile %s: source_profile leads through more than %d roles", ask->top->name,
		    CHAIN_MAX);
	return 0;
}

static int
from_source_profile(struct creds *c, const struct creds_ask *ask, const char *name, struct err *e)
{
	struct creds_ask inner = *ask;
	struct profile source;
	struct buf why = {0};
	int rc = -1;

	profile_view(&source, ask->profile, name);
	inner.profile = &source;
	inner.by = ask;
	inner.environment = 0;
	if (source.in_credentials == NULL && source.in_config == NULL)
		err_set(e, EXIT_USAGE, "profile %s: source_profile = %s: there is no such profile",
		    ask->profile->name, name);
	else if (check_loop(ask, name, &source, e) == 0)
		rc = has_role(&source) && !has_keys(&source)
		    ? creds_from_role(c, &inner, &why, e)
		    : creds_from_profile(c, &inner, &why, e);
	if (rc == 0)
		rc =
		    err_set(e, EXIT_USAGE, "profile %s: source_profile = %s: it has no credentials",
			ask->profile->name, name);
	buf_free(&why);
	profile_view_free(&source);
	return rc;
}

static int
from_credential_source(
    struct creds *c, const struct creds_ask *ask, const char *name, struct err *e)
{
	struct buf why = {0};
	int rc = source_of(name)(c, ask, &why, e);

	if (rc == 0)
		rc = err_set(e, EXIT_USAGE,
		    "profile %s: credential_source = %s: no credentials (%s)", ask->profile->name,
		    name, buf_str(&why));
	if (rc == 1 && c->source == NULL)
		c->source = xstrdup(name);
	buf_free(&why);
	return rc;
}

/* --- the role --- */

struct question {
	struct sts_request request;
	struct creds source;
	struct buf where, endpoint;
};

static int
on_ask(struct creds *c, void *arg, struct err *e)
{
	struct question *q = arg;
	int rc = sts_assume(c, &q->request, buf_str(&q->where), e);

	c->source = xstrdup(buf_str(&q->where));
	return rc;
}

static void
fill(struct question *q, const struct creds_ask *ask, struct creds_cached *rule)
{
	const struct profile *p = ask->profile;
	const char *duration = profile_get(p, "duration_seconds");
	int lasts = q->source.expires == 0 || strcmp(q->source.source, "environment") == 0;
	uint64_t n;

	/* like botocore, ignore one that is not a number */
	if (duration != NULL && num_parse(duration, 1, DURATION_MAX, &n) == -1)
		duration = NULL;
	q->request = (struct sts_request){
	    .endpoint = buf_str(&q->endpoint),
	    .region = creds_source_region(ask),
	    .ca_file = ask->settings->ca_bundle,
	    .role_arn = profile_get(p, "role_arn"),
	    .session_name = profile_get(p, "role_session_name"),
	    .external_id = profile_get(p, "external_id"),
	    .duration_s = duration,
	    .signer = &q->source,
	};
	creds_cache_key(&rule->key, "action", "AssumeRole");
	creds_cache_key(&rule->key, "endpoint", q->request.endpoint);
	creds_cache_key(&rule->key, "role", q->request.role_arn);
	creds_cache_key(&rule->key, "session", q->request.session_name);
	creds_cache_key(&rule->key, "external id", q->request.external_id);
	creds_cache_key(&rule->key, "duration", duration);
	/* temporary keys do not identify their owner, but their source does */
	creds_cache_key(&rule->key, "by", lasts ? q->source.access_key : q->source.source);
}

int
creds_from_role(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	const struct profile *p = ask->profile;
	const char *profile = profile_get(p, "source_profile");
	struct creds_cached rule = {.refused = ask->refused, .wait_ms = LOCK_WAIT_MS};
	struct question q = {.source = {0}};
	int rc;

	if (!has_role(p))
		return 0;
	if (check(p, e) == -1)
		return -1;
	if (profile_get(p, "mfa_serial") != NULL)
		return creds_from_mfa(c, ask, why, e);
	rc = profile != NULL
	    ? from_source_profile(&q.source, ask, profile, e)
	    : from_credential_source(&q.source, ask, profile_get(p, "credential_source"), e);
	if (rc == 1 &&
	    aws_endpoint(&q.endpoint, AWS_STS, ask->top, creds_source_region(ask), e) == -1)
		rc = -1;
	if (rc == 1) {
		buf_addf(&q.where, "profile %s: role %s", p->name, profile_get(p, "role_arn"));
		fill(&q, ask, &rule);
		rc = creds_cached(c, &rule, on_ask, &q, e);
	}
	creds_free(&q.source);
	buf_free(&q.where);
	buf_free(&q.endpoint);
	return rc;
}
