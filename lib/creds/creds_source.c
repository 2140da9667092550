#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "creds/creds_source.h"

enum { TOKEN_FILE_MAX = 64 << 10 };

const char *
creds_source_region(const struct creds_ask *ask)
{
	return ask->settings->region != NULL ? ask->settings->region : "us-east-1";
}

int
creds_source_token(struct buf *token, const char *path, const char *where, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t n;

	if (fd == -1)
		return err_errno(e, EXIT_USAGE, "%s: %s", where, path);
	n = io_read_full(fd, buf_room(token, TOKEN_FILE_MAX + 1), TOKEN_FILE_MAX + 1);
	if (n == -1)
		rc = err_errno(e, EXIT_USAGE, "%s: %s", where, path);
	close(fd);
	if (rc == -1)
		return -1;
	while (n > 0 && strchr(" \t\r\n", token->p[n - 1]) != NULL)
		n--;
	token->len = (size_t)n;
	if (n == 0)
		return err_set(e, EXIT_USAGE, "%s: %s: it holds no token", where, path);
	if (n > TOKEN_FILE_MAX)
		return err_set(e, EXIT_USAGE, "%s: %s: too long for a token", where, path);
	for (size_t i = 0; i < token->len; i++)
		if (token->p[i] < ' ' || token->p[i] > '~')
			return err_set(e, EXIT_USAGE,
			    "%s: %s: a character that tokens never contain", where, path);
	return 0;
}

int
creds_source_try(struct creds *c, const struct creds_ask *ask,
    const struct creds_source_name *sources, struct buf *tried, struct err *e)
{
	struct buf why = {0};
	int rc = 0;

	for (const struct creds_source_name *s = sources; rc == 0 && s->name != NULL; s++) {
		buf_reset(&why);
		rc = s->get(c, ask, &why, e);
		if (rc == 1 && c->source == NULL)
			c->source = xstrdup(s->name);
		if (rc == 0 && why.len > 0)
			buf_addf(tried, "%s%s%s: %s\n", s->name, s->of_profile ? " " : "",
			    s->of_profile ? ask->profile->name : "", buf_str(&why));
	}
	buf_free(&why);
	return rc;
}
