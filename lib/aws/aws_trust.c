#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/aws_trust.h"
#include "aws/profile.h"
#include "base/buf.h"
#include "base/io.h"

enum { FILE_MAX = 64 << 20, STEP = 8192 }; /* bytes */

/* Reads the file until a certificate begins. 1, 0 if there is none, or -1 with errno. */
static int
has_certificate(int fd)
{
	static const char mark[] = "CERTIFICATE-----"; /* TRUSTED may stand before it */
	char text[STEP + sizeof(mark)];
	size_t kept = 0; /* of the piece before, as the mark may begin there */
	ssize_t n;

	for (size_t total = 0; total < FILE_MAX; total += (size_t)n) {
		if ((n = io_read_full(fd, text + kept, STEP)) <= 0)
			return (int)n;
		if (memmem(text, kept + (size_t)n, mark, sizeof(mark) - 1) != NULL)
			return 1;
		kept += (size_t)n;
		if (kept >= sizeof(mark)) {
			memmove(text, text + kept - (sizeof(mark) - 1), sizeof(mark) - 1);
			kept = sizeof(mark) - 1;
		}
	}
	return 0;
}

int
aws_trust_check_file(const char *where, const char *file, struct err *e)
{
	int fd, found = -1;
	struct stat st;

	/* what can be read only once, such as a pipe, is left to whoever needs it */
	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return access(file, R_OK) == 0 ? 0
					       : err_errno(e, EXIT_USAGE, "%s: %s", where, file);
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) != -1)
		found = has_certificate(fd);
	if (found == -1)
		err_errno(e, EXIT_USAGE, "%s: %s", where, file);
	if (fd != -1)
		close(fd);
	if (found == 0)
		return err_set(
		    e, EXIT_USAGE, "%s: %s: holds no certificate in PEM form", where, file);
	return found == 1 ? 0 : -1;
}

static int
is_folder(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return 0;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode);
}

int
aws_trust_check_environment(struct err *e)
{
	const char *file = profile_env("SSL_CERT_FILE"), *dirs = profile_env("SSL_CERT_DIR");
	int any = dirs == NULL;
	struct buf dir = {0};

	if (file != NULL && aws_trust_check_file("SSL_CERT_FILE", file, e) == -1)
		return -1;
	for (const char *at = dirs; at != NULL && !any; at = strchr(at, ':')) {
		at += *at == ':';
		buf_reset(&dir);
		buf_add(&dir, at, strcspn(at, ":"));
		any = is_folder(buf_str(&dir));
	}
	buf_free(&dir);
	return any ? 0 : err_errno(e, EXIT_USAGE, "SSL_CERT_DIR: %s", dirs);
}

int
aws_trust_adds_nothing(const char *file)
{
	/* of Debian, Red Hat, SUSE, Alpine */
	static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
	    "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
	struct stat given, st;

	if ((profile_env("SSL_CERT_FILE") == NULL && profile_env("SSL_CERT_DIR") == NULL) ||
	    stat(file, &given) == -1)
		return 0;
	for (size_t i = 0; i < sizeof(bundles) / sizeof(*bundles); i++)
		if (stat(bundles[i], &st) == 0 && st.st_dev == given.st_dev &&
		    st.st_ino == given.st_ino)
			return 1;
	return 0;
}
