#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "s3/s3_state.h"

/* Not in a batch of the pipeline, as the run has warned already. */
static void
warn_of_open_way(const struct s3 *s3)
{
	if (endpoint_is_open(&s3->addr.endpoint) && getenv("SHEAF_BATCH") == NULL)
		log_line(LOG_WARN, NULL,
		    "endpoint http://%s: not encrypted: anyone on the network path can read and "
		    "change "
		    "the data; use https://",
		    s3->addr.endpoint.host);
}

static int
settings_take(struct s3 *s3, struct err *e)
{
	const struct s3_opt *o = &s3->opt;
	struct aws_settings *st = &s3->settings;
	const char *region, *style = st->addressing_style;

	if (s3_addr_parse(
		&s3->addr, o->endpoint_url != NULL ? o->endpoint_url : st->endpoint_url, e) == -1)
		return -1;
	if (style != NULL && strcmp(style, "path") == 0)
		s3->addr.style = S3_STYLE_PATH;
	else if (style != NULL && strcmp(style, "virtual") == 0)
		s3->addr.style = S3_STYLE_VIRTUAL;
	s3->addr.dualstack = st->use_dualstack;
	s3->addr.fips = st->use_fips;
	if (st->use_fips && !s3_addr_is_aws(&s3->addr))
		return err_set(e, EXIT_USAGE,
		    "use_fips_endpoint (AWS_USE_FIPS_ENDPOINT) cannot be used with another "
		    "endpoint, "
		    "%s",
		    s3->addr.endpoint.host);
	if (st->use_dualstack && !s3_addr_is_aws(&s3->addr))
		return err_set(e, EXIT_USAGE,
		    "use_dualstack_endpoint (AWS_USE_DUALSTACK_ENDPOINT) cannot be used with "
		    "another "
		    "endpoint, %s",
		    s3->addr.endpoint.host);
	region = o->region != NULL ? o->region : st->region != NULL ? st->region : "us-east-1";
	if (!region_is_name(region))
		return err_set(e, EXIT_USAGE, "region '%s': not the name of a region", region);
	if (st->use_fips && strncmp(region, "cn-", 3) == 0)
		return err_set(e, EXIT_USAGE,
		    "region '%s': there are no endpoints for use_fips_endpoint "
		    "(AWS_USE_FIPS_ENDPOINT)",
		    region);
	s3->addr.global = strcmp(region, S3_GLOBAL) == 0;
	s3_region_set(&s3->regions, s3->addr.global ? S3_GLOBAL_REGION : region);
	if (o->region != NULL) { /* STS is asked there, too */
		free(st->region);
		st->region = xstrdup(o->region);
	}
	warn_of_open_way(s3);
	return 0;
}

/* The profile holds secrets, so it is wiped as soon as it has been used. */
int
s3_settings_load(struct s3 *s3, struct err *e)
{
	struct profile p;
	int rc;

	if (aws_settings_load(&s3->settings, &p, s3->opt.profile, e) == -1)
		return -1;
	rc = settings_take(s3, e);
	if (rc == 0 && !s3->opt.no_sign_request)
		rc = creds_held_open(&s3->held, &s3->settings, &p, e);
	profile_free(&p);
	return rc;
}

const char *
s3_describe(struct s3 *s3)
{
	const struct endpoint *ep = &s3->addr.endpoint;

	buf_reset(&s3->text);
	buf_addf(&s3->text, "endpoint %s://%s%s, region %s, credentials: %s", ep->scheme,
	    ep->host != NULL ? ep->host : "(AWS, by region)", ep->base, s3->regions.region,
	    s3->opt.no_sign_request ? "none (--no-sign-request)" : s3->held.creds.source);
	return buf_str(&s3->text);
}

int
s3_signs_payload(const struct s3 *s3)
{
	return !s3->opt.no_sign_request && endpoint_is_open(&s3->addr.endpoint);
}

int
s3_sends_checksums(const struct s3 *s3)
{
	const char *when = s3->settings.checksum_calculation;

	return when != NULL ? strcmp(when, "when_supported") == 0 : s3_is_aws(s3);
}

int
s3_asks_checksums(const struct s3 *s3)
{
	const char *when = s3->settings.checksum_validation;

	return when == NULL || strcmp(when, "when_supported") == 0;
}

int
s3_is_aws(const struct s3 *s3)
{
	return s3_addr_is_aws(&s3->addr);
}
