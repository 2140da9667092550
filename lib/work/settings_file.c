#include <string.h>

#include "base/num.h"
#include "sums/crc32c.h"
#include "work/settings.h"
#include "work/settings_file.h"

/* Of a line that says how the file is to be read. */
static int
is_format(const char *name)
{
	return strcmp(name, "version") == 0 || strcmp(name, "crc32c") == 0;
}

void
settings_file_write(struct buf *out, settings_get *get, void *arg)
{
	struct buf value = {0}, lines = {0};

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings_table[i];

		if (s->shapes)
			buf_addf(&lines, "%s=%s\n", s->name, settings_value(s, get, arg, &value));
	}
	buf_addf(out, "version=%d\ncrc32c=%08x\n%s", SETTINGS_FILE_VERSION,
	    (unsigned)crc32c(0, lines.p, lines.len), buf_str(&lines));
	buf_free(&value);
	buf_free(&lines);
}

int
settings_file_differ(struct buf *names, struct buf *told, struct values *kept)
{
	struct buf asked = {0}, had = {0};

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings_table[i];

		if (!s->shapes)
			continue;
		settings_value(s, settings_from_environment, NULL, &asked);
		if (kept != NULL)
			settings_value(s, settings_from_values, kept, &had);
		if (kept != NULL && strcmp(buf_str(&asked), buf_str(&had)) == 0)
			continue;
		buf_addf(names, "%s\n", s->name);
		buf_addf(told, "%s%s=%s (it has %s)", told->len > 0 ? ", " : "", s->name,
		    buf_str(&asked), kept != NULL ? buf_str(&had) : "none");
	}
	buf_free(&asked);
	buf_free(&had);
	return names->len > 0;
}

int
settings_file_check_version(const struct values *v, const char *path, struct err *e)
{
	const char *version = values_get(v, "version");
	uint64_t n;

	if (version == NULL)
		return 0;
	if (num_parse(version, 1, INT64_MAX, &n) == -1)
		return err_set(
		    e, EXIT_FAILED, "%s: version=%.100s: must be a number", path, version);
	if (n > SETTINGS_FILE_VERSION)
		return err_set(e, EXIT_FAILED,
		    "%s: version=%s: a newer sheaf made this work folder, and this one knows "
		    "version %d; use the newer one, or another WORK",
		    path, version, SETTINGS_FILE_VERSION);
	return 0;
}

/* Whether all lines are there that were written. Version 1 has no checksum. */
static int
is_whole(const struct values *v)
{
	const char *crc = values_get(v, "crc32c");
	struct buf lines = {0};
	uint32_t wanted;
	int whole;

	if (values_get(v, "version") == NULL)
		return values_get(v, "SRC") != NULL && crc == NULL;
	if (crc == NULL || crc32c_parse(crc, &wanted) == -1)
		return 0;
	for (size_t i = 0; i < v->n; i++)
		if (!is_format(v->at[i].name))
			buf_addf(&lines, "%s=%s\n", v->at[i].name, v->at[i].value);
	whole = crc32c(0, buf_str(&lines), lines.len) == wanted;
	buf_free(&lines);
	return whole;
}

int
settings_file_check(const struct values *v, const char *path, struct err *e)
{
	if (settings_file_check_version(v, path, e) == -1)
		return -1;
	for (size_t i = 0; i < v->n; i++) {
		const struct setting *s = settings_find(v->at[i].name);
		struct err why;

		if (is_format(v->at[i].name))
			continue;
		if (s == NULL || !s->shapes)
			return err_set(e, EXIT_FAILED,
			    "%s: %s is not a setting of a work folder of this version", path,
			    v->at[i].name);
		if (settings_check(s, v->at[i].value, &why) == -1)
			return err_set(e, EXIT_FAILED, "%s: %s", path, why.text);
	}
	if (!is_whole(v))
		return err_set(e, EXIT_FAILED,
		    "%s: is damaged: something was lost or changed since it was written; use "
		    "another WORK",
		    path);
	return 0;
}
