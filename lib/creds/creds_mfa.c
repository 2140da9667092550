#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "creds/creds_cache.h"
#include "creds/creds_json.h"
#include "creds/creds_source.h"
#include "sums/hash.h"

enum { FILE_MAX = 64 << 10 };

/* The name of the CLI's file: the SHA-1 of the request's parameters, without the code, in JSON as
 * Python writes it (botocore, BaseAssumeRoleCredentialFetcher). */
static void
file_name(const struct profile *p, char sha1[41])
{
	static const char *const strings[][2] = {{"ExternalId", "external_id"},
	    {"RoleArn", "role_arn"}, {"RoleSessionName", "role_session_name"},
	    {"SerialNumber", "mfa_serial"}};
	const char *duration = profile_get(p, "duration_seconds");
	json_t *root = json_object();
	uint64_t n;
	char *text;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (profile_get(p, strings[i][1]) != NULL)
			json_object_set_new(
			    root, strings[i][0], json_string(profile_get(p, strings[i][1])));
	if (duration != NULL && num_parse(duration, 0, INT64_MAX, &n) == 0)
		json_object_set_new(root, "DurationSeconds", json_integer((json_int_t)n));
	text = json_dumps(root, JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	json_decref(root);
	*sha1 = '\0';
	if (text != NULL)
		hash_hex_of(sha1, HASH_SHA1, text, strlen(text));
	free(text);
}

/* 1 if the file holds credentials that are valid for a while. */
static int
read_file(struct creds *c, const char *path, const char *where)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	struct buf text = {0};
	ssize_t n;

	if (fd == -1)
		return 0;
	n = io_read_full(fd, buf_room(&text, FILE_MAX), FILE_MAX);
	close(fd);
	if (n > 0)
		rc = creds_json_parse(c, &creds_json_cli, text.p, (size_t)n, where, NULL);
	explicit_bzero(text.p, text.cap);
	buf_free(&text);
	return rc == 1 && c->expires - (int64_t)time(NULL) >= CREDS_CACHE_LEFT_S;
}

int
creds_from_mfa(struct creds *c, const struct creds_ask *ask, struct buf *why, struct err *e)
{
	const struct profile *p = ask->profile;
	const char *home = profile_home();
	struct buf path = {0}, where = {0};
	char sha1[41];
	int rc;

	(void)why;
	file_name(p, sha1);
	buf_addf(&path, "%s/.aws/cli/cache/%s.json", home != NULL ? home : "", sha1);
	buf_addf(&where, "profile %s: role %s, as the AWS CLI keeps it", p->name,
	    profile_get(p, "role_arn"));
	rc = read_file(c, buf_str(&path), buf_str(&where));
	if (rc == 1 && ask->refused != NULL && strcmp(c->access_key, ask->refused) == 0)
		rc = 0;
	if (rc == 1) {
		c->source = xstrdup(buf_str(&where));
	} else {
		creds_free(c);
		rc = err_set(e, EXIT_USAGE,
		    "profile %s: mfa_serial requires a code, which cannot be entered here; run: "
		    "aws sts get-caller-identity --profile %s (it prompts for the code, and its "
		    "credentials are used "
		    "here until they expire)",
		    p->name, p->name);
	}
	buf_free(&path);
	buf_free(&where);
	return rc;
}
