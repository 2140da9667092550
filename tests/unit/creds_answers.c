/*
 * What STS, SSO, containers and instance metadata answer, and the files that they leave:
 * lib/creds/sts, lib/creds/creds_json, lib/creds/sso_token, lib/creds/container_url,
 * lib/aws/aws_endpoint.
 */
#include <stdlib.h>
#include <string.h>

#include "aws/aws_endpoint.h"
#include "base/buf.h"
#include "creds/container_url.h"
#include "creds/creds_json.h"
#include "creds/sso_token.h"
#include "creds/sts.h"
#include "tap.h"

static struct buf out;

/* "access secret token expires", or the error's text. */
static const char *
shown(int rc, struct creds *c, const struct err *e)
{
	buf_reset(&out);
	if (rc == 1)
		buf_addf(&out, "%s %s %s %lld", c->access_key, c->secret_key,
		    c->session_token != NULL ? c->session_token : "(none)", (long long)c->expires);
	else
		buf_adds(&out, e->text);
	OK(strstr(buf_str(&out), "hidden") == NULL, "no hidden value is shown");
	creds_free(c);
	return buf_str(&out);
}

/* --- STS --- */

static const char *
sts(const char *doc)
{
	struct creds c = {0};
	struct err e = {.status = 0};

	return shown(sts_answer(&c, doc, strlen(doc), "w", &e), &c, &e);
}

static const char *
sts_error(const char *doc)
{
	buf_reset(&out);
	sts_answer_error(&out, doc, strlen(doc));
	return buf_str(&out);
}

#define CREDENTIALS(expiration)                                                                    \
	"<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"                 \
	"<AssumeRoleResult><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser>"  \
	"<Credentials><AccessKeyId>AK</AccessKeyId><SecretAccessKey>S/&#43;</SecretAccessKey>"     \
	"<SessionToken>T==</SessionToken><Expiration>" expiration "</Expiration></Credentials>"    \
	"</AssumeRoleResult></AssumeRoleResponse>"

static void
test_sts(void)
{
	static const char denied[] =
	    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
	    "<Message>User: x is not &lt;authorized&gt;</Message></Error></ErrorResponse>";
	static const char busy[] =
	    "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";

	OK_STR(sts(CREDENTIALS("2026-11-23T13:45:00Z")), "AK S/+ T== 1795441500", "an answer");
	OK_STR(sts(CREDENTIALS("never")), "w: the answer's Expiration is not a time", "no time");
	OK_STR(sts("<x><AccessKeyId>A</AccessKeyId><SecretAccessKey>hidden</SecretAccessKey></x>"),
	    "w: the answer holds no credentials", "half of it");
	OK_STR(sts("<x><AccessKeyId>A</AccessKeyId><SecretAccessKey>hidden hidden</SecretAccessKey>"
		   "<SessionToken>T</SessionToken>"
		   "<Expiration>2026-11-23T13:45:00Z</Expiration></x>"),
	    "w: a key or token with a space or another character that keys never contain",
	    "a space");
	OK_STR(sts("no XML"), "w: the answer holds no credentials", "no XML");
	OK_STR(sts(""), "w: the answer holds no credentials", "nothing");
	OK_STR(sts_error(denied), "AccessDenied: User: x is not <authorized>", "an error");
	OK_STR(sts_error("<html><body>"), "", "an error of a proxy");
	OK(sts_answer_transient(503, "", 0) && sts_answer_transient(429, "", 0), "by status");
	OK(sts_answer_transient(400, busy, strlen(busy)), "by code");
	OK(!sts_answer_transient(403, denied, strlen(denied)), "never");
	OK(!sts_answer_transient(200, busy, strlen(busy)), "nor what is right");
}

/* --- JSON --- */

static const char *
json(const struct creds_json_form *form, const char *text)
{
	struct creds c = {0};
	struct err e = {.status = 0};

	return shown(creds_json_parse(&c, form, text, strlen(text), "w", &e), &c, &e);
}

