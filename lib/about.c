#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "about.h"

static int
take_members(struct about *a, json_t *root, const char *path, struct err *e)
{
	json_t *bytes = json_object_get(root, "bytes"), *crc = json_object_get(root, "crc32c");
	char *rest;
	size_t len;

	if (!json_is_integer(bytes) || json_integer_value(bytes) < 0 || !json_is_string(crc) ||
	    json_string_length(crc) != 8 || strspn(json_string_value(crc), "0123456789abcdef") != 8)
		return err_set(e, EXIT_USAGE, "%s: it does not say bytes and crc32c", path);
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
about_read(struct about *a, const char *path, struct err *e)
{
	json_error_t why;
	json_t *root;
	FILE *f = fopen(path, "re");
	int rc;

	*a = (struct about){0};
	if (f == NULL)
		return err_errno(e, EXIT_USAGE, "%s", path);
	root = json_loadf(f, JSON_REJECT_DUPLICATES, &why);
	fclose(f);
	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(e, EXIT_USAGE, "%s: not a JSON object", path);
	}
	rc = take_members(a, root, path, e);
	json_decref(root);
	return rc;
}

void
about_free(struct about *a)
{
	buf_free(&a->rest);
}
