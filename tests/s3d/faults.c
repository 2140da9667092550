#include "faults.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "model.h"
#include "stats.h"

enum { FIELDS_MAX = 8 };

struct count {
	struct count *next;
	uint64_t n;
	size_t len;
	char key[];
};

enum { SLOTS = 4096 };

struct rule {
	char *text; /* owned: the line */
	char *glob; /* owned */
	char method[24];
	enum { WHEN_RANGE, WHEN_EVERY, WHEN_CHANCE } when;
	uint64_t from, to; /* of WHEN_RANGE; from alone of WHEN_EVERY */
	double chance;
	uint64_t random;
	int over_all; /* counted over all keys, not for each */
	struct fault fault;
	uint64_t total, hits;
	struct count **counts; /* owned; SLOTS of them, NULL while none */
};

struct faults {
	pthread_mutex_t lock;
	struct rule *rules; /* owned */
	size_t n;
};

/* The arguments of each action, in order: n and m numbers, t text; those after '?' are optional. */
static const struct {
	const char *name, *args;
} actions[FAULT_N] = {
    [FAULT_NONE] = {"none", ""},
    [FAULT_STATUS] = {"status", "n?tm"},
    [FAULT_RESET] = {"reset", ""},
    [FAULT_RESET_BODY] = {"reset-body", "?n"},
    [FAULT_CLOSE] = {"close", ""},
    [FAULT_LOST] = {"lost", ""},
    [FAULT_SHORT] = {"short", "?n"},
    [FAULT_LONG] = {"long", "?n"},
    [FAULT_STALL] = {"stall", "n"},
    [FAULT_STALL_BODY] = {"stall-body", "n?m"},
    [FAULT_CORRUPT] = {"corrupt", "?n"},
    [FAULT_GARBAGE] = {"garbage", ""},
    [FAULT_ERROR_200] = {"error-200", "?t"},
    [FAULT_REDIRECT] = {"redirect", "nt"},
    [FAULT_EMPTY_LIST] = {"empty-list", ""},
    [FAULT_NO_KEYS] = {"no-keys", ""},
    [FAULT_IGNORE_AFTER] = {"ignore-start-after", ""},
    [FAULT_EXPIRED] = {"expired-token", ""},
    [FAULT_NOT_MODIFIED] = {"not-modified", ""},
};

struct faults *
faults_new(void)
{
	struct faults *f = xcalloc(1, sizeof(*f));

	pthread_mutex_init(&f->lock, NULL);
	return f;
}

static void
rules_free(struct rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(rules[i].text);
		free(rules[i].glob);
		for (size_t k = 0; rules[i].counts != NULL && k < SLOTS; k++)
			for (struct count *c = rules[i].counts[k], *next; c != NULL; c = next) {
				next = c->next;
				free(c);
			}
		free(rules[i].counts);
	}
	free(rules);
}

