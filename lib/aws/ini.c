#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/ini.h"
#include "base/buf.h"

enum { VALUE_MAX = 64 << 10 }; /* bytes of a value that spans lines */

struct setting {
	char *key;   /* owned */
	char *value; /* owned; kept with its length, to be wiped */
	size_t value_len;
	int nested; /* belongs to the last key before it that is not nested */
};

struct ini_section {
	char *name;		  /* owned; the text between the brackets */
	struct setting *settings; /* owned */
	size_t n, cap;
};

struct ini {
	struct ini_section *sections; /* owned */
	size_t n, cap;
};

static void
wipe(char *s, size_t len)
{
	if (s != NULL)
		explicit_bzero(s, len);
	free(s);
}

void
ini_free(struct ini *ini)
{
	if (ini == NULL)
		return;
	for (size_t i = 0; i < ini->n; i++) {
		struct ini_section *s = &ini->sections[i];

		for (size_t k = 0; k < s->n; k++) {
			free(s->settings[k].key);
			wipe(s->settings[k].value, s->settings[k].value_len);
		}
		free(s->settings);
		free(s->name);
	}
	free(ini->sections);
	free(ini);
}

static int
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes of a line, without the spaces around them. */
struct span {
	const char *p;
	size_t len;
};

static struct span
trim(const char *p, size_t len)
{
	while (len > 0 && is_space(p[0])) {
		p++;
		len--;
	}
	while (len > 0 && is_space(p[len - 1]))
		len--;
	return (struct span){p, len};
}

struct parser {
	struct ini *ini;
	unsigned line;
	size_t indent; /* of the last section or key */
	int open;      /* a deeper line continues the last setting */
	struct err *e;
};

static struct ini_section *
last_section(struct parser *p)
{
	return p->ini->n > 0 ? &p->ini->sections[p->ini->n - 1] : NULL;
}

static const struct setting *
find(const struct ini_section *s, const char *key, size_t len)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->settings[i].nested && strncasecmp(s->settings[i].key, key, len) == 0 &&
		    s->settings[i].key[len] == '\0')
			return &s->settings[i];
	return NULL;
}

static void
add_setting(struct ini_section *s, struct span key, struct span value, int nested)
{
	if (s->n == s->cap) {
		s->cap = s->cap != 0 ? s->cap * 2 : 8;
		s->settings = xrealloc(s->settings, s->cap * sizeof(*s->settings));
	}
	s->settings[s->n++] = (struct setting){
	    .key = xstrndup(key.p, key.len),
	    .value = xstrndup(value.p, value.len),
	    .value_len = value.len,
	    .nested = nested,
	};
}

static int
begin_section(struct parser *p, struct span line)
{
	struct ini *ini = p->ini;
	const char *close = memrchr(line.p, ']', line.len);
	struct span name;

	if (close == NULL)
		return err_set(p->e, EXIT_USAGE, "line %u: '[' without ']'", p->line);
	name = trim(line.p + 1, (size_t)(close - line.p) - 1);
	if (name.len == 0)
		return err_set(p->e, EXIT_USAGE, "line %u: a section without a name", p->line);
	for (size_t i = 0; i < ini->n; i++)
		if (strncmp(ini->sections[i].name, name.p, name.len) == 0 &&
		    ini->sections[i].name[name.len] == '\0')
			return err_set(p->e, EXIT_USAGE, "line %u: [%.*s] is repeated", p->line,
			    (int)name.len, name.p);
	if (ini->n == ini->cap) {
		ini->cap = ini->cap != 0 ? ini->cap * 2 : 8;
		ini->sections = xrealloc(ini->sections, ini->cap * sizeof(*ini->sections));
	}
	ini->sections[ini->n++] = (struct ini_section){.name = xstrndup(name.p, name.len)};
	p->open = 0;
	return 0;
}

static int
begin_setting(struct parser *p, struct span line)
{
	struct ini_section *s = last_section(p);
	size_t at = 0;
	struct span key, value;

	if (s == NULL)
		return err_set(
		    p->e, EXIT_USAGE, "line %u: a setting before the first section", p->line);
	while (at < line.len && line.p[at] != '=' && line.p[at] != ':')
		at++;
	if (at == line.len)
		return err_set(
		    p->e, EXIT_USAGE, "line %u: neither '[section]' nor 'key = value'", p->line);
	key = trim(line.p, at);
	value = trim(line.p + at + 1, line.len - at - 1);
	if (key.len == 0)
		return err_set(p->e, EXIT_USAGE, "line %u: a value without a key", p->line);
	if (find(s, key.p, key.len) != NULL)
		return err_set(p->e, EXIT_USAGE, "line %u: '%.*s' is repeated in [%s]", p->line,
		    (int)key.len, key.p, s->name);
	add_setting(s, key, value, 0);
	p->open = 1;
	return 0;
}

