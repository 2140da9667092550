#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/uri.h"
#include "work/batch_name.h"
#include "work/settings.h"
#include "work/share.h"

enum {
	NUMBER_MAX = 999999999,
	VALUE_MAX = 16384, /* bytes */
};

#define NUMBER(low, high) .type = SETTINGS_NUMBER, .min = (low), .max = (high)

/* Those that shape the bytes stand in this order in a settings file. */
const struct setting settings_table[] = {
    {.name = "SRC",
	.type = SETTINGS_PREFIX,
	.initial = "",
	.side = SETTINGS_SRC,
	.shapes = 1,
	.help = "the objects to merge: all keys that begin with this prefix"},
    {.name = "DEST",
	.type = SETTINGS_PREFIX,
	.initial = "",
	.side = SETTINGS_DEST,
	.shapes = 1,
	.help = "where the merged objects go; gets a / at its end"},
    {.name = "BATCH",
	NUMBER(1, NUMBER_MAX),
	.initial = "1000",
	.shapes = 1,
	.help = "objects in a batch, of which one merged object is made"},
    {.name = "SUFFIX",
	.type = SETTINGS_WORDS,
	.initial = ".csv .csv.gz",
	.side = SETTINGS_SRC,
	.shapes = 1,
	.help = "endings of the keys that count"},
    {.name = "EXCLUDE",
	.type = SETTINGS_WORDS,
	.initial = "",
	.side = SETTINGS_SRC,
	.shapes = 1,
	.help = "patterns of keys that do not count; * matches / too"},
    {.name = "LIMIT",
	NUMBER(1, NUMBER_MAX),
	.initial = "",
	.side = SETTINGS_SRC,
	.shapes = 1,
	.help = "only the first N objects"},
    {.name = "UNION",
	.type = SETTINGS_SWITCH,
	.initial = "",
	.shapes = 1,
	.help = "1: match columns by name"},
    {.name = "RAGGED",
	.type = SETTINGS_CHOICE,
	.choices = "error|pad",
	.initial = "error",
	.shapes = 1,
	.help = "what to do with rows that have too few fields"},
    {.name = "DELIMITER",
	.type = SETTINGS_BYTE,
	.initial = ",",
	.shapes = 1,
	.help = "the delimiter of fields; \\t is a tab"},
    {.name = "COLUMNS",
	.variable = "CSV_COLUMNS",
	.type = SETTINGS_TEXT,
	.initial = "",
	.shapes = 1,
	.help = "the columns of the output, separated by commas; on make's command line only"},
    {.name = "SOURCE_COLUMN",
	.type = SETTINGS_TEXT,
	.initial = "",
	.shapes = 1,
	.help = "the name of a column that tells which object a row is from"},
    {.name = "WORK", .type = SETTINGS_FOLDER, .initial = "work", .help = "the work folder"},
    {.name = "JOBS", NUMBER(1, 100000), .initial = "50", .help = "batches at once"},
    {.name = "CONNECTIONS",
	NUMBER(1, 1000),
	.initial = "20",
	.side = SETTINGS_SRC,
	.help = "connections of each s3get"},
    {.name = "BACKUP",
	.type = SETTINGS_PREFIX,
	.initial = "",
	.side = SETTINGS_BACKUP,
	.help = "a second destination, which gets the same objects"},
    {.name = "ONE",
	.type = SETTINGS_SWITCH,
	.initial = "",
	.side = SETTINGS_DEST,
	.help = "1: also store all rows as one object"},
    {.name = "REJECTS",
	.type = SETTINGS_SWITCH,
	.initial = "",
	.help = "1: leave bad objects out, list them and succeed"},
    {.name = "REJECTS_MAX",
	.type = SETTINGS_SHARE,
	.initial = "1%",
	.help = "with REJECTS=1: how many may be left out, 5 or 0.5% of all listed (at least 1)"},
    {.name = "OVERWRITE",
	.type = SETTINGS_SWITCH,
	.initial = "",
	.side = SETTINGS_DEST,
	.help = "1: replace objects at the destination that this run did not make"},
    {.name = "PRUNE",
	.type = SETTINGS_SWITCH,
	.initial = "",
	.help = "1: refresh drops the rows of objects that are gone"},
    {.name = "DEEP",
	.type = SETTINGS_SWITCH,
	.initial = "",
	.help = "1: verify reads the merged objects and checks each row"},
    {.name = "SOURCE",
	.type = SETTINGS_SWITCH,
	.initial = "",
	.help = "1: verify lists SRC again and names what has changed"},
    {.name = "PROGRESS", .type = SETTINGS_SWITCH, .initial = "", .help = "0: no progress"},
    {.name = "S3GET_FLAGS",
	.type = SETTINGS_FLAGS,
	.initial = "",
	.side = SETTINGS_SRC,
	.help = "more options for s3get"},
    {.name = "S3PUT_FLAGS",
	.type = SETTINGS_FLAGS,
	.initial = "",
	.side = SETTINGS_DEST,
	.help = "more options for s3put"},
    {.name = "CSVCAT_FLAGS",
	.type = SETTINGS_FLAGS,
	.initial = "",
	.help = "more options for csvcat"},
    {.name = "PRICE_GET",
	.type = SETTINGS_PRICE,
	.initial = "0.0004",
	.help = "dollars for 1,000 GET requests"},
    {.name = "PRICE_PUT",
	.type = SETTINGS_PRICE,
	.initial = "0.005",
	.help = "dollars for 1,000 PUT and LIST requests"},
    {.name = "N", .type = SETTINGS_BATCH, .initial = "", .help = "the batch that make logs shows"},
};

