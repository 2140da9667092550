#include <stdlib.h>

#include "base/buf.h"
#include "work/twice.h"

static uint64_t
hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

void
twice_add(struct twice *s, const char *name, uint32_t batch, uint32_t line)
{
	if (s->n == s->cap) {
		s->cap = 2 * s->cap + 1024;
		s->p = xrealloc(s->p, s->cap * sizeof(*s->p));
	}
	s->p[s->n++] = (struct twice_place){hash(name), batch, line};
}

static int
compare(const void *a, const void *b)
{
	const struct twice_place *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->batch != y->batch)
		return x->batch < y->batch ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

void
twice_pairs(struct twice *s,
    void (*found)(void *arg, const struct twice_place *a, const struct twice_place *b), void *arg)
{
	if (s->n > 0)
		qsort(s->p, s->n, sizeof(*s->p), compare);
	for (size_t i = 1; i < s->n; i++)
		if (s->p[i].hash == s->p[i - 1].hash)
			found(arg, &s->p[i - 1], &s->p[i]);
}

void
twice_free(struct twice *s)
{
	free(s->p);
	*s = (struct twice){0};
}
