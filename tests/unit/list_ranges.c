/*
 * lib/s3/list/list_ranges against a model of a server: random sets of keys, random pages, answers
 * in random order. Whatever happens, what is given is the sorted set: all of it, or, after a
 * failure, its beginning. A server with another order is given away, or all keys are given all the
 * same.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/xorshift.h"
#include "s3/list/list_ranges.h"
#include "s3/list/list_split.h"
#include "tap.h"

enum {
	KEYS_MAX = 4000,
	IN_FLIGHT_MAX = 64,
	CASES = 10000,
	CASES_FEW = 300,
	FAULTS = 5,
	ORDERS = 6
};

enum fault { NONE, IGNORES_AFTER, REFUSES_AFTER, EMPTY_ANSWERS, BROKEN_KEY };

/* Orders of the server other than that of the bytes. */
enum order { BYTES, UTF_16, NO_CASE, FOLDERS_FIRST, BACKWARDS, BY_HASH };

struct request {
	struct list_range *range;
	char *after; /* NULL: from the first */
	int is_token;
};

struct model {
	char **keys;
	char **served; /* the same in the server's order */
	enum order order;
	int has_tokens; /* 0: pages continue after keys */
	size_t n, given, page_max, pages;
	const char *prefix;
	enum fault fault;
	size_t broken; /* whose page cannot be had, with BROKEN_KEY */
	int wrong, misplaced;
	int fixed_pages;
	struct request requests[IN_FLIGHT_MAX];
	unsigned n_requests;
	size_t named; /* keys that any answer gave, up to the highest */
	struct s3xml_page page;
	const struct list_range *lied_to[IN_FLIGHT_MAX];
};

static uint64_t rng;

static unsigned
dice(unsigned n)
{
	return (unsigned)((xorshift64(&rng) >> 16) % n);
}

/* --- keys --- */

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
add_random(struct buf *k, const char *const *from, unsigned n_from, unsigned n)
{
	while (n-- > 0)
		buf_adds(k, from[dice(n_from)]);
}

static void
make_key(struct buf *k, unsigned kind, unsigned i)
{
	static const char *const odd[] = {
	    "a", "b", "\x01", "\x1f", "~", "\x7f", "/", " ", "+", "%"};
	static const char *const wide[] = {"\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x98\x80",
	    "\xef\xbd\x9e", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "z", "\xdf\xbf", "\xe0\xa0\x80"};
	static const char *const two[] = {"0", "1"};
	char digits[32];

	switch (kind) {
	case 0: /* numbers */ buf_addf(k, "%08u.csv", i + 1); break;
	case 1: add_random(k, odd, 10, (k->len == 0) + dice(5)); break;
	case 2: add_random(k, wide, 9, 1 + dice(5)); break;
	case 3: /* random hexadecimal */
		snprintf(digits, sizeof(digits), "%04x%04x", dice(65536), dice(65536));
		buf_adds(k, digits);
		break;
	case 4: /* days, most of them empty */
		buf_addf(k, "year=%u/month=%02u/part-%05u", 2000 + dice(3) * 11, 1 + dice(12),
		    dice(100));
		break;
	case 5: /* a long common beginning, then one or many */
		for (int j = 0; j < 90; j++)
			buf_adds(k, "common/");
		add_random(k, two, 2, dice(12));
		break;
	case 6: /* nearly all under one prefix */
		if (dice(100) == 0)
			add_random(k, odd, 10, 3);
		else
			buf_addf(k, "dense/%06u", dice(5000));
		break;
	case 8: /* scripts, each with many numbers */
		buf_addf(k, "%s%04u", wide[dice(9)], dice(10000));
		break;
	case 7: /* words in any case, with folders */
		for (unsigned n = 1 + dice(3); n > 0; n--)
			buf_addf(k, "%c%c%s", "aAbBcZz"[dice(7)], "aBcD.-"[dice(6)],
			    n > 1	  ? "/"
				: dice(2) ? ".csv"
					  : "");
		break;
	default: /* each the beginning of the next */
		for (unsigned j = 0; j <= i % 300; j++)
			buf_addc(k, (char)('a' + i / 300 % 3));
		break;
	}
}

