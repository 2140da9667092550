/*
 * lib/creds/creds: settings and credentials from the environment and from profiles, in a home
 * folder of its own.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "creds/creds.h"
#include "tap.h"

static char home[] = "/tmp/sheaf-creds-XXXXXX";
static struct buf out;
static struct err err;

static const char *
shown(const char *s)
{
	return s != NULL ? s : "(none)";
}

/* Writes home/.aws/name; NULL: removes it. */
static void
put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/.aws/%s", home, name);
	unlink(path);
	if (text == NULL || (f = fopen(path, "w")) == NULL)
		return;
	fputs(text, f);
	fclose(f);
}

static void
fresh(void)
{
	static const char *const variables[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	    "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE", "AWS_REGION",
	    "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL",
	    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS",
	    "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_REQUEST_CHECKSUM_CALCULATION",
	    "AWS_RESPONSE_CHECKSUM_VALIDATION", "AWS_USE_DUALSTACK_ENDPOINT",
	    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
	    "AWS_CREDENTIAL_EXPIRATION", "AWS_ENDPOINT_URL_STS",
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_DEFAULT_PROFILE", "XDG_CACHE_HOME",
	    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	    "SSL_CERT_FILE", "SSL_CERT_DIR"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	setenv("HOME", home, 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("XDG_CACHE_HOME", "/dev/null", 1); /* no cache */
	put("config", NULL);
	put("credentials", NULL);
}

/* "region endpoint ca style attempts checksum validation dualstack", or the error's text. */
static const char *
settings(const char *profile)
{
	struct aws_settings s;
	struct profile p;

	buf_reset(&out);
	err.status = 0;
	if (aws_settings_load(&s, &p, profile, &err) == -1) {
		OK(err.status == EXIT_USAGE, "a usage error");
		return err.text;
	}
	buf_addf(&out, "%s %s %s %s %u %s %s %d", shown(s.region), shown(s.endpoint_url),
	    shown(s.ca_bundle), shown(s.addressing_style), s.max_attempts,
	    shown(s.checksum_calculation), shown(s.checksum_validation), s.use_dualstack);
	profile_free(&p);
	aws_settings_free(&s);
	return buf_str(&out);
}

/* The random name of the folder could hold anything, even a secret of two letters. */
static void
cut_home(struct buf *b)
{
	char *at;

	while ((at = strstr(buf_str(b), home)) != NULL) {
		memmove(at, at + strlen(home), strlen(at + strlen(home)) + 1);
		b->len -= strlen(home);
	}
}

/* "access secret token expires source", or the error's text; below home, which is left out of it.
 */
static const char *
creds(const char *profile)
{
	struct aws_settings s;
	struct creds c;
	struct buf trail = {0};
	struct profile p = {0};

	buf_reset(&out);
	err.status = 0;
	if (aws_settings_load(&s, &p, profile, &err) == -1) {
		buf_adds(&out, err.text);
	} else if (creds_resolve(&c, &s, &p, NULL, &trail, &err) == -1) {
		OK(err.status == EXIT_USAGE && c.secret_key == NULL,
		    "a usage error, nothing given");
		buf_adds(&out, err.text);
	} else {
		buf_addf(&out, "%s %s %s %lld %s", c.access_key, c.secret_key,
		    shown(c.session_token), (long long)c.expires, c.source);
		cut_home(&trail);
		OK(strstr(buf_str(&trail), c.secret_key) == NULL, "no secret in the trail");
		creds_free(&c);
	}
	OK(strstr(buf_str(&out), "hidden") == NULL, "no hidden value is shown");
	cut_home(&out);
	profile_free(&p);
	aws_settings_free(&s);
	buf_free(&trail);
	return buf_str(&out);
}

static void
test_settings(void)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\n";

	fresh();
	put("ca.pem", pem);
	put("env.pem", pem);
	OK_STR(settings(NULL), "(none) (none) (none) (none) 0 (none) (none) 0", "nothing is set");
	put("config",
	    "[default]\nregion = r-default\n"
	    "[profile x]\nregion=r-x\nendpoint_url=http://x\nca_bundle=ca.pem\nmax_attempts=5\n"
	    "request_checksum_calculation=WHEN_REQUIRED\n"
	    "response_checksum_validation=When_Supported\ns3 =\n  addressing_style = path\n"
	    "  use_dualstack_endpoint = true\n"
	    "[profile y]\nservices = mine\nendpoint_url = http://global\n"
	    "use_dualstack_endpoint = True\n"
	    "[services mine]\ns3 =\n  endpoint_url = http://mine\nec2 =\n"
	    "  endpoint_url = http://ec2\n"
	    "[profile z]\nservices = yours\nignore_configured_endpoint_urls = true\n"
	    "endpoint_url = http://z\n"
	    "[profile none]\nservices = yours\n");
	OK_STR(settings(NULL), "r-default (none) (none) (none) 0 (none) (none) 0", "[default]");
	OK_STR(settings("x"), "r-x http://x ca.pem path 5 when_required when_supported 1",
	    "a profile's settings");
	OK_STR(settings("y"), "(none) http://mine (none) (none) 0 (none) (none) 1",
	    "services go before endpoint_url");
	OK_STR(settings("z"), "(none) (none) (none) (none) 0 (none) (none) 0",
	    "configured endpoints ignored");
	OK(strncmp(settings("none"), "profile none: services = 'yours': no [services yours] in ",
	       57) == 0,
	    "no such services");
	setenv("AWS_PROFILE", "x", 1);
	OK_STR(settings(NULL), "r-x http://x ca.pem path 5 when_required when_supported 1",
	    "AWS_PROFILE");
	OK_STR(settings("default"), "r-default (none) (none) (none) 0 (none) (none) 0",
	    "--profile goes before it");
	put("credentials", "[x]\nregion = r-credentials\n");
	OK_STR(settings(NULL),
	    "r-credentials http://x ca.pem path 5 when_required when_supported 1",
	    "the credentials file goes first");
	setenv("AWS_DEFAULT_REGION", "r-env", 1);
	setenv("AWS_ENDPOINT_URL", "http://env", 1);
	setenv("AWS_CA_BUNDLE", "env.pem", 1);
	setenv("AWS_MAX_ATTEMPTS", "7", 1);
	setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported", 1);
	setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "WHEN_REQUIRED", 1);
	setenv("AWS_USE_DUALSTACK_ENDPOINT", "false", 1);
	OK_STR(settings(NULL), "r-env http://env env.pem path 7 when_supported when_required 0",
	    "the environment goes before the profile");
	setenv("AWS_REGION", "r-env-2", 1);
	setenv("AWS_ENDPOINT_URL_S3", "http://s3", 1);
	OK_STR(settings("y"), "r-env-2 http://s3 env.pem (none) 7 when_supported when_required 0",
	    "AWS_REGION and the S3 endpoint before all");
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	OK_STR(settings("y"), "r-env-2 (none) env.pem (none) 7 when_supported when_required 0",
	    "or ignored");
	put("ca.pem", NULL);
	put("env.pem", NULL);
}

