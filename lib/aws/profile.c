#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/profile.h"
#include "base/buf.h"
#include "base/io.h"

const char *
profile_env(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0' ? s : NULL;
}

/* A service started without HOME still has a home folder in the password file. */
const char *
profile_home(void)
{
	const char *s = profile_env("HOME");
	const struct passwd *pw;

	if (s != NULL)
		return s;
	pw = getpwuid(getuid());
	return pw != NULL ? pw->pw_dir : NULL;
}

/* Expands "~/x". NULL if that needs a home folder and none is known. */
static char *
file_path(const char *variable, const char *otherwise)
{
	const char *path = profile_env(variable), *dir;
	struct buf b = {0};

	if (path == NULL)
		path = otherwise;
	if (strncmp(path, "~/", 2) != 0)
		return xstrdup(path);
	if ((dir = profile_home()) == NULL)
		return NULL;
	buf_addf(&b, "%s%s", dir, path + 1);
	buf_str(&b);
	return b.p;
}

void
profile_add_files(struct buf *text, const struct profile *p)
{
	const char *a = p->credentials_file, *b = p->config_file;

	if (a != NULL || b != NULL)
		buf_addf(text, "%s%s%s", a != NULL ? a : "", a != NULL && b != NULL ? " or " : "",
		    b != NULL ? b : "");
	else
		buf_adds(text,
		    "a file, as HOME is not set and this user has no home folder in the password "
		    "file");
	buf_str(text);
}

static int
read_ini(const char *path, struct ini **ini, struct err *e)
{
	struct buf text = {0};
	struct err why;
	ssize_t n;
	int fd, rc = -1;

	*ini = NULL;
	if (path == NULL)
		return 0;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return err_errno(e, EXIT_USAGE, "%s", path);
	}
	buf_room(&text, INI_LEN_MAX + 1);
	if ((n = io_read_full(fd, text.p, INI_LEN_MAX + 1)) == -1)
		err_errno(e, EXIT_USAGE, "%s", path);
	else if ((*ini = ini_parse(text.p, (size_t)n, &why)) == NULL)
		err_set(e, EXIT_USAGE, "%s: %s", path, why.text);
	else
		rc = 0;
	if (n > 0)
		explicit_bzero(text.p, (size_t)n);
	buf_free(&text);
	close(fd);
	return rc;
}

static void
find_sections(struct profile *p)
{
	p->in_credentials = ini_section(p->credentials, NULL, p->name);
	p->in_config = ini_section(p->config, "profile", p->name);
	if (p->in_config == NULL && strcmp(p->name, "default") == 0)
		p->in_config = ini_section(p->config, NULL, p->name);
}

int
profile_load(struct profile *p, const char *name, struct err *e)
{
	*p = (struct profile){
	    .name = xstrdup(name),
	    .credentials_file = file_path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
	    .config_file = file_path("AWS_CONFIG_FILE", "~/.aws/config"),
	};
	if (read_ini(p->credentials_file, &p->credentials, e) == -1 ||
	    read_ini(p->config_file, &p->config, e) == -1) {
		profile_free(p);
		return -1;
	}
	find_sections(p);
	return 0;
}

void
profile_view(struct profile *view, const struct profile *p, const char *name)
{
	*view = *p;
	view->name = xstrdup(name);
	find_sections(view);
}

void
profile_view_free(struct profile *view)
{
	free(view->name);
	*view = (struct profile){0};
}

void
profile_free(struct profile *p)
{
	free(p->name);
	free(p->credentials_file);
	free(p->config_file);
	ini_free(p->credentials);
	ini_free(p->config);
	*p = (struct profile){0};
}

const char *
profile_get(const struct profile *p, const char *key)
{
	const char *s = ini_get(p->in_credentials, key);

	if (s == NULL || *s == '\0')
		s = ini_get(p->in_config, key);
	return s != NULL && *s != '\0' ? s : NULL;
}

const char *
profile_get_nested(const struct profile *p, const char *key, const char *name)
{
	const char *s = ini_get_nested(p->in_credentials, key, name);

	if (s == NULL || *s == '\0')
		s = ini_get_nested(p->in_config, key, name);
	return s != NULL && *s != '\0' ? s : NULL;
}