void
faults_free(struct faults *f)
{
	if (f == NULL)
		return;
	rules_free(f->rules, f->n);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* N, N-M, N-, all, every:N, p:CHANCE[:SEED]; with a '*' at the end counted over all keys. */
static int
parse_when(struct rule *r, char *s)
{
	size_t len = strlen(s);
	char *end, *dash;
	uint64_t seed = 1;

	if (len > 1 && s[len - 1] == '*') {
		r->over_all = 1;
		s[len - 1] = '\0';
	}
	r->when = WHEN_RANGE;
	r->from = 1;
	r->to = UINT64_MAX;
	if (strcmp(s, "all") == 0)
		return 0;
	if (strncmp(s, "every:", 6) == 0) {
		r->when = WHEN_EVERY;
		return num_parse(s + 6, 1, UINT64_MAX, &r->from);
	}
	if (strncmp(s, "p:", 2) == 0) {
		r->when = WHEN_CHANCE;
		r->chance = strtod(s + 2, &end);
		if (end == s + 2 ||
		    (*end == ':' && num_parse(end + 1, 0, UINT64_MAX, &seed) == -1) ||
		    (*end != ':' && *end != '\0') || r->chance < 0 || r->chance > 1)
			return -1;
		r->random = seed ^ UINT64_C(0x9e3779b97f4a7c15);
		return 0;
	}
	dash = strchr(s, '-');
	if (dash == NULL) {
		if (num_parse(s, 1, UINT64_MAX, &r->from) == -1)
			return -1;
		r->to = r->from;
		return 0;
	}
	if (num_parse_n(s, (size_t)(dash - s), 1, UINT64_MAX, &r->from) == -1)
		return -1;
	return dash[1] == '\0' ? 0 : num_parse(dash + 1, r->from, UINT64_MAX, &r->to);
}

static int
parse_action(struct fault *f, char **field, size_t n)
{
	const char *args;
	size_t at = 1;
	int optional = 0;

	for (f->action = FAULT_STATUS; f->action < FAULT_N; f->action++)
		if (strcmp(field[0], actions[f->action].name) == 0)
			break;
	if (f->action == FAULT_N)
		return -1;
	for (args = actions[f->action].args; *args != '\0'; args++) {
		if (*args == '?') {
			optional = 1;
			continue;
		}
		if (at == n)
			return optional ? 0 : -1;
		if (*args == 't') {
			if (strlen(field[at]) >= sizeof(f->text))
				return -1;
			memcpy(f->text, field[at], strlen(field[at]) + 1);
		} else {
			uint64_t *out = *args == 'n' ? &f->n : &f->m;

			if (num_parse(field[at], 0, UINT32_MAX, out) == -1)
				return -1;
		}
		at++;
	}
	return at == n ? 0 : -1;
}

/* A space in a glob is percent-encoded. */
static char *
glob_decode(const char *s)
{
	struct target t = {0};
	struct buf raw = {0};
	char *out = NULL;

	/* like a path: "+" stays; "?" is a wildcard, not the start of a query */
	buf_addc(&raw, '/');
	for (; *s != '\0'; s++)
		buf_adds(&raw, *s == '?' ? "%3F" : (char[]){*s, '\0'});
	if (target_parse(&t, buf_str(&raw)) == 0)
		out = xstrndup(t.path.p + 1, t.path.len - 1);
	buf_free(&raw);
	target_free(&t);
	return out;
}

static int
rule_parse(struct rule *r, char *line)
{
	char *field[FIELDS_MAX], *save = line;
	size_t n = 0;

	r->text = xstrdup(line);
	for (; n < FIELDS_MAX; n++) {
		save += strspn(save, " \t\r");
		if (*save == '\0')
			break;
		field[n] = save;
		save += strcspn(save, " \t\r");
		if (*save != '\0')
			*save++ = '\0';
	}
	if (n < 4 || *save != '\0' || strlen(field[1]) >= sizeof(r->method))
		return -1;
	r->glob = glob_decode(field[0]);
	if (r->glob == NULL)
		return -1;
	memcpy(r->method, field[1], strlen(field[1]) + 1);
	if (parse_when(r, field[2]) == -1)
		return -1;
	return parse_action(&r->fault, field + 3, n - 3);
}

int
faults_load(struct faults *f, const char *script, size_t len, struct buf *err)
{
	struct rule *rules = NULL;
	size_t n = 0, line_no = 0;
	const char *p = script, *end = script + len;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t line_len = lf != NULL ? (size_t)(lf - p) : (size_t)(end - p);
		char *line = xstrndup(p, line_len);
		int bad = 0;

		line_no++;
		p += line_len + 1;
		if (line[strspn(line, " \t\r")] != '\0' && line[strspn(line, " \t")] != '#') {
			rules = xrealloc(rules, (n + 1) * sizeof(rules[0]));
			rules[n] = (struct rule){0};
			bad = rule_parse(&rules[n++], line);
		}
		if (bad != 0)
			buf_addf(err, "faults, line %zu: %s", line_no, rules[n - 1].text);
		free(line);
		if (bad != 0) {
			rules_free(rules, n);
			return -1;
		}
	}
	pthread_mutex_lock(&f->lock);
	rules_free(f->rules, f->n);
	f->rules = rules;
	f->n = n;
	pthread_mutex_unlock(&f->lock);
	return 0;
}

/* How often this rule has seen the key, this time included. */
static uint64_t
rule_count(struct rule *r, struct str key)
{
	struct count *c;
	uint64_t h = 5381;

	r->total++;
	if (r->over_all || r->when == WHEN_CHANCE || (r->from == 1 && r->to == UINT64_MAX))
		return r->total;
	for (size_t i = 0; i < key.len; i++)
		h = h * 33 + (unsigned char)key.p[i];
	if (r->counts == NULL)
		r->counts = xcalloc(SLOTS, sizeof(r->counts[0]));
	for (c = r->counts[h % SLOTS]; c != NULL; c = c->next)
		if (c->len == key.len && memcmp(c->key, key.p, key.len) == 0)
			return ++c->n;
	c = xcalloc(1, sizeof(*c) + key.len);
	c->len = key.len;
	memcpy(c->key, key.p, key.len);
	c->next = r->counts[h % SLOTS];
	r->counts[h % SLOTS] = c;
	return c->n = 1;
}

static int
rule_due(struct rule *r, struct str key)
{
	uint64_t n = rule_count(r, key);

	switch (r->when) {
	case WHEN_EVERY: return n % r->from == 0;
	case WHEN_CHANCE:
		return (double)(random_next(&r->random) >> 11) / 9007199254740992.0 < r->chance;
	default: return n >= r->from && n <= r->to;
	}
}

struct fault
faults_match(struct faults *f, struct str key, const char *method, const char *op)
{
	struct fault hit = {0};
	char *text;

	if (f->n == 0)
		return hit;
	text = xstrndup(key.len > 0 ? key.p : "", key.len);
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->n; i++) {
		struct rule *r = &f->rules[i];

		if (strcmp(r->method, "*") != 0 && strcmp(r->method, method) != 0 &&
		    strcmp(r->method, op) != 0)
			continue;
		if (fnmatch(r->glob, text, 0) != 0 || !rule_due(r, key))
			continue;
		/* later rules keep counting; the first that is due acts */
		if (hit.action != FAULT_NONE)
			continue;
		r->hits++;
		hit = r->fault;
	}
	pthread_mutex_unlock(&f->lock);
	free(text);
	return hit;
}

void
faults_json(struct faults *f, struct buf *out)
{
	buf_addc(out, '[');
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->n; i++) {
		buf_adds(out, i > 0 ? ",\n{\"rule\":" : "{\"rule\":");
		json_string(out, f->rules[i].text, strlen(f->rules[i].text));
		buf_addf(out, ",\"seen\":%llu,\"hits\":%llu}",
		    (unsigned long long)f->rules[i].total, (unsigned long long)f->rules[i].hits);
	}
	pthread_mutex_unlock(&f->lock);
	buf_addc(out, ']');
}
