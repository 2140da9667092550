#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "work/summary.h"

enum { TEXT_MAX = 64 << 20 }; /* bytes; enough for a header of a million columns */

static int
take_members(struct summary *a, json_t *root, const char *path, struct err *e)
{
	json_t *bytes = json_object_get(root, "bytes"), *crc = json_object_get(root, "crc32c");
	char *rest;
	size_t len;

	if (!json_is_integer(bytes) || json_integer_value(bytes) < 0 || !json_is_string(crc) ||
	    json_string_length(crc) != 8 || strspn(json_string_value(crc), "0123456789abcdef") != 8)
		return err_set(e, EXIT_USAGE, "%s: no bytes or no crc32c", path);
	a->bytes = (uint64_t)json_integer_value(bytes);
	memcpy(a->crc32c, json_string_value(crc), 9);
	json_object_del(root, "bytes");
	json_object_del(root, "crc32c");
	if ((rest = json_dumps(root, JSON_COMPACT)) == NULL)
		return err_set(e, EXIT_FAILED, "%s: out of memory", path);
	len = strlen(rest);
	if (len > 2) /* without the braces */
		buf_add(&a->rest, rest + 1, len - 2);
	free(rest);
	return 0;
}

int
summary_read(struct summary *a, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct buf text = {0};
	ssize_t n;

	*a = (struct summary){0};
	if (fd == -1)
		return err_errno(e, EXIT_USAGE, "%s", path);
	if ((n = io_read_full(fd, buf_room(&text, TEXT_MAX), TEXT_MAX)) == -1)
		rc = err_errno(e, EXIT_USAGE, "%s", path);
	else
		rc = summary_parse(a, text.p, (size_t)n, path, e);
	close(fd);
	buf_free(&text);
	return rc;
}

int
summary_parse(struct summary *a, const char *text, size_t len, const char *path, struct err *e)
{
	json_error_t why;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	int rc;

	*a = (struct summary){0};
	if (!json_is_object(root)) {
		err_set(e, EXIT_USAGE, "%s: not a JSON object: %s", path,
		    root == NULL ? why.text : "it is JSON of another kind");
		json_decref(root);
		return -1;
	}
	rc = take_members(a, root, path, e);
	json_decref(root);
	return rc;
}

void
summary_free(struct summary *a)
{
	buf_free(&a->rest);
}