static void
test_json(void)
{
	static const char two[] = "{\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"hidden\"";
	struct buf text = {0};

	OK_STR(json(&creds_json_metadata,
		   "{\"Code\":\"Success\",\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"SK\","
		   "\"Token\":\"T\",\"Expiration\":\"2026-11-23T13:45:00Z\"}"),
	    "AK SK T 1795441500", "metadata");
	buf_addf(&text, "%s}", two);
	OK_STR(json(&creds_json_metadata, buf_str(&text)), "w: the answer holds no Token",
	    "without a token");
	buf_reset(&text);
	buf_addf(&text, "%s,\"Token\":\"T\"}", two);
	OK_STR(json(&creds_json_metadata, buf_str(&text)),
	    "w: the answer's Expiration is not a time", "without a time");
	buf_reset(&text);
	buf_addf(&text, "%s,\"Token\":\"T\",\"Expiration\":1795441500}", two);
	OK_STR(json(&creds_json_metadata, buf_str(&text)),
	    "w: the answer's Expiration is not a time", "a number for a time");
	OK_STR(json(&creds_json_metadata, "{\"AccessKeyId\":1,\"SecretAccessKey\":[]}"),
	    "w: the answer holds no AccessKeyId and SecretAccessKey", "other types");
	OK_STR(
	    json(&creds_json_metadata, "[]"), "w: the answer is not the expected JSON", "an array");
	OK_STR(json(&creds_json_metadata, ""), "w: the answer is not the expected JSON", "nothing");
	OK_STR(json(&creds_json_sso,
		   "{\"roleCredentials\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"SK\","
		   "\"sessionToken\":\"T\",\"expiration\":1795441500999}}"),
	    "AK SK T 1795441500", "SSO");
	OK_STR(json(&creds_json_sso, "{\"message\":\"hidden\"}"),
	    "w: the answer is not the expected JSON", "SSO's, without credentials");
	OK_STR(json(&creds_json_sso,
		   "{\"roleCredentials\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"SK\","
		   "\"sessionToken\":\"T\",\"expiration\":-5}}"),
	    "w: the answer's expiration is not a time", "SSO's, before 1970");
	buf_reset(&text);
	creds_json_message(&text, "{\"message\":\"too long\"}", 22, "message", "Message", 3);
	OK_STR(buf_str(&text), "too", "a message");
	buf_free(&text);
}

static const char *
entry(const char *text)
{
	struct creds c = {0};
	struct err e = {.text = "broken"};
	int64_t asked;
	int rc = creds_json_entry_read(&c, &asked, text, strlen(text)) == 0 ? 1 : -1;

	return shown(rc, &c, &e);
}

static void
test_entry(void)
{
	struct creds c = {.access_key = xstrdup("A\"K"),
	    .secret_key = xstrdup("S\\K"),
	    .session_token = xstrdup("T"),
	    .expires = 1795441500,
	    .source = xstrdup("role \xc3\xa9")};
	struct buf text = {0};

	OK(creds_json_entry_write(&text, &c, 1795440000) == 0, "written");
	OK_STR(entry(buf_str(&text)), "A\"K S\\K T 1795441500", "and read");
	buf_reset(&text);
	creds_free(&c);
	c = (struct creds){
	    .access_key = xstrdup("A"), .secret_key = xstrdup("S"), .source = xstrdup("\xff")};
	OK(creds_json_entry_write(&text, &c, 1) == -1, "a source that is no UTF-8");
	creds_free(&c);
	buf_free(&text);
	OK_STR(entry("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
		     "\"Expiration\":5,\"Asked\":4,\"Source\":\"s\"}"),
	    "A S (none) 5", "without a token");
	OK_STR(entry("{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
		     "\"Expiration\":5,\"Asked\":4,\"Source\":\"s\"}"),
	    "broken", "another version");
	OK_STR(entry("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
		     "\"Asked\":4,\"Source\":\"s\"}"),
	    "broken", "no expiration");
	OK_STR(entry("{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
		     "\"Expiration\":0,\"Asked\":4,\"Source\":\"s\"}"),
	    "A S (none) 0", "one that never comes");
	OK_STR(entry("{\"Version\":1,\"AccessKeyId\":\"A\\n\",\"SecretAccessKey\":\"S\","
		     "\"Expiration\":5,\"Asked\":4,\"Source\":\"s\"}"),
	    "broken", "a key that is none");
	OK_STR(entry("{\"Version\":1,\"AccessKeyId\":\"A\""), "broken", "cut short");
	OK_STR(entry(""), "broken", "nothing");
}

