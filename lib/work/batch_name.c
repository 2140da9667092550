#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "work/batch_name.h"

enum { DIGITS = 5 }; /* at least */

static const char object_begin[] = "merged-", object_end[] = ".csv";

const char *
batch_name(char out[BATCH_NAME_SIZE], uint32_t n)
{
	snprintf(out, BATCH_NAME_SIZE, "%0*lu", DIGITS, (unsigned long)n);
	return out;
}

int
batch_name_parse(const char *s, size_t len, uint32_t *n)
{
	uint64_t v;

	if (len < DIGITS || (len > DIGITS && *s == '0') ||
	    num_parse_n(s, len, 0, UINT32_MAX - 1, &v) == -1)
		return -1;
	*n = (uint32_t)v;
	return 0;
}

const char *
batch_name_path(char out[BATCH_NAME_PATH], const char *folder, uint32_t n, const char *suffix)
{
	char name[BATCH_NAME_SIZE];

	snprintf(out, BATCH_NAME_PATH, "%s/%s%s", folder, batch_name(name, n), suffix);
	return out;
}

void
batch_name_object(struct buf *out, const char *prefix, const char *name)
{
	buf_adds(out, prefix);
	buf_adds(out, object_begin);
	buf_adds(out, name);
	buf_adds(out, object_end);
}

int
batch_name_object_parse(const char *uri, const char *prefix, uint32_t *n)
{
	size_t len = strlen(prefix), begin = sizeof(object_begin) - 1, digits;

	if (strncmp(uri, prefix, len) != 0 || strncmp(uri + len, object_begin, begin) != 0)
		return -1;
	uri += len + begin;
	digits = strspn(uri, "0123456789");
	return strcmp(uri + digits, object_end) == 0 ? batch_name_parse(uri, digits, n) : -1;
}

int
batch_name_object_of(const char *uri, uint32_t *n)
{
	const char *last = NULL;

	for (const char *p = uri; (p = strstr(p, object_begin)) != NULL; p++)
		last = p;
	return last != NULL ? batch_name_object_parse(last, "", n) : -1;
}