static void
make_keys(struct model *m, unsigned kind, unsigned n)
{
	m->keys = xcalloc(n, sizeof(*m->keys));
	for (unsigned i = 0; i < n; i++) {
		struct buf k = {0};

		buf_adds(&k, m->prefix);
		make_key(&k, kind, i);
		buf_str(&k);
		m->keys[m->n++] = k.p;
	}
	qsort(m->keys, m->n, sizeof(*m->keys), by_bytes);
	n = 0;
	for (size_t i = 0; i < m->n; i++) {
		if (n > 0 && strcmp(m->keys[n - 1], m->keys[i]) == 0)
			free(m->keys[i]);
		else
			m->keys[n++] = m->keys[i];
	}
	m->n = n;
}

/* --- the server --- */

/* A byte's place in that order. */
static unsigned
place(enum order order, unsigned char c)
{
	switch (order) {
	case UTF_16: return c >= 0xf0 ? 0xed * 2 + 1 : c * 2; /* surrogates, before U+E000 */
	case NO_CASE: return c >= 'A' && c <= 'Z' ? c + 32 : c;
	case FOLDERS_FIRST: return c == '/' ? 1 : c + 1;
	case BACKWARDS: return 256 - c;
	default: return c;
	}
}

static unsigned
hash_of(const char *key)
{
	unsigned h = 7;

	while (*key != '\0')
		h = (h ^ (unsigned char)*key++) * 16777619;
	return h ^ h >> 11;
}

static int
compare(enum order order, const char *a, const char *b)
{
	size_t i = 0;

	if (order == BY_HASH && hash_of(a) != hash_of(b))
		return hash_of(a) < hash_of(b) ? -1 : 1;
	while (a[i] != '\0' && b[i] != '\0' &&
	    place(order, (unsigned char)a[i]) == place(order, (unsigned char)b[i]))
		i++;
	if (a[i] == b[i])
		return strcmp(a, b);
	if (a[i] == '\0' || b[i] == '\0')
		return a[i] == '\0' ? -1 : 1;
	return place(order, (unsigned char)a[i]) < place(order, (unsigned char)b[i]) ? -1 : 1;
}

static enum order sorting; /* for by_order */

static int
by_order(const void *a, const void *b)
{
	return compare(sorting, *(char *const *)a, *(char *const *)b);
}

static void
serve(struct model *m)
{
	m->served = xcalloc(m->n + 1, sizeof(*m->served));
	memcpy(m->served, m->keys, m->n * sizeof(*m->keys));
	sorting = m->order;
	qsort(m->served, m->n, sizeof(*m->served), by_order);
}

