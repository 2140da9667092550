#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/aws_endpoint.h"
#include "aws/aws_settings.h"
#include "aws/aws_trust.h"
#include "base/buf.h"
#include "base/num.h"

enum { ATTEMPTS_MAX = 1000 };

/* A setting and where it was found, for messages. */
struct found {
	const char *value;    /* NULL: nowhere */
	const char *variable; /* NULL: in the profile */
	const char *key;
};

static struct found
look(const struct profile *p, const char *variable, const char *key)
{
	const char *value = profile_env(variable);

	if (value != NULL)
		return (struct found){value, variable, key};
	return (struct found){profile_get(p, key), NULL, key};
}

static int
impossible(const struct profile *p, const struct found *f, const char *possible, struct err *e)
{
	if (f->variable != NULL)
		return err_set(
		    e, EXIT_USAGE, "%s='%.200s': not %s", f->variable, f->value, possible);
	return err_set(e, EXIT_USAGE, "profile %s: %s = '%.200s': not %s", p->name, f->key,
	    f->value, possible);
}

static int
take_bool(const struct profile *p, const struct found *f, int *out, struct err *e)
{
	if (f->value == NULL)
		return 0;
	if (strcasecmp(f->value, "true") == 0)
		*out = 1;
	else if (strcasecmp(f->value, "false") == 0)
		*out = 0;
	else
		return impossible(p, f, "true or false", e);
	return 0;
}

/* One of the words, in any case. */
static int
take_word(const struct profile *p, const struct found *f, const char *const *words,
    const char *possible, char **out, struct err *e)
{
	if (f->value == NULL)
		return 0;
	for (; *words != NULL; words++) {
		if (strcasecmp(f->value, *words) == 0) {
			*out = xstrdup(*words);
			return 0;
		}
	}
	return impossible(p, f, possible, e);
}

static char *
copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

/* Checked here, as only here it is known where it is from. */
static int
take_trust(struct aws_settings *s, const struct profile *p, struct err *e)
{
	struct found f = look(p, "AWS_CA_BUNDLE", "ca_bundle");
	struct buf where = {0};
	int rc;

	if (f.value == NULL || (f.variable != NULL && aws_trust_adds_nothing(f.value)))
		return aws_trust_check_environment(e);
	s->ca_bundle = copy(f.value);
	if (f.variable != NULL)
		return aws_trust_check_file(f.variable, f.value, e);
	buf_addf(&where, "profile %s: ca_bundle", p->name);
	rc = aws_trust_check_file(buf_str(&where), f.value, e);
	buf_free(&where);
	return rc;
}

static int
take_others(struct aws_settings *s, const struct profile *p, struct err *e)
{
	static const char *const styles[] = {"auto", "path", "virtual", NULL};
	static const char *const times[] = {"when_supported", "when_required", NULL};
	const char *region = profile_env("AWS_REGION");
	struct found f = look(p, "AWS_DEFAULT_REGION", "region");
	uint64_t n;

	s->region = copy(region != NULL ? region : f.value);
	f = look(p, "AWS_MAX_ATTEMPTS", "max_attempts");
	if (f.value != NULL) {
		if (num_parse(f.value, 1, ATTEMPTS_MAX, &n) == -1)
			return impossible(p, &f, "a number from 1 to 1000", e);
		s->max_attempts = (unsigned)n;
	}
	f = look(p, "AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation");
	if (take_word(
		p, &f, times, "when_supported or when_required", &s->checksum_calculation, e) == -1)
		return -1;
	f = look(p, "AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation");
	if (take_word(
		p, &f, times, "when_supported or when_required", &s->checksum_validation, e) == -1)
		return -1;
	f = (struct found){
	    profile_get_nested(p, "s3", "addressing_style"), NULL, "s3 addressing_style"};
	if (take_word(p, &f, styles, "auto, path or virtual", &s->addressing_style, e) == -1)
		return -1;
	f = (struct found){profile_get_nested(p, "s3", "use_dualstack_endpoint"), NULL,
	    "s3 use_dualstack_endpoint"};
	if (take_bool(p, &f, &s->use_dualstack, e) == -1)
		return -1;
	f = look(p, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
	if (take_bool(p, &f, &s->use_dualstack, e) == -1)
		return -1;
	f = look(p, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
	return take_bool(p, &f, &s->use_fips, e);
}

int
aws_settings_load(struct aws_settings *s, struct profile *p, const char *profile, struct err *e)
{
	const char *variable =
	    profile_env("AWS_PROFILE") != NULL ? "AWS_PROFILE" : "AWS_DEFAULT_PROFILE";
	const char *name = profile != NULL ? profile : profile_env(variable), *url;
	struct buf files = {0};

	*s = (struct aws_settings){0};
	if (profile_load(p, name != NULL ? name : "default", e) == -1)
		return -1;
	s->profile = xstrdup(p->name);
	s->profile_asked = profile != NULL;
	if (name != NULL && p->in_credentials == NULL && p->in_config == NULL) {
		profile_add_files(&files, p);
		err_set(e, EXIT_USAGE, "profile %.200s%s%s%s: there is none in %s", name,
		    profile != NULL ? "" : " (", profile != NULL ? "" : variable,
		    profile != NULL ? "" : ")", buf_str(&files));
		buf_free(&files);
		goto fail;
	}
	if (aws_endpoint_configured(p, "AWS_ENDPOINT_URL_S3", "s3", &url, e) == -1 ||
	    take_trust(s, p, e) == -1 || take_others(s, p, e) == -1)
		goto fail;
	s->endpoint_url = copy(url);
	return 0;
fail:
	profile_free(p);
	aws_settings_free(s);
	return -1;
}

void
aws_settings_free(struct aws_settings *s)
{
	if (s == NULL)
		return;
	free(s->profile);
	free(s->region);
	free(s->endpoint_url);
	free(s->ca_bundle);
	free(s->addressing_style);
	free(s->checksum_calculation);
	free(s->checksum_validation);
	*s = (struct aws_settings){0};
}