const size_t settings_count = sizeof(settings_table) / sizeof(settings_table[0]);

const char *
settings_type_name(enum settings_type t)
{
	static const char *const names[SETTINGS_TYPES] = {"prefix", "folder", "number", "switch",
	    "choice", "byte", "words", "flags", "text", "price", "share", "batch"};

	return names[t];
}

const char *
settings_side_name(enum settings_side s)
{
	static const char *const names[] = {"-", "src", "dest", "backup"};

	return names[s];
}

void
settings_describe(struct buf *out)
{
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings_table[i];

		buf_addf(out, "%s\t%s\t%s\t%s\t%d\t", s->name, settings_type_name(s->type),
		    *s->initial != '\0' ? s->initial : "-", settings_side_name(s->side), s->shapes);
		if (s->type == SETTINGS_NUMBER)
			buf_addf(out, "%llu-%llu", (unsigned long long)s->min,
			    (unsigned long long)s->max);
		else
			buf_adds(out, s->choices != NULL ? s->choices : "-");
		buf_addf(out, "\t%s\n", s->help);
	}
}

const struct setting *
settings_find(const char *name)
{
	for (size_t i = 0; i < settings_count; i++)
		if (strcmp(settings_table[i].name, name) == 0)
			return &settings_table[i];
	return NULL;
}

/* --- where values come from --- */

const char *
settings_from_environment(void *arg, const struct setting *s)
{
	(void)arg;
	return getenv(s->variable != NULL ? s->variable : s->name);
}

const char *
settings_from_values(void *arg, const struct setting *s)
{
	return values_get(arg, s->name);
}

const char *
settings_value(const struct setting *s, settings_get *get, void *arg, struct buf *out)
{
	const char *value = get(arg, s);

	buf_reset(out);
	buf_adds(out, value != NULL ? value : s->initial);
	/* SRC is a string that keys begin with, but a bucket alone has a slash behind it */
	if (s->type == SETTINGS_PREFIX && out->len > 0 && out->p[out->len - 1] != '/' &&
	    (s->side != SETTINGS_SRC || out->len < 5 ||
		memchr(out->p + 5, '/', out->len - 5) == NULL))
		buf_addc(out, '/');
	return buf_str(out);
}

/* --- checks --- */

static int
must(const struct setting *s, const char *value, const char *what, struct err *e)
{
	return err_set(e, EXIT_USAGE, "%s=%.200s%s: must be %s", s->name, value,
	    strlen(value) > 200 ? "..." : "", what);
}

