/*
 * lib/work: run.json, words of flags, values of settings, names as fields; the first byte chooses.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "work/batch_name.h"
#include "work/claim.h"
#include "work/settings.h"
#include "work/source_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_claim(const char *text, size_t len)
{
	struct claim c;
	struct err e;

	if (claim_parse(&c, text, len, "run.json", &e) == 0 &&
	    (strlen(c.id) != 32 || strncmp(c.src, "s3://", 5) != 0))
		abort();
	claim_free(&c);
}

static void
check_words(const char *text)
{
	struct buf out = {0};
	struct err e;

	if (settings_split(&out, text, &e) == 0 && out.len > 0 && out.p[out.len - 1] != '\0')
		abort();
	if (out.len > strlen(text) + 1)
		abort();
	buf_free(&out);
}

/* A value that passes is what its type says. */
static void
check_value(const struct setting *s, const char *value)
{
	struct err e = {.text = ""};

	if (settings_check(s, value, &e) == -1) {
		if (strncmp(e.text, s->name, strlen(s->name)) != 0 || e.status != EXIT_USAGE)
			abort();
		return;
	}
	if (strpbrk(value, "\n\r\x1b") != NULL)
		abort();
	if ((s->type == SETTINGS_NUMBER || s->type == SETTINGS_PRICE) &&
	    strspn(value, "0123456789.") != strlen(value))
		abort();
	if (s->type == SETTINGS_FOLDER && strpbrk(value, " '\"`$;&|<>(){}[]*?#~!\\:=%") != NULL)
		abort();
}

static void
check_name(char *text)
{
	struct buf field = {0};
	char *copy;
	uint32_t n;

	source_name_escape(&field, text);
	if (strpbrk(buf_str(&field), "\t\n") != NULL)
		abort();
	copy = xstrdup(field.p);
	source_name_unescape(copy);
	if (strcmp(copy, text) != 0)
		abort();
	free(copy);
	buf_free(&field);
	source_name_unescape(text);
	(void)batch_name_object_parse(text, "s3://b/", &n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	switch (data[0] % 64) {
	case 61: check_claim((const char *)data + 1, size - 1); break;
	case 62: check_words(text); break;
	case 63: check_name(text); break;
	default: check_value(&settings_table[data[0] % settings_count], text);
	}
	free(text);
	return 0;
}