static void
test_trust(void)
{
	fresh();
	setenv("AWS_CA_BUNDLE", "env.pem", 1);
	OK_STR(settings(NULL), "AWS_CA_BUNDLE: env.pem: No such file or directory", "no such file");
	put("env.pem", "-----BEGIN PRIVATE KEY-----\n");
	OK_STR(settings(NULL), "AWS_CA_BUNDLE: env.pem: holds no certificate in PEM form", "a key");
	unsetenv("AWS_CA_BUNDLE");
	setenv("SSL_CERT_FILE", "env.pem", 1);
	OK_STR(
	    settings(NULL), "SSL_CERT_FILE: env.pem: holds no certificate in PEM form", "the same");
	put("env.pem", "-----BEGIN TRUSTED CERTIFICATE-----\n");
	setenv("SSL_CERT_DIR", "none:", 1);
	OK_STR(settings(NULL), "SSL_CERT_DIR: none:: No such file or directory", "no such folder");
	setenv("SSL_CERT_DIR", "none:.", 1);
	OK_STR(settings(NULL), "(none) (none) (none) (none) 0 (none) (none) 0", "one of two");
	put("env.pem", NULL);
}

static void
test_bad_settings(void)
{
	static const struct {
		const char *profile, *text;
	} bad[] = {
	    {"a", "profile a: max_attempts = '0': not a number from 1 to 1000"},
	    {"b",
		"profile b: request_checksum_calculation = 'never': not when_supported or "
		"when_required"},
	    {"g",
		"profile g: response_checksum_validation = 'off': not when_supported or "
		"when_required"},
	    {"c", "profile c: s3 addressing_style = 'dns': not auto, path or virtual"},
	    {"d", "profile d: use_dualstack_endpoint = 'yes': not true or false"},
	    {"e", "profile e: s3 use_dualstack_endpoint = '1': not true or false"},
	    {"f", "profile f: ignore_configured_endpoint_urls = '1': not true or false"},
	};
	char path[256];

	fresh();
	put("config",
	    "[profile a]\nmax_attempts=0\n"
	    "[profile b]\nrequest_checksum_calculation=never\n"
	    "[profile g]\nresponse_checksum_validation=off\n"
	    "[profile c]\ns3 =\n addressing_style = dns\n"
	    "[profile d]\nuse_dualstack_endpoint=yes\n"
	    "[profile e]\ns3=\n use_dualstack_endpoint=1\n"
	    "[profile f]\nignore_configured_endpoint_urls=1\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		OK_STR(settings(bad[i].profile), bad[i].text, "profile %s", bad[i].profile);
	setenv("AWS_MAX_ATTEMPTS", "many", 1);
	OK_STR(settings(NULL), "AWS_MAX_ATTEMPTS='many': not a number from 1 to 1000",
	    "the environment");
	unsetenv("AWS_MAX_ATTEMPTS");
	snprintf(path, sizeof(path),
	    "profile zz: there is none in %s/.aws/credentials or %s/.aws/config", home, home);
	OK_STR(settings("zz"), path, "no such profile");
	setenv("AWS_PROFILE", "zz", 1);
	OK(strncmp(settings(NULL), "profile zz (AWS_PROFILE): there is none in ", 43) == 0,
	    "nor by the environment");
	setenv("AWS_PROFILE", "", 1);
	OK_STR(settings(NULL), "(none) (none) (none) (none) 0 (none) (none) 0",
	    "an empty variable does not count");
	put("config", "[default]\nx\n");
	snprintf(path, sizeof(path),
	    "%s/.aws/config: line 2: neither '[section]' nor 'key = value'", home);
	OK_STR(settings(NULL), path, "a file that cannot be parsed");
	setenv("AWS_CONFIG_FILE", home, 1);
	snprintf(path, sizeof(path), "%s: Is a directory", home);
	OK_STR(settings(NULL), path, "a file that cannot be read");
	setenv("AWS_CONFIG_FILE", "/dev/null/none", 1);
	OK_STR(settings(NULL), "(none) (none) (none) (none) 0 (none) (none) 0",
	    "a file that is not there");
}

static void
test_environment(void)
{
	fresh();
	put("credentials",
	    "[default]\naws_access_key_id=AKF\naws_secret_access_key=SF\n"
	    "[x]\nAWS_ACCESS_KEY_ID = AKX\naws_secret_access_key = SX\naws_session_token = TX\n");
	setenv("AWS_ACCESS_KEY_ID", "AKE", 1);
	OK_STR(creds(NULL), "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not",
	    "half a pair");
	setenv("AWS_SECRET_ACCESS_KEY", "SE", 1);
	OK_STR(creds(NULL), "AKE SE (none) 0 environment", "the environment's keys");
	setenv("AWS_SESSION_TOKEN", "TE", 1);
	OK_STR(creds(NULL), "AKE SE TE 0 environment", "with a token");
	setenv("AWS_PROFILE", "x", 1);
	OK_STR(creds(NULL), "AKE SE TE 0 environment", "AWS_PROFILE does not go before them");
	OK_STR(creds("x"), "AKX SX TX 0 profile x in /.aws/credentials", "--profile does");
	setenv("AWS_ACCESS_KEY_ID", "", 1);
	OK_STR(creds(NULL), "AKX SX TX 0 profile x in /.aws/credentials", "an empty key is none");
	unsetenv("AWS_PROFILE");
	OK_STR(creds(NULL), "AKF SF (none) 0 profile default in /.aws/credentials", "default");
	setenv("AWS_ACCESS_KEY_ID", "AKE\nHost: evil", 1);
	OK_STR(creds(NULL),
	    "environment: a key or token with a space or another character that keys never contain",
	    "no header injected");
	unsetenv("AWS_ACCESS_KEY_ID");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/t", 1);
	OK_STR(creds(NULL),
	    "web identity: a token file, /t, but no role (AWS_ROLE_ARN, or role_arn of profile "
	    "default)",
	    "web identity goes before a profile's keys");
	setenv("AWS_ROLE_ARN", "arn:r", 1);
	OK_STR(creds(NULL), "web identity: role arn:r: /t: No such file or directory",
	    "a token file that is not there");
	OK_STR(creds("default"), "AKF SF (none) 0 profile default in /.aws/credentials",
	    "but not before --profile");
}

static void
test_profile(void)
{
	fresh();
	OK_STR(creds(NULL),
	    "no credentials (environment: AWS_ACCESS_KEY_ID is not set; web identity: "
	    "AWS_WEB_IDENTITY_TOKEN_FILE is not set; profile default: not in /.aws/credentials "
	    "or /.aws/config; container: AWS_CONTAINER_CREDENTIALS_FULL_URI is not set; "
	    "instance metadata: AWS_EC2_METADATA_DISABLED is true)",
	    "what was tried");
	put("config",
	    "[default]\naws_access_key_id=AKC\naws_secret_access_key=SC\n"
	    "[profile default]\nregion=r\n"
	    "[profile c]\naws_access_key_id=AKC\naws_secret_access_key=SC\n"
	    "aws_security_token=old\n"
	    "[profile both]\naws_access_key_id=AKC\naws_secret_access_key=SC\n"
	    "credential_process=exit 9\n"
	    "[profile half]\naws_access_key_id=AKC\n"
	    "[profile empty]\nregion=r\n"
	    "[profile web]\nrole_arn=a\nweb_identity_token_file=/t\n");
	put("credentials",
	    "[both]\naws_access_key_id=AKS\naws_secret_access_key=SS\n"
	    "[spaced]\naws_access_key_id=AKS\naws_secret_access_key=S S hidden\n");
	OK(strstr(creds(NULL),
	       "profile default: it has none of role_arn, web_identity_token_file, "
	       "sso_account_id, aws_access_key_id and credential_process;") != NULL,
	    "[profile default] goes before [default]");
	OK_STR(creds("c"), "AKC SC old 0 profile c in /.aws/config",
	    "keys in the config file, a token by its old name");
	OK_STR(creds("both"), "AKS SS (none) 0 profile both in /.aws/credentials",
	    "the credentials file before the process");
	OK_STR(creds("half"),
	    "profile half in /.aws/config: aws_access_key_id without aws_secret_access_key",
	    "half a pair");
	OK_STR(creds("spaced"),
	    "profile spaced in /.aws/credentials: a key or token with a space or another "
	    "character that keys never contain",
	    "a space");
	OK_STR(creds("web"), "web identity: role a: /t: No such file or directory",
	    "a profile's web identity");
	OK(strstr(creds("empty"), "profile empty: it has none of") != NULL,
	    "a profile without any");
}

/* The file's name is the SHA-1 of {"ExternalId": "e/x", "RoleArn": "arn:aws:iam::1:role/r",
 * "SerialNumber": "arn:aws:iam::1:mfa/me"}. */
static void
test_mfa(void)
{
	static const char file[] = "cli/cache/5467869251e81055597e153c81bfe1ee021adcfc.json";
	static const char kept[] =
	    "{\"Credentials\":{\"AccessKeyId\":\"AKM\",\"SecretAccessKey\":\"SM\","
	    "\"SessionToken\":\"TM\",\"Expiration\":\"2098-11-20T13:45:00UTC\"}}";
	static const char expired[] =
	    "{\"Credentials\":{\"AccessKeyId\":\"AKM\",\"SecretAccessKey\":\"hidden\","
	    "\"SessionToken\":\"TM\",\"Expiration\":\"2020-11-20T13:45:00UTC\"}}";
	char path[256];

	fresh();
	put("config",
	    "[profile m]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=c\nexternal_id=e/x\n"
	    "mfa_serial=arn:aws:iam::1:mfa/me\n");
	OK(strstr(creds("m"), "aws sts get-caller-identity --profile m ") != NULL,
	    "a code would be needed");
	snprintf(path, sizeof(path), "%s/.aws/cli", home);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/.aws/cli/cache", home);
	mkdir(path, 0700);
	put(file, kept);
	OK_STR(creds("m"),
	    "AKM SM TM 4067329500 profile m: role arn:aws:iam::1:role/r, as the AWS CLI keeps it",
	    "what the CLI keeps");
	put(file, expired);
	OK(strstr(creds("m"), "mfa_serial") != NULL, "not when it has expired");
	put(file, "{");
	OK(strstr(creds("m"), "mfa_serial") != NULL, "or is broken");
	put(file, NULL);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/.aws/cli", home);
	rmdir(path);
}

#define P "credential_process of profile p: "

static void
test_process(void)
{
	static const struct {
		const char *command, *text;
	} cases[] = {
	    {"echo '{\"Version\":1,\"AccessKeyId\":\"AKP\",\"SecretAccessKey\":\"SP\"}'",
		"AKP SP (none) 0 credential_process of profile p"},
	    {"printf '{\"Version\":1,\"AccessKeyId\":\"AKP\",\"SecretAccessKey\":\"SP\","
	     "\"SessionToken\":\"T\",\"Expiration\":\"2098-11-20T13:45:00Z\"}'",
		"AKP SP T 4067329500 credential_process of profile p"},
	    {"printf '{\"Version\":1,\"AccessKeyId\":\"AKP\",\"SecretAccessKey\":\"SP\","
	     "\"SessionToken\":\"\",\"Expiration\":\"2098-11-20T15:45:00.123+02:00\"}'",
		"AKP SP (none) 4067329500 credential_process of profile p"},
	    {"cat", P "the answer is not a JSON object with Version 1"},
	    {"echo '{\"Version\":2}'", P "the answer is not a JSON object with Version 1"},
	    {"echo '[1]'", P "the answer is not a JSON object with Version 1"},
	    {"echo '{\"Version\":1,\"AccessKeyId\":\"hidden\"}'",
		P "the answer holds no AccessKeyId and SecretAccessKey"},
	    {"echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hidden\","
	     "\"Expiration\":\"soon\"}'",
		P "the answer's Expiration is not a time"},
	    {"echo '{\"Version\":1,\"AccessKeyId\":\"A\\\\nB\",\"SecretAccessKey\":\"hidden\"}'",
		P "a key or token with a space or another "
		  "character that keys never contain"},
	    {"exit 7", P "exit status 7"},
	    {"kill -9 $$", P "killed by signal 9"},
	    {"no-such-program-as-this 2>/dev/null", P "exit status 127"},
	    {"exec cat /dev/zero", P "its output is longer than 65536 bytes"},
	};
	char text[1024];
	int fd;

	/* what the process must not read */
	snprintf(text, sizeof(text), "%s/.aws/stdin", home);
	put("stdin", "{\"Version\":1,\"AccessKeyId\":\"hidden\",\"SecretAccessKey\":\"hidden\"}");
	fd = open(text, O_RDONLY);
	dup2(fd, STDIN_FILENO);
	close(fd);
	put("stdin", NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fresh();
		snprintf(
		    text, sizeof(text), "[profile p]\ncredential_process = %s\n", cases[i].command);
		put("config", text);
		OK_STR(creds("p"), cases[i].text, "credential_process = %s", cases[i].command);
	}
}

int
main(void)
{
	char path[256];

	if (mkdtemp(home) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/.aws", home);
	if (mkdir(path, 0700) == -1 || chdir(path) == -1)
		return 1;
	test_settings();
	test_trust();
	test_bad_settings();
	test_environment();
	test_profile();
	test_mfa();
	test_process();
	fresh();
	rmdir(path);
	OK(rmdir(home) == 0, "nothing is left behind");
	creds_free(NULL);
	aws_settings_free(NULL);
	buf_free(&out);
	return tap_done();
}