/* A line that is indented deeper than the setting before it. */
static int
go_on(struct parser *p, struct span line)
{
	struct ini_section *s = last_section(p);
	struct setting *last = &s->settings[s->n - 1];
	const char *equals;
	char *value;

	if (last->nested || last->value_len == 0) {
		if ((equals = memchr(line.p, '=', line.len)) == NULL)
			return err_set(p->e, EXIT_USAGE,
			    "line %u: a nested setting is 'key = value'", p->line);
		add_setting(s, trim(line.p, (size_t)(equals - line.p)),
		    trim(equals + 1, line.len - (size_t)(equals - line.p) - 1), 1);
		return 0;
	}
	if (last->value_len + line.len > VALUE_MAX)
		return err_set(
		    p->e, EXIT_USAGE, "line %u: a value longer than %d bytes", p->line, VALUE_MAX);
	value = xmalloc(last->value_len + 1 + line.len + 1);
	memcpy(value, last->value, last->value_len);
	value[last->value_len] = '\n';
	memcpy(value + last->value_len + 1, line.p, line.len);
	value[last->value_len + 1 + line.len] = '\0';
	wipe(last->value, last->value_len);
	last->value = value;
	last->value_len += 1 + line.len;
	return 0;
}

static int
parse_line(struct parser *p, const char *start, size_t len)
{
	struct span line = trim(start, len);
	size_t indent = (size_t)(line.p - start);

	if (memchr(start, '\0', len) != NULL)
		return err_set(p->e, EXIT_USAGE, "line %u: a NUL byte", p->line);
	if (line.len == 0 || line.p[0] == '#' || line.p[0] == ';')
		return 0;
	if (p->open && indent > p->indent)
		return go_on(p, line);
	p->indent = indent;
	return line.p[0] == '[' ? begin_section(p, line) : begin_setting(p, line);
}

struct ini *
ini_parse(const char *text, size_t len, struct err *e)
{
	struct parser p = {.ini = xcalloc(1, sizeof(struct ini)), .e = e};
	const char *end = text + len;

	if (len > INI_LEN_MAX) {
		err_set(e, EXIT_USAGE, "longer than %d bytes", INI_LEN_MAX);
		goto fail;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end) {
		size_t n = 0;

		while (text + n < end && text[n] != '\n' && text[n] != '\r')
			n++;
		if (++p.line > INI_LINES_MAX) {
			err_set(e, EXIT_USAGE, "more than %d lines", INI_LINES_MAX);
			goto fail;
		}
		if (parse_line(&p, text, n) == -1)
			goto fail;
		text += n;
		if (end - text >= 2 && text[0] == '\r' && text[1] == '\n')
			text++;
		if (text < end)
			text++;
	}
	return p.ini;
fail:
	ini_free(p.ini);
	return NULL;
}

/* The name that follows "type " in a section's header, without quotes. */
static struct span
name_behind(const char *header, const char *type)
{
	size_t n = strlen(type);
	struct span name;

	if (strncmp(header, type, n) != 0 || !is_space(header[n]))
		return (struct span){NULL, 0};
	name = trim(header + n, strlen(header + n));
	if (name.len >= 2 && (name.p[0] == '"' || name.p[0] == '\'') &&
	    name.p[name.len - 1] == name.p[0])
		return (struct span){name.p + 1, name.len - 2};
	for (size_t i = 0; i < name.len; i++)
		if (is_space(name.p[i]))
			return (struct span){NULL, 0};
	return name;
}

const struct ini_section *
ini_section(const struct ini *ini, const char *type, const char *name)
{
	for (size_t i = 0; ini != NULL && i < ini->n; i++) {
		const struct ini_section *s = &ini->sections[i];
		struct span own = {s->name, strlen(s->name)};

		if (type != NULL)
			own = name_behind(s->name, type);
		if (own.p != NULL && own.len == strlen(name) && memcmp(own.p, name, own.len) == 0)
			return s;
	}
	return NULL;
}

const char *
ini_get(const struct ini_section *section, const char *key)
{
	const struct setting *s = section != NULL ? find(section, key, strlen(key)) : NULL;

	return s != NULL ? s->value : NULL;
}

const char *
ini_get_nested(const struct ini_section *section, const char *key, const char *name)
{
	const struct setting *s = section != NULL ? find(section, key, strlen(key)) : NULL;

	if (s == NULL)
		return NULL;
	for (s++; s < section->settings + section->n && s->nested; s++)
		if (strcmp(s->key, name) == 0)
			return s->value;
	return NULL;
}