static int
check_number(const struct setting *s, const char *value, struct err *e)
{
	char what[80];
	uint64_t n;

	if (*value != '0' && num_parse(value, s->min, s->max, &n) == 0)
		return 0;
	snprintf(what, sizeof(what), "a number from %llu to %llu", (unsigned long long)s->min,
	    (unsigned long long)s->max);
	return must(s, value, what, e);
}

static int
check_choice(const struct setting *s, const char *value, struct err *e)
{
	struct buf what = {0};
	const char *c = s->choices;
	int rc;

	while (*c != '\0') {
		size_t n = strcspn(c, "|");

		if (strlen(value) == n && memcmp(value, c, n) == 0) {
			buf_free(&what);
			return 0;
		}
		buf_adds(&what, what.len > 0 ? " or " : "");
		buf_add(&what, c, n);
		c += n + (c[n] == '|');
	}
	rc = must(s, value, buf_str(&what), e);
	buf_free(&what);
	return rc;
}

static int
check_price(const struct setting *s, const char *value, struct err *e)
{
	size_t whole = strspn(value, "0123456789"), part = 0;

	if (value[whole] == '.')
		part = 1 + strspn(value + whole + 1, "0123456789");
	if (value[whole + part] != '\0' || whole == 0 || part == 1 || whole + part > 20)
		return must(s, value, "a number of dollars such as 0.005", e);
	return 0;
}

static int
check_prefix(const struct setting *s, const char *value, struct err *e)
{
	struct uri u;
	struct err why;

	if (strncmp(value, "s3://", 5) != 0 || value[5] == '/' || value[5] == '\0')
		return must(s, value, "a prefix, s3://bucket/...", e);
	if (uri_parse(value, strlen(value), &u, &why) == -1)
		return err_set(e, EXIT_USAGE, "%s: %s", s->name, why.text);
	uri_free(&u);
	return 0;
}

static int
check_flags(const struct setting *s, const char *value, struct err *e)
{
	struct buf words = {0};
	struct err why;
	int rc = settings_split(&words, value, &why);

	buf_free(&words);
	return rc == -1 ? err_set(e, EXIT_USAGE, "%s: %s", s->name, why.text) : 0;
}

static int
check_batch(const struct setting *s, const char *value, struct err *e)
{
	uint64_t n;

	if (strcmp(value, "listing") == 0 || num_parse(value, 0, UINT32_MAX - 1, &n) == 0)
		return 0;
	return must(s, value, "the number of a batch, or listing", e);
}

/* A tab may be a delimiter, or stand in a column's name. */
static int
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return 1;
	return 0;
}

int
settings_check(const struct setting *s, const char *value, struct err *e)
{
	struct share share;

	if (strlen(value) > VALUE_MAX)
		return err_set(
		    e, EXIT_USAGE, "%s: must not be longer than %d bytes", s->name, VALUE_MAX);
	if (has_control(value) ||
	    (*value != '\0' && s->type == SETTINGS_PREFIX && strchr(value, '\t') != NULL))
		return err_set(
		    e, EXIT_USAGE, "%s: must not hold a control character; take it out", s->name);
	if (*value == '\0')
		return *s->initial != '\0' && s->type != SETTINGS_WORDS
		    ? err_set(e, EXIT_USAGE, "%s: must not be empty; its default is %s", s->name,
			  s->initial)
		    : 0;
	switch (s->type) {
	case SETTINGS_PREFIX: return check_prefix(s, value, e);
	case SETTINGS_NUMBER: return check_number(s, value, e);
	case SETTINGS_SWITCH:
		return strcmp(value, "0") == 0 || strcmp(value, "1") == 0
		    ? 0
		    : must(s, value, "1, 0 or empty", e);
	case SETTINGS_CHOICE: return check_choice(s, value, e);
	case SETTINGS_BYTE:
		return strcmp(value, "\\t") == 0 || (strlen(value) == 1 && *value != '"')
		    ? 0
		    : must(s, value, "one byte other than \", or \\t", e);
	case SETTINGS_FLAGS: return check_flags(s, value, e);
	case SETTINGS_PRICE: return check_price(s, value, e);
	case SETTINGS_SHARE:
		return share_parse(&share, value) == 0
		    ? 0
		    : must(s, value, "a number of objects, or a percentage such as 0.5%", e);
	case SETTINGS_BATCH: return check_batch(s, value, e);
	default: return 0;
	}
}

