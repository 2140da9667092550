/*
 * lib/s3/list/list_ranges, and list_sorted once another order shows: a whole listing of a server
 * that answers what the input says. Whatever it answers, the listing ends, and what is given
 * ascends, begins with the prefix, and can be printed as a line and sent in a header.
 *
 * The first byte: how many requests at once, and which prefix; whether the server knows markers.
 * Then for each answer which request it is for, what kind it is, and its keys.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/iso_time.h"
#include "base/uri.h"
#include "s3/list/list_check.h"
#include "s3/list/list_ranges.h"
#include "s3/list/list_sorted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IN_FLIGHT_MAX = 8, OBJECTS_MAX = 7, STEPS_MAX = 200000 };

struct script {
	const uint8_t *p, *end;
	const char *prefix;
	struct list_ranges *ranges; /* or NULL and */
	struct list_sorted *sorted;
	struct list_range *asked[IN_FLIGHT_MAX];
	unsigned n_asked;
	struct buf last; /* key given */
	int any;
};

/* Behind the end all is 0: a last page without keys. */
static unsigned
next(struct script *s)
{
	return s->p < s->end ? *s->p++ : 0;
}

static int
take(void *arg, const struct s3xml_object *o)
{
	struct script *s = arg;
	int64_t t;

	if (o->key_len == 0 || o->key_len > S3_KEY_MAX || strlen(o->key) != o->key_len ||
	    strncmp(o->key, s->prefix, strlen(s->prefix)) != 0 ||
	    (s->any && strcmp(o->key, buf_str(&s->last)) <= 0))
		abort();
	for (const char *p = o->etag; *p != '\0'; p++)
		if (*p < 0x21 || *p > 0x7e || *p == '"')
			abort();
	if (*o->mtime != '\0' && iso_time_parse(o->mtime, &t) == -1)
		abort();
	s->any = 1;
	buf_reset(&s->last);
	buf_add(&s->last, o->key, o->key_len);
	return 0;
}

/* A key: its length, then its bytes; a length over 200 is that of a key that is too long. */
static void
add_key(struct script *s, struct buf *text)
{
	unsigned kind = next(s), len = kind % 8;

	if (kind < 248)
		buf_adds(text, s->prefix);
	for (unsigned i = 0; i < (kind == 247 ? S3_KEY_MAX + 1u : len); i++)
		buf_addc(text, (char)(kind == 247 ? 'k' : next(s)));
	buf_addc(text, '\0');
}

static void
answer(struct script *s)
{
	static const char *const etags[] = {
	    "", "e", "a b", "x\r\ny", "0123456789abcdef", "\"", "e", "e"};
	static const char *const times[] = {
	    "2026-01-01T00:00:00Z", "", "never", "2026-01-01T00:00:00+02:00\n"};
	struct s3xml_object objects[OBJECTS_MAX];
	struct s3xml_page page = {.objects = objects};
	struct err e = {.status = EXIT_FAILED, .text = "refused"};
	struct buf keys = {0}, token = {0};
	unsigned i = next(s) % s->n_asked, kind = next(s), fields = kind & 0x80 ? next(s) : 1;
	struct list_range *r = s->asked[i];
	size_t starts[OBJECTS_MAX], ends[OBJECTS_MAX];

	s->asked[i] = s->asked[--s->n_asked];
	page.n_objects = kind % 8;
	for (size_t k = 0; k < page.n_objects; k++) {
		starts[k] = keys.len;
		add_key(s, &keys);
		ends[k] = keys.len - 1;
	}
	for (size_t k = 0; k < page.n_objects; k++)
		objects[k] = (struct s3xml_object){keys.p + starts[k], ends[k] - starts[k], 1,
		    etags[fields % 8], times[fields / 8 % 4], ""};
	page.is_truncated = (kind & 8) != 0;
	if (kind & 16) {
		for (unsigned n = fields == 255 ? LIST_TOKEN_MAX + 1u : 1; n > 0; n--)
			buf_addc(&token, (char)('a' + (fields == 255 ? 0 : next(s) % 26)));
		buf_str(&token);
		page.next_token = token.p;
		page.next_is_key = (fields & 0x40) != 0;
	}
	if (s->sorted != NULL && (kind & 0x60) == 0x60)
		list_sorted_no_page(s->sorted, &e);
	else if (s->sorted != NULL)
		list_sorted_page(s->sorted, &page);
	else if ((kind & 0x60) == 0x60)
		list_ranges_no_page(s->ranges, r, (kind & 1) != 0, &e);
	else
		list_ranges_page(s->ranges, r, &page);
	buf_free(&keys);
	buf_free(&token);
}

/* Lists until there is nothing left to do, and says why. */
static enum list_next
list(struct script *s, unsigned requests)
{
	for (unsigned steps = 0;; steps++) {
		enum list_next how = LIST_WAIT;
		struct list_ask ask;
		struct err e = {0};

		while (s->n_asked < requests &&
		    (how = s->sorted != NULL ? list_sorted_next(s->sorted, &ask, &e)
					     : list_ranges_next(s->ranges, &ask, &e)) == LIST_ASK)
			s->asked[s->n_asked++] = ask.range;
		if ((how == LIST_FAILED || how == LIST_UNORDERED) && e.text[0] == '\0')
			abort();
		if (how != LIST_ASK && how != LIST_WAIT)
			return how;
		if (s->n_asked == 0 || steps > STEPS_MAX)
			abort();
		answer(s);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const prefixes[] = {"", "p/", "\xc3\xa9", "pppppppp"};
	struct script s = {.p = data, .end = data + size};
	unsigned first = next(&s);
	struct list_ranges_opt opt = {.prefix = prefixes[first / 8 % 4],
	    .requests = 1 + first % IN_FLIGHT_MAX,
	    .held_max = first & 0x40 ? 100 : 1 << 20,
	    .has_markers = (first & 0x20) != 0,
	    .take = take,
	    .arg = &s};
	struct list_sorted_opt sorted = {.prefix = opt.prefix,
	    .held_max = first & 0x40 ? 1000 : 1 << 20,
	    .has_markers = opt.has_markers,
	    .take = take,
	    .arg = &s};
	enum list_next how;

	s.prefix = opt.prefix;
	s.ranges = list_ranges_new(&opt);
	how = list(&s, opt.requests);
	list_ranges_free(s.ranges);
	if (how == LIST_UNORDERED) {
		s.n_asked = 0;
		s.any = 0;
		s.sorted = list_sorted_new(&sorted);
		list(&s, 1);
		list_sorted_free(s.sorted);
	}
	buf_free(&s.last);
	return 0;
}
