/*
 * lib/s3/list/list_sorted against a model of a server that lists in an order of its own: what is
 * given is the sorted set, each key once, or the listing fails.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/xorshift.h"
#include "s3/list/list_sorted.h"
#include "tap.h"

enum { KEYS_MAX = 300, CASES = 3000, LEN = 16 };

/* How pages continue: by tokens; after a key where it stands in the server's order; or with the
 * keys that are greater as bytes, which leaves out others. */
enum manner { TOKENS, NEXT_MARKERS, KEYS_IN_ORDER, KEYS_AS_BYTES, TOKENS_AS_BYTES, MANNERS };

struct model {
	char keys[KEYS_MAX][LEN]; /* in the server's order */
	char sorted[KEYS_MAX][LEN];
	size_t n, given, page_max;
	enum manner manner;
	int overlap; /* a page repeats the last key of the one before it */
	int wrong;
	int shown; /* a page had keys out of order */
	struct s3xml_page page;
};

static uint64_t rng;

static unsigned
dice(unsigned n)
{
	return (unsigned)((xorshift64(&rng) >> 16) % n);
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
make_keys(struct model *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char key[LEN];
		size_t j = 0;

		snprintf(key, sizeof(key), "p/%c%u", "aAbBzZ"[dice(6)], dice(60));
		while (j < m->n && strcmp(m->keys[j], key) != 0)
			j++;
		if (j == m->n)
			memcpy(m->keys[m->n++], key, sizeof(key));
	}
	memcpy(m->sorted, m->keys, sizeof(m->keys));
	qsort(m->sorted, m->n, LEN, by_bytes);
	if (dice(8) == 0)
		memcpy(m->keys, m->sorted, sizeof(m->keys));
}

/* The keys from the index on, as many as the page takes. */
static void
answer(struct model *m, struct list_sorted *s, size_t at, const char *greater)
{
	size_t n = 0, i;

	m->page.objects = xrealloc(m->page.objects, (m->page_max + 1) * sizeof(*m->page.objects));
	for (i = at; i < m->n && n < m->page_max; i++)
		if (greater == NULL || strcmp(m->keys[i], greater) > 0)
			m->page.objects[n++] = (struct s3xml_object){m->keys[i], strlen(m->keys[i]),
			    i, "e", i % 7 != 0 ? "2026-01-01T00:00:00Z" : "", "STANDARD"};
	m->page.n_objects = n;
	for (size_t j = 1; j < n; j++)
		m->shown |= strcmp(m->page.objects[j].key, m->page.objects[j - 1].key) < 0;
	m->page.is_truncated = 0;
	for (size_t j = i; j < m->n; j++)
		if (greater == NULL || strcmp(m->keys[j], greater) > 0)
			m->page.is_truncated = 1;
	m->page.next_is_key = m->page.is_truncated && m->manner == NEXT_MARKERS;
	free(m->page.next_token);
	m->page.next_token = NULL;
	if (m->page.is_truncated && m->manner != KEYS_IN_ORDER && m->manner != KEYS_AS_BYTES)
		m->page.next_token = xstrdup(m->page.objects[n - 1].key);
	list_sorted_page(s, &m->page);
}

static int
take(void *arg, const struct s3xml_object *o)
{
	struct model *m = arg;

	if (m->given >= m->n || strcmp(o->key, m->sorted[m->given]) != 0 ||
	    o->key_len != strlen(o->key) || o->size >= m->n ||
	    strcmp(m->keys[o->size], o->key) != 0 || strcmp(o->etag, "e") != 0 ||
	    strcmp(o->mtime, o->size % 7 != 0 ? "2026-01-01T00:00:00Z" : "") != 0 ||
	    strcmp(o->storage_class, "STANDARD") != 0)
		m->wrong = 1;
	m->given++;
	return 0;
}

static enum list_next
list(struct model *m, size_t held_max, struct err *e)
{
	const struct list_sorted_opt opt = {
	    .prefix = "p/", .held_max = held_max, .take = take, .arg = m};
	struct list_sorted *s = list_sorted_new(&opt);
	enum list_next how;
	struct list_ask ask;
	unsigned requests = 0;

	while ((how = list_sorted_next(s, &ask, e)) == LIST_ASK && requests++ < 3 * KEYS_MAX) {
		const char *after = ask.token != NULL ? ask.token : ask.start_after;
		size_t at = 0;

		if (after != NULL && m->manner < KEYS_AS_BYTES) {
			while (strcmp(m->keys[at], after) != 0)
				at++;
			at += m->overlap && ask.token != NULL ? 0 : 1;
		}
		answer(m, s, at, m->manner >= KEYS_AS_BYTES ? after : NULL);
	}
	if (how == LIST_END && list_sorted_given(s) != m->given)
		m->wrong = 1;
	list_sorted_free(s);
	return how;
}

static void
test_cases(void)
{
	unsigned failed = 0, refused = 0;

	for (unsigned seed = 0; seed < CASES; seed++) {
		struct model m = {.manner = (enum manner)(seed % MANNERS)};
		struct err e = {0};
		enum list_next how;
		int good;

		rng = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
		for (int i = 0; i < 8; i++)
			dice(2);
		make_keys(&m, 1 + dice(KEYS_MAX));
		m.page_max = 2 + dice(60);
		m.overlap = m.manner == TOKENS && dice(2) == 0;
		how = list(&m, 1 << 20, &e);
		good = how == LIST_END && !m.wrong && m.given == m.n;
		if (m.manner >= KEYS_AS_BYTES && how == LIST_FAILED && m.given == 0) {
			good = 1;
			refused++;
		}
		if (m.manner >= KEYS_AS_BYTES && !m.shown) /* nobody can notice */
			good = how == LIST_END;
		if (!good && failed++ < 10)
			printf("# seed %u: manner %d, ended %d, %zu of %zu, wrong %d: %s\n", seed,
			    m.manner, how, m.given, m.n, m.wrong, e.text);
		free(m.page.objects);
		free(m.page.next_token);
	}
	OK(failed == 0, "%d random listings, %u of them wrong", CASES, failed);
	OK(refused > CASES / 8, "%u whose pages leave out keys are refused", refused);
}

static void
test_limit(void)
{
	struct model m = {.page_max = 5};
	struct err e = {0};

	rng = 1;
	make_keys(&m, 100);
	OK(list(&m, 2000, &e) == LIST_FAILED && m.given == 0, "too many keys to be sorted: %s",
	    e.text);
	OK(strstr(e.text, "p/: ") == e.text && strstr(e.text, "list longer prefixes") != NULL,
	    "says what to do");
	free(m.page.objects);
	free(m.page.next_token);
}

int
main(void)
{
	test_cases();
	test_limit();
	return tap_done();
}