size_t
settings_check_all(settings_get *get, void *arg, char *const *needed, size_t n,
    void (*tell)(const struct err *why))
{
	struct err why;
	size_t wrong = 0;

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *s = &settings_table[i];
		const char *value = get(arg, s);
		int missing = 0;

		for (size_t k = 0; k < n && (value == NULL || *value == '\0'); k++)
			missing = missing || strcmp(needed[k], s->name) == 0;
		if (missing)
			err_set(&why, EXIT_USAGE, "%s: must be given%s", s->name,
			    s->type == SETTINGS_PREFIX ? ", as s3://bucket/prefix/" : "");
		if (missing || (value != NULL && settings_check(s, value, &why) == -1)) {
			tell(&why);
			wrong++;
		}
	}
	if (wrong == 0 && settings_check_places(get, arg, &why) == -1) {
		tell(&why);
		wrong++;
	}
	return wrong;
}

static int
begins_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Prefixes are strings: what a destination gets must not be listed by SRC, nor SRC be among it. */
static int
check_apart(const char *name, const char *dest, const char *src, struct err *e)
{
	static const char *const outputs[] = {"merged", "_sheaf/"};
	struct buf output = {0};
	int apart = 1;

	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		buf_reset(&output);
		buf_addf(&output, "%s%s", dest, outputs[i]);
		apart = apart && !begins_with(buf_str(&output), src) &&
		    !begins_with(src, buf_str(&output));
	}
	buf_free(&output);
	return apart ? 0
		     : err_set(e, EXIT_USAGE,
			   "%s=%s: the merged objects would be listed by SRC=%s; use another %s",
			   name, dest, src, name);
}

int
settings_check_places(settings_get *get, void *arg, struct err *e)
{
	struct buf buf[3] = {{0}, {0}, {0}};
	const char *src = settings_value(settings_find("SRC"), get, arg, &buf[0]);
	const char *dest = settings_value(settings_find("DEST"), get, arg, &buf[1]);
	const char *backup = settings_value(settings_find("BACKUP"), get, arg, &buf[2]);
	int rc = 0;

	if (*src != '\0' && *dest != '\0')
		rc = check_apart("DEST", dest, src, e);
	if (rc == 0 && *src != '\0' && *backup != '\0')
		rc = check_apart("BACKUP", backup, src, e);
	if (rc == 0 && *dest != '\0' && *backup != '\0' &&
	    (begins_with(backup, dest) || begins_with(dest, backup)))
		rc = err_set(e, EXIT_USAGE, "BACKUP=%s: must be apart from DEST=%s", backup, dest);
	for (size_t i = 0; i < 3; i++)
		buf_free(&buf[i]);
	return rc;
}

int
settings_split(struct buf *out, const char *s, struct err *e)
{
	char quote = '\0';
	int in_word = 0;

	for (; *s != '\0'; s++) {
		if (quote != '\0' && *s == quote) {
			quote = '\0';
		} else if (quote == '\0' && (*s == '"' || *s == '\'')) {
			quote = *s;
			in_word = 1;
		} else if (quote == '\0' && (*s == ' ' || *s == '\t')) {
			if (in_word)
				buf_addc(out, '\0');
			in_word = 0;
		} else {
			buf_addc(out, *s);
			in_word = 1;
		}
	}
	if (quote != '\0')
		return err_set(
		    e, EXIT_USAGE, "a quote (%c) is not closed; add the second one", quote);
	if (in_word)
		buf_addc(out, '\0');
	return 0;
}
