#include <string.h>

#include "work/values.h"

const char *
values_get(const struct values *v, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->at[i].name, name) == 0)
			return v->at[i].value;
	return NULL;
}

static int
is_name(const char *s)
{
	size_t len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");

	return len > 0 && s[len] == '\0' && strchr("0123456789", *s) == NULL;
}

static int
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return 1;
	return 0;
}

/* What is wrong with a line; NULL when nothing is, and it is in v. */
static const char *
take_line(struct values *v, char *line)
{
	char *eq = strchr(line, '=');

	if (eq == NULL)
		return "is not NAME=value";
	*eq = '\0';
	if (!is_name(line))
		return "has a name that is not made of letters, digits and underscores";
	if (has_control(eq + 1))
		return "has a control character in its value";
	if (values_get(v, line) != NULL)
		return "has a name that came before";
	if (v->n == VALUES_MAX)
		return "is one too many";
	v->at[v->n].name = line;
	v->at[v->n++].value = eq + 1;
	return NULL;
}

int
values_load(struct values *v, const struct work_folder *w, const char *name, struct err *e)
{
	int rc, number = 0;
	char *p, *end;

	*v = (struct values){0};
	if ((rc = work_folder_read(w, name, VALUES_FILE_MAX, &v->text, e)) != 1)
		return rc;
	(void)buf_str(&v->text);
	if (strlen(v->text.p) != v->text.len)
		rc = err_set(e, EXIT_FAILED, "%s/%s: holds a NUL byte", w->path, name);
	for (p = v->text.p; *p != '\0'; p = end) {
		const char *why;

		end = p + strcspn(p, "\n");
		if (*end == '\n')
			*end++ = '\0';
		number++;
		if ((why = take_line(v, p)) != NULL && rc == 1)
			rc = err_set(
			    e, EXIT_FAILED, "%s/%s: line %d %s", w->path, name, number, why);
	}
	return rc;
}

void
values_free(struct values *v)
{
	buf_free(&v->text);
	v->n = 0;
}
