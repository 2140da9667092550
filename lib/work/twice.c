#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fnv.h"
#include "work/twice.h"

void
twice_add(struct twice *s, const char *name, uint32_t batch, uint32_t line)
{
	if (s->n == s->cap) {
		s->cap = 2 * s->cap + 1024;
		s->p = xrealloc(s->p, s->cap * sizeof(*s->p));
	}
	s->p[s->n++] = (struct twice_place){fnv1a(FNV1A_BEGIN, name, strlen(name)), batch, line};
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