static size_t
first_behind(const struct model *m, const char *key)
{
	size_t low = 0, high = m->n;

	while (key != NULL && low < high) {
		size_t middle = (low + high) / 2;

		if (compare(m->order, m->served[middle], key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
fill_page(struct model *m, size_t at, size_t n)
{
	m->page.n_objects = n;
	m->page.objects = xrealloc(m->page.objects, (n + 1) * sizeof(*m->page.objects));
	for (size_t i = 0; i < n; i++) {
		const char *key = m->served[at + i];

		m->page.objects[i] = (struct s3xml_object){
		    key, strlen(key), hash_of(key), "etag", "2026-01-01T00:00:00Z", "STANDARD"};
	}
	m->page.is_truncated = at + n < m->n;
	free(m->page.next_token);
	m->page.next_token = NULL;
	if (m->page.is_truncated && m->has_tokens) {
		/* of a page without keys: where that begins, in another writing each time */
		struct buf token = {0};

		buf_addf(&token, "%zu %zu", m->pages, at + n);
		buf_str(&token);
		m->page.next_token = token.p;
	}
}

/* 1 when the last answer for the range said that there is no more; with lie this one will. */
static int
was_lied_to(struct model *m, const struct list_range *r, int lie)
{
	int was = 0;

	for (int i = 0; i < IN_FLIGHT_MAX; i++) {
		if (m->lied_to[i] == r) {
			m->lied_to[i] = NULL;
			was = 1;
		}
	}
	for (int i = 0; i < IN_FLIGHT_MAX && lie; i++) {
		if (m->lied_to[i] == NULL) {
			m->lied_to[i] = r;
			break;
		}
	}
	return was;
}

static void
answer(struct model *m, struct list_ranges *lr, unsigned i)
{
	struct request q = m->requests[i];
	struct err e = {.status = EXIT_FAILED, .text = "refused"};
	size_t at, n;

	m->requests[i] = m->requests[--m->n_requests];
	at = q.is_token			? strtoul(strchr(q.after, ' '), NULL, 10)
	    : m->fault == IGNORES_AFTER ? 0
					: first_behind(m, q.after);
	n = m->fixed_pages		    ? m->page_max
	    : m->has_tokens && dice(8) == 0 ? 0
					    : 1 + dice((unsigned)m->page_max);
	if (n > m->n - at)
		n = m->n - at;
	m->pages++;
	if (m->fault == REFUSES_AFTER && !q.is_token && q.after != NULL && at > 0) {
		list_ranges_no_page(lr, q.range, 1, &e);
	} else if (m->fault == BROKEN_KEY && at <= m->broken && m->broken < at + n) {
		list_ranges_no_page(lr, q.range, 0, &e);
	} else if (m->fault == EMPTY_ANSWERS && (at < m->named || q.is_token) &&
	    !was_lied_to(m, q.range, 0) && dice(4) == 0) {
		was_lied_to(m, q.range, 1);
		fill_page(m, m->n, 0);
		list_ranges_page(lr, q.range, &m->page);
	} else {
		if (n > 0 && m->named < at + n)
			m->named = at + n;
		fill_page(m, at, n);
		list_ranges_page(lr, q.range, &m->page);
	}
	free(q.after);
}

static int
take(void *arg, const struct s3xml_object *o)
{
	struct model *m = arg;

	if (m->given >= m->n || strcmp(o->key, m->keys[m->given]) != 0)
		m->misplaced = 1;
	if (o->size != hash_of(o->key) || o->key_len != strlen(o->key) ||
	    strcmp(o->etag, "etag") != 0 || strcmp(o->mtime, "2026-01-01T00:00:00Z") != 0 ||
	    strcmp(o->storage_class, "STANDARD") != 0)
		m->wrong = 1;
	m->given++;
	return 0;
}

static void
note_request(struct model *m, const struct list_ask *ask)
{
	const char *after = ask->token != NULL ? ask->token : ask->start_after;
	size_t len = after != NULL ? strlen(after) : 0, n = 0;

	m->requests[m->n_requests++] =
	    (struct request){ask->range, after != NULL ? xstrdup(after) : NULL, ask->token != NULL};
	while (n < len && utf8_char(after + n, len - n) > 0)
		n += utf8_char(after + n, len - n);
	if (n < len ||
	    (ask->token == NULL && after != NULL &&
		strncmp(after, m->prefix, strlen(m->prefix)) != 0))
		m->wrong = 1;
}

/* Lists with answers in random order, or, in rounds, in the order of the requests. The rounds. */
static unsigned
run(struct model *m, struct list_ranges *lr, unsigned requests, int rounds, enum list_next *how)
{
	unsigned n_rounds = 0;

	for (;;) {
		struct list_ask ask;
		struct err e;

		*how = LIST_WAIT;
		while (m->n_requests < requests && (rounds || m->n_requests == 0 || dice(3) > 0)) {
			*how = list_ranges_next(lr, &ask, &e);
			if (*how != LIST_ASK)
				break;
			note_request(m, &ask);
		}
		if (*how != LIST_ASK && *how != LIST_WAIT)
			break;
		if (m->n_requests == 0) {
			m->wrong = 1;
			break;
		}
		n_rounds++;
		for (unsigned n = rounds ? m->n_requests : 1; n > 0; n--)
			answer(m, lr, rounds ? n - 1 : dice(m->n_requests));
	}
	for (unsigned i = 0; i < m->n_requests; i++)
		free(m->requests[i].after);
	return n_rounds;
}

static void
model_free(struct model *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->keys[i]);
	free(m->keys);
	free(m->served);
	free(m->page.objects);
	free(m->page.next_token);
}

/* One random case. What was wrong, or NULL. */
static const char *
one_case(unsigned seed)
{
	static const char *const prefixes[] = {"", "p/", "\xc3\xa9/"};
	struct model m = {.prefix = prefixes[seed % 3]};
	struct list_ranges_opt opt = {.prefix = m.prefix, .take = take, .arg = &m};
	struct list_ranges *lr;
	const struct list_ranges_count *count;
	const char *wrong = NULL;
	enum list_next how;
	size_t held_limit;

	rng = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (int i = 0; i < 8; i++)
		dice(2);
	make_keys(&m, dice(10), 1 + dice(dice(4) == 0 ? KEYS_MAX : 400));
	m.fault = dice(2) == 0 ? NONE : (enum fault)dice(FAULTS);
	if (m.fault == NONE && dice(2) == 0)
		m.order = (enum order)dice(ORDERS);
	m.has_tokens = (m.fault != NONE && m.fault != BROKEN_KEY) || dice(4) > 0;
	m.broken = dice((unsigned)m.n);
	m.page_max = 1 + dice(dice(2) == 0 ? 10 : 100);
	m.fixed_pages = dice(2) == 0;
	serve(&m);
	opt.requests = 1 + dice(40);
	opt.held_max = dice(3) == 0 ? dice(2000) : 1 << 20;
	lr = list_ranges_new(&opt);
	run(&m, lr, opt.requests, 0, &how);
	count = list_ranges_counted(lr);
	held_limit = opt.held_max + (opt.requests + 1) * m.page_max * 1100;
	if (m.wrong)
		wrong = "a wrong object, or a wrong request";
	else if (how == LIST_UNORDERED && m.order != BYTES)
		wrong = NULL;
	else if (m.misplaced)
		wrong = "a wrong key";
	else if (m.fault == BROKEN_KEY ? how != LIST_FAILED || m.given > m.broken
				       : how != LIST_END || m.given != m.n)
		wrong = "not whole";
	else if (m.fault == BROKEN_KEY && m.fixed_pages && m.given + m.page_max < m.broken &&
	    opt.requests == 1)
		wrong = "given too little";
	else if (m.n <= m.page_max && m.fixed_pages && count->requests != 1)
		wrong = "more than one request for one page";
	else if (m.fault == IGNORES_AFTER && m.fixed_pages &&
	    count->requests > m.n / m.page_max + 1 + opt.requests)
		wrong = "goes on in parts where the server always begins anew";
	else if (count->held_max > held_limit)
		wrong = "too much is held";
	list_ranges_free(lr);
	model_free(&m);
	return wrong;
}

static void
test_cases(unsigned cases)
{
	unsigned failed = 0;

	for (unsigned seed = 0; seed < cases; seed++) {
		const char *wrong = one_case(seed);

		if (wrong != NULL && failed++ < 10)
			printf("# seed %u: %s\n", seed, wrong);
	}
	OK(failed == 0, "%u random listings, %u of them wrong", cases, failed);
}

/* How many rounds and requests a listing takes when all answers take the same time. */
static void
test_rounds(
    unsigned kind, unsigned n, unsigned page, size_t held_max, double rounds_max, double waste_max)
{
	struct model m = {.prefix = "csvs/", .page_max = page, .fixed_pages = 1, .has_tokens = 1};
	struct list_ranges_opt opt = {
	    .prefix = m.prefix, .requests = IN_FLIGHT_MAX, .held_max = held_max};
	struct list_ranges *lr;
	const struct list_ranges_count *count;
	enum list_next how;
	unsigned rounds, pages;

	opt.take = take;
	opt.arg = &m;
	lr = list_ranges_new(&opt);
	count = list_ranges_counted(lr);
	rng = 1;
	make_keys(&m, kind, n);
	serve(&m);
	rounds = run(&m, lr, IN_FLIGHT_MAX, 1, &how);
	pages = (unsigned)((m.n + page - 1) / page);
	OK(!m.wrong && !m.misplaced && how == LIST_END && m.given == m.n, "kind %u: all %zu keys",
	    kind, m.n);
	OK(rounds <= rounds_max, "kind %u: %u rounds for %u pages", kind, rounds, pages);
	OK((double)count->requests <= waste_max * pages,
	    "kind %u: %llu requests, %llu without a key, %llu ranges, at most %zu bytes held", kind,
	    (unsigned long long)count->requests, (unsigned long long)count->wasted,
	    (unsigned long long)count->ranges, count->held_max);
	list_ranges_free(lr);
	model_free(&m);
}

int
main(void)
{
	int few = getenv("FEW") != NULL; /* tests/run, where all is slow */

	test_cases(few ? CASES_FEW : CASES);
	test_rounds(0, 1000, 1000, 32 << 20, 1, 1);
	test_rounds(0, 2500, 1000, 32 << 20, 3, 1.67);
	test_rounds(6, 300000, 100, 32 << 20, 24, 1.15);
	if (few)
		return tap_done();
	test_rounds(0, 300000, 1000, 32 << 20, 14, 1.15);
	/* a tenth of what it lists may wait */
	test_rounds(0, 300000, 100, 3 << 20, 80, 1.15);
	test_rounds(3, 300000, 1000, 32 << 20, 18, 1.15);
	test_rounds(4, 300000, 100, 32 << 20, 26, 1.15);
	return tap_done();
}
