#include <string.h>
#include <strings.h>

#include "aws/aws_endpoint.h"
#include "aws/endpoint.h"
#include "aws/region.h"

static const struct {
	const char *variable, *section, *host;
} services[] = {
    [AWS_STS] = {"AWS_ENDPOINT_URL_STS", "sts", "sts"},
    [AWS_SSO] = {"AWS_ENDPOINT_URL_SSO", "sso", "portal.sso"},
    [AWS_SSO_OIDC] = {"AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc", "oidc"},
};

/* A setting that aws_settings_load has checked already. */
static int
is_set(const struct profile *p, const char *variable, const char *key)
{
	const char *value = profile_env(variable);

	if (value == NULL)
		value = profile_get(p, key);
	return value != NULL && strcasecmp(value, "true") == 0;
}

/* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, or the profile's. */
static int
is_ignored(const struct profile *p, int *ignored, struct err *e)
{
	const char *value = profile_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	int variable = value != NULL;

	if (!variable)
		value = profile_get(p, "ignore_configured_endpoint_urls");
	*ignored = value != NULL && strcasecmp(value, "true") == 0;
	if (value == NULL || *ignored || strcasecmp(value, "false") == 0)
		return 0;
	if (variable)
		return err_set(e, EXIT_USAGE,
		    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS='%.200s': not true or false", value);
	return err_set(e, EXIT_USAGE,
	    "profile %s: ignore_configured_endpoint_urls = '%.200s': not true or false", p->name,
	    value);
}

int
aws_endpoint_configured(const struct profile *p, const char *variable, const char *service,
    const char **url, struct err *e)
{
	const char *name = profile_get(p, "services");
	const struct ini_section *section;
	int ignored;

	*url = NULL;
	if (is_ignored(p, &ignored, e) == -1)
		return -1;
	if (ignored)
		return 0;
	*url = profile_env(variable);
	if (*url == NULL)
		*url = profile_env("AWS_ENDPOINT_URL");
	if (*url == NULL && name != NULL) {
		if ((section = ini_section(p->config, "services", name)) == NULL)
			return err_set(e, EXIT_USAGE,
			    "profile %s: services = '%.200s': no [services %.200s] in %s", p->name,
			    name, name, p->config_file != NULL ? p->config_file : "a config file");
		*url = ini_get_nested(section, service, "endpoint_url");
	}
	if (*url == NULL)
		*url = profile_get(p, "endpoint_url");
	return 0;
}

static const char *
suffix(const char *region, int dualstack)
{
	if (strncmp(region, "cn-", 3) == 0)
		return dualstack ? "api.amazonwebservices.com.cn" : "amazonaws.com.cn";
	return dualstack ? "api.aws" : "amazonaws.com";
}

/* A URL from the user's settings. */
static int
add_set(struct buf *url, const char *set, const char *variable, struct err *e)
{
	struct endpoint ep;
	struct err why;

	if (endpoint_parse(&ep, set, &why) == -1)
		return err_set(e, EXIT_USAGE, "%s: %s", variable, why.text);
	buf_addf(url, "%s://%s%s", ep.scheme, ep.host, ep.base);
	endpoint_free(&ep);
	return 0;
}

int
aws_endpoint(struct buf *url, enum aws_service service, const struct profile *p, const char *region,
    struct err *e)
{
	int fips = is_set(p, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
	int dualstack = is_set(p, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
	int gov = strncmp(region, "us-gov-", 7) == 0;
	const char *set;

	if (aws_endpoint_configured(
		p, services[service].variable, services[service].section, &set, e) == -1)
		return -1;
	if (set != NULL)
		return add_set(url, set, services[service].variable, e);
	if (!region_is_name(region))
		return err_set(e, EXIT_USAGE, "region '%.200s': not the name of a region", region);
	if (service == AWS_STS && gov && !dualstack)
		fips = 0; /* there the plain name is a FIPS endpoint */
	buf_addf(url, "https://%s%s.%s.%s", services[service].host, fips ? "-fips" : "", region,
	    suffix(region, dualstack));
	return 0;
}