/* --- SSO tokens --- */

static void
test_sso_token(void)
{
	static const char file[] =
	    "{\"startUrl\":\"https://s\",\"region\":\"r\",\"accessToken\":\"a\","
	    "\"expiresAt\":\"2026-11-23T13:45:00UTC\",\"clientId\":\"c\",\"clientSecret\":\"cs\","
	    "\"registrationExpiresAt\":\"2026-12-23T13:45:00Z\",\"refreshToken\":\"r1\"}";
	static const char *const broken[] = {"", "[]", "{}", "{\"accessToken\":\"a\"}",
	    "{\"accessToken\":\"a\",\"expiresAt\":\"soon\"}",
	    "{\"accessToken\":\"a\\r\\nb\",\"expiresAt\":\"2026-11-23T13:45:00Z\"}",
	    "{\"accessToken\":1,\"expiresAt\":\"2026-11-23T13:45:00Z\"}"};
	const char *answer = "{\"accessToken\":\"a2\",\"expiresIn\":3600,\"refreshToken\":\"r2\"}";
	struct sso_token t;
	struct buf text = {0};

	OK(sso_token_read(&t, file, strlen(file)) == 0, "a token");
	OK(t.expires == 1795441500 && t.registration_expires_at == 1798033500, "its times");
	OK(sso_token_renewable(&t, 1795441500), "it can be renewed");
	OK(!sso_token_renewable(&t, 1798033500), "but not when the registration has expired");
	sso_token_request(&text, &t);
	OK_STR(buf_str(&text),
	    "{\"grantType\":\"refresh_token\",\"clientId\":\"c\",\"clientSecret\":\"cs\","
	    "\"refreshToken\":\"r1\"}",
	    "the request");
	OK(sso_token_renew(&t, "{\"error\":\"x\"}", 13, 1000) == -1 &&
		strcmp(t.access_token, "a") == 0,
	    "an answer without a token changes nothing");
	OK(sso_token_renew(&t, "{\"accessToken\":\"b\",\"expiresIn\":-1}", 34, 1000) == -1,
	    "nor one for no time");
	OK(sso_token_renew(&t, answer, strlen(answer), 1795441500) == 0, "a good one");
	buf_reset(&text);
	OK(sso_token_write(&text, &t, "https://s", "r") == 0, "written");
	OK_STR(buf_str(&text),
	    "{\"startUrl\":\"https://s\",\"region\":\"r\",\"accessToken\":\"a2\","
	    "\"expiresAt\":\"2026-11-23T14:45:00Z\",\"clientId\":\"c\",\"clientSecret\":\"cs\","
	    "\"registrationExpiresAt\":\"2026-12-23T13:45:00Z\",\"refreshToken\":\"r2\"}",
	    "as the CLI writes it");
	sso_token_free(&t);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		OK(sso_token_read(&t, broken[i], strlen(broken[i])) == -1 && t.access_token == NULL,
		    "broken: %s", broken[i]);
	buf_free(&text);
}

/* --- addresses --- */

