#include "stats.h"

#include <stdlib.h>
#include <string.h>

struct key_count {
	struct key_count *next;
	uint64_t n;
	size_t len;
	char name[];
};

static const char *const methods[STATS_METHODS] = {"GET", "HEAD", "PUT", "POST", "DELETE", "other"};

void
stats_init(struct stats *s, int count_keys)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	s->count_keys = count_keys;
	s->n_slots = 1024;
	s->keys = xcalloc(s->n_slots, sizeof(struct key_count *));
}

static void
keys_clear(struct stats *s)
{
	for (size_t i = 0; i < s->n_slots; i++) {
		for (struct key_count *k = s->keys[i], *next; k != NULL; k = next) {
			next = k->next;
			free(k);
		}
		s->keys[i] = NULL;
	}
	s->n_keys = 0;
}

void
stats_free(struct stats *s)
{
	keys_clear(s);
	free(s->keys);
	pthread_mutex_destroy(&s->lock);
}

void
stats_reset(struct stats *s)
{
	for (int i = 0; i < STATS_METHODS; i++)
		s->methods[i] = 0;
	for (int i = 0; i < OP_N; i++)
		s->ops[i] = 0;
	for (int i = 0; i < STATS_STATUS; i++)
		s->status[i] = 0;
	s->connections = s->tls_resumed = s->bytes_in = s->bytes_out = 0;
	s->throttled = s->faults = s->unanswered = 0;
	s->in_flight_max = s->in_flight;
	pthread_mutex_lock(&s->lock);
	keys_clear(s);
	pthread_mutex_unlock(&s->lock);
}

static size_t
hash(const char *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

static void
keys_grow(struct stats *s)
{
	size_t n_slots = 4 * s->n_slots;
	struct key_count **slots = xcalloc(n_slots, sizeof(struct key_count *));

	for (size_t i = 0; i < s->n_slots; i++)
		for (struct key_count *k = s->keys[i], *next; k != NULL; k = next) {
			struct key_count **at = &slots[hash(k->name, k->len) % n_slots];

			next = k->next;
			k->next = *at;
			*at = k;
		}
	free(s->keys);
	s->keys = slots;
	s->n_slots = n_slots;
}

static void
keys_count(struct stats *s, const struct req *r)
{
	struct buf name = {0};
	struct key_count *k;
	size_t slot;

	buf_adds(&name, op_name(r->op));
	buf_addc(&name, ' ');
	buf_add(&name, r->bucket.p, r->bucket.len);
	buf_addc(&name, '/');
	buf_add(&name, r->key.p, r->key.len);
	pthread_mutex_lock(&s->lock);
	slot = hash(name.p, name.len) % s->n_slots;
	for (k = s->keys[slot]; k != NULL; k = k->next)
		if (k->len == name.len && memcmp(k->name, name.p, name.len) == 0)
			break;
	if (k == NULL) {
		k = xcalloc(1, sizeof(*k) + name.len);
		k->len = name.len;
		memcpy(k->name, name.p, name.len);
		k->next = s->keys[slot];
		s->keys[slot] = k;
		if (++s->n_keys > s->n_slots)
			keys_grow(s);
	}
	k->n++;
	pthread_mutex_unlock(&s->lock);
	buf_free(&name);
}

static void
add(atomic_ullong *a, unsigned long long n)
{
	atomic_fetch_add_explicit(a, n, memory_order_relaxed);
}

void
stats_request(struct stats *s, const struct req *r)
{
	unsigned long long now, max;
	int m = 0;

	while (m < STATS_METHODS - 1 && strcmp(r->method, methods[m]) != 0)
		m++;
	add(&s->methods[m], 1);
	add(&s->ops[r->op], 1);
	add(&s->bytes_in, r->body.len);
	now = s->in_flight;
	max = s->in_flight_max;
	while (now > max && !atomic_compare_exchange_weak(&s->in_flight_max, &max, now))
		;
	if (s->count_keys)
		keys_count(s, r);
}

void
stats_answer(struct stats *s, unsigned status)
{
	if (status == 0)
		add(&s->unanswered, 1);
	else
		add(&s->status[status % STATS_STATUS], 1);
}

void
json_string(struct buf *out, const char *p, size_t n)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '"' || c == '\\') {
			buf_addc(out, '\\');
			buf_addc(out, (char)c);
		} else if (c < 0x20 || c == 0x7f) {
			buf_addf(out, "\\u%04x", c);
		} else {
			buf_addc(out, (char)c);
		}
	}
	buf_addc(out, '"');
}

static void
json_keys(struct stats *s, struct buf *out)
{
	int n = 0;

	buf_adds(out, ",\"keys\":{");
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_slots; i++)
		for (const struct key_count *k = s->keys[i]; k != NULL; k = k->next) {
			buf_adds(out, n++ > 0 ? ",\n" : "\n");
			json_string(out, k->name, k->len);
			buf_addf(out, ":%llu", (unsigned long long)k->n);
		}
	pthread_mutex_unlock(&s->lock);
	buf_adds(out, "}");
}

void
stats_json(struct stats *s, struct buf *out, int with_keys)
{
	unsigned long long total = 0;
	const char *comma = "";

	for (int i = 0; i < OP_N; i++)
		total += i != OP_ADMIN ? s->ops[i] : 0;
	buf_addf(out, "{\"requests\":%llu,\"methods\":{", total);
	for (int i = 0; i < STATS_METHODS; i++)
		buf_addf(out, "%s\"%s\":%llu", i > 0 ? "," : "", methods[i], s->methods[i]);
	buf_adds(out, "},\n\"kinds\":{");
	for (int i = 0; i < OP_N; i++) {
		unsigned long long n = s->ops[i];

		/* the two forms of listing are one kind */
		if (i == OP_ADMIN || i == OP_LIST_V1)
			continue;
		if (i == OP_LIST_V2)
			n += s->ops[OP_LIST_V1];
		buf_addf(out, "%s\"%s\":%llu", comma, op_name((enum op)i), n);
		comma = ",";
	}
	buf_adds(out, "},\n\"status\":{");
	comma = "";
	for (int i = 0; i < STATS_STATUS; i++) {
		if (s->status[i] == 0)
			continue;
		buf_addf(out, "%s\"%d\":%llu", comma, i, s->status[i]);
		comma = ",";
	}
	buf_addf(out,
	    "},\n\"connections\":%llu,\"open_connections\":%llu,\"tls_resumed\":%llu,"
	    "\"bytes_in\":%llu,\"bytes_out\":%llu,\n\"throttled\":%llu,\"faults\":%llu,"
	    "\"unanswered\":%llu,\"in_flight\":%llu,\"in_flight_max\":%llu",
	    s->connections, s->open, s->tls_resumed, s->bytes_in, s->bytes_out, s->throttled,
	    s->faults, s->unanswered, s->in_flight, s->in_flight_max);
	if (with_keys)
		json_keys(s, out);
	/* the caller closes the object */
}
