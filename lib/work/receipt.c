#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/num.h"
#include "work/records.h"

/* --- tab-separated files --- */

int
tsv_open(struct tsv *t, const char *path, struct err *e)
{
	*t = (struct tsv){.path = xstrdup(path), .f = fopen(path, "re")};
	return t->f == NULL ? err_errno(e, EXIT_FAILED, "%s", path) : 0;
}

int
tsv_next(struct tsv *t, unsigned n, struct err *e)
{
	ssize_t len;
	char *p;

	errno = 0;
	if ((len = getline(&t->line, &t->cap, t->f)) == -1)
		return errno == 0 ? 0 : err_errno(e, EXIT_FAILED, "%s", t->path);
	t->number++;
	if (t->line[len - 1] != '\n' || strlen(t->line) != (size_t)len)
		return err_set(e, EXIT_FAILED, "%s: line %llu is cut short", t->path,
		    (unsigned long long)t->number);
	t->line[len - 1] = '\0';
	p = t->line;
	for (unsigned i = 0; i < n; i++) {
		t->field[i] = p;
		p += strcspn(p, "\t");
		if ((*p == '\0') != (i == n - 1))
			return err_set(e, EXIT_FAILED, "%s: line %llu has not %u fields", t->path,
			    (unsigned long long)t->number, n);
		*p++ = '\0';
	}
	return 1;
}

void
tsv_close(struct tsv *t)
{
	if (t->f != NULL)
		fclose(t->f);
	free(t->path);
	free(t->line);
	*t = (struct tsv){0};
}

static int
parse_crc32c(const char *s, uint32_t *crc)
{
	if (s == NULL || strlen(s) != 8 || strspn(s, "0123456789abcdef") != 8)
		return -1;
	*crc = (uint32_t)strtoul(s, NULL, 16);
	return 0;
}

/* csvcat writes a tab, a line feed and a backslash of a name as \t, \n and \\. */
static void
unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			*to++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

int
ledger_next(struct tsv *t, struct ledger_line *l, struct err *e)
{
	int rc = tsv_next(t, 4, e);

	if (rc != 1)
		return rc;
	unescape(t->field[0]);
	l->name = t->field[0];
	if (num_parse(t->field[1], 0, UINT64_MAX, &l->bytes) == -1 ||
	    num_parse(t->field[2], 0, UINT64_MAX, &l->rows) == -1 ||
	    parse_crc32c(t->field[3], &l->crc32c) == -1)
		return err_set(e, EXIT_FAILED, "%s: line %llu is not bytes, rows and a CRC32C",
		    t->path, (unsigned long long)t->number);
	return 1;
}

/* --- receipts --- */

static int
get_number(const json_t *o, const char *name, uint64_t *n)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return -1;
	*n = (uint64_t)json_integer_value(v);
	return 0;
}

static int
get_text(const json_t *o, const char *name, char **text)
{
	const char *s = json_string_value(json_object_get(o, name));

	if (s == NULL)
		return -1;
	*text = xstrdup(s);
	return 0;
}

int
receipt_load(struct receipt *r, const char *path, struct err *e)
{
	json_error_t je;
	json_t *o = json_load_file(path, JSON_REJECT_DUPLICATES, &je);

	*r = (struct receipt){0};
	if (o == NULL)
		return err_set(e, EXIT_FAILED, "%s: %s", path, je.text);
	if (get_text(o, "uri", &r->uri) == -1 || get_text(o, "etag", &r->etag) == -1 ||
	    get_number(o, "bytes", &r->bytes) == -1 ||
	    get_number(o, "objects", &r->objects) == -1 || get_number(o, "rows", &r->rows) == -1 ||
	    get_number(o, "header_bytes", &r->header_bytes) == -1 ||
	    parse_crc32c(json_string_value(json_object_get(o, "crc32c")), &r->crc32c) == -1 ||
	    parse_crc32c(
		json_string_value(json_object_get(o, "header_crc32c")), &r->header_crc32c) == -1) {
		receipt_free(r);
		json_decref(o);
		return err_set(e, EXIT_FAILED,
		    "%s: not a receipt: a field is missing or of the wrong kind", path);
	}
	json_decref(o);
	return 0;
}

void
receipt_free(struct receipt *r)
{
	free(r->uri);
	free(r->etag);
	*r = (struct receipt){0};
}

/* --- rejects --- */

int
rejects_load(struct rejects *r, const char *path, struct err *e)
{
	struct tsv t;
	int rc;

	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;
	rc = tsv_open(&t, path, e);
	while (rc == 0 && (rc = tsv_next(&t, 2, e)) == 1) {
		if (r->n == r->cap) {
			r->cap = 2 * r->cap + 8;
			r->uri = xrealloc(r->uri, r->cap * sizeof(*r->uri));
		}
		r->uri[r->n++] = xstrdup(t.field[0]);
		rc = 0;
	}
	tsv_close(&t);
	return rc;
}

int
rejects_have(const struct rejects *r, const char *uri)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->uri[i], uri) == 0)
			return 1;
	return 0;
}

void
rejects_free(struct rejects *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->uri[i]);
	free(r->uri);
	*r = (struct rejects){0};
}