static void
test_container_url(void)
{
	static const char *const good[] = {"https://example.com/x", "HTTPS://[2001:db8::1]:8/",
	    "http://127.0.0.1/x", "http://127.9.9.9:80", "http://localhost:1/?a=b",
	    "http://LOCALHOST", "http://[::1]/", "http://[0:0::1]:9/", "http://169.254.170.2/v2",
	    "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1",
	    "http://[FD00:EC2:0::23]:80/v1"};
	static const char *const bad[] = {"", "ftp://127.0.0.1/", "127.0.0.1", "http://",
	    "http:///x", "http://example.com/", "http://169.254.169.254/", "http://10.0.0.1",
	    "http://127.0.0.1.evil.com/", "http://127.1/", "http://0x7f.0.0.1/",
	    "http://2130706433/", "http://127.0.0.1@evil.com/", "http://localhost:80@evil.com/",
	    "http://evil.com#@127.0.0.1/", "http://evil.com\\@127.0.0.1/", "http://127.0.0.1:0/",
	    "http://127.0.0.1:99999/", "http://127.0.0.1:/", "http://[::1", "http://[::1]x/",
	    "http://[::2]/", "http://[::ffff:127.0.0.1]/", "http://::1/", "http://fd00:ec2::23/",
	    "http://127.0.0.1/a b", "http://127.0.0.1/\n", "https://user@example.com/", "https://"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		OK(container_url_allowed(good[i]), "allowed: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		OK(!container_url_allowed(bad[i]), "refused: %s", bad[i]);
}

static const char *
endpoint(enum aws_service service, const char *config, const char *region)
{
	struct profile p = {.name = xstrdup("x")};
	struct err e = {.status = 0};

	if (config != NULL)
		p.config = ini_parse(config, strlen(config), &e);
	p.in_config = ini_section(p.config, "profile", "x");
	buf_reset(&out);
	if (aws_endpoint(&out, service, &p, region, &e) == -1)
		buf_adds(&out, e.text);
	profile_free(&p);
	return buf_str(&out);
}

static void
test_endpoint(void)
{
	static const char fips[] = "[profile x]\nuse_fips_endpoint=true\n";
	static const char dual[] = "[profile x]\nuse_dualstack_endpoint=true\n";
	static const char mine[] = "[profile x]\nservices = s\nendpoint_url = http://all/\n"
				   "[services s]\nsts =\n  endpoint_url = http://sts/\n"
				   "sso_oidc =\n  endpoint_url = http://oidc\n";

	OK_STR(endpoint(AWS_STS, NULL, "eu-west-1"), "https://sts.eu-west-1.amazonaws.com", "STS");
	OK_STR(endpoint(AWS_STS, NULL, "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn",
	    "China");
	OK_STR(endpoint(AWS_SSO, NULL, "us-gov-west-1"),
	    "https://portal.sso.us-gov-west-1.amazonaws.com", "SSO");
	OK_STR(endpoint(AWS_SSO_OIDC, NULL, "us-east-1"), "https://oidc.us-east-1.amazonaws.com",
	    "OIDC");
	OK_STR(endpoint(AWS_STS, fips, "us-east-1"), "https://sts-fips.us-east-1.amazonaws.com",
	    "FIPS");
	OK_STR(endpoint(AWS_STS, fips, "us-gov-west-1"), "https://sts.us-gov-west-1.amazonaws.com",
	    "FIPS by its plain name");
	OK_STR(endpoint(AWS_STS, dual, "us-east-1"), "https://sts.us-east-1.api.aws", "dual-stack");
	OK_STR(endpoint(AWS_STS, dual, "cn-north-1"),
	    "https://sts.cn-north-1.api.amazonwebservices.com.cn", "dual-stack in China");
	OK_STR(endpoint(AWS_STS, NULL, "evil.com/"), "region 'evil.com/': not the name of a region",
	    "no region");
	OK_STR(endpoint(AWS_STS, mine, "r"), "http://sts", "a service's own");
	OK_STR(endpoint(AWS_SSO_OIDC, mine, "r"), "http://oidc", "OIDC's");
	OK_STR(endpoint(AWS_SSO, mine, "r"), "http://all", "the one for all");
	setenv("AWS_ENDPOINT_URL", "http://env", 1);
	OK_STR(endpoint(AWS_STS, mine, "r"), "http://env", "the environment's");
	setenv("AWS_ENDPOINT_URL_STS", "http://env-sts", 1);
	OK_STR(endpoint(AWS_STS, mine, "r"), "http://env-sts", "the service's in the environment");
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	OK_STR(endpoint(AWS_STS, mine, "r-1"), "https://sts.r-1.amazonaws.com", "or ignored");
}

int
main(void)
{
	static const char *const variables[] = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS",
	    "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC", "AWS_USE_FIPS_ENDPOINT",
	    "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	test_sts();
	test_json();
	test_entry();
	test_sso_token();
	test_container_url();
	test_endpoint();
	buf_free(&out);
	return tap_done();
}
