#include <stdlib.h>

#include "http/fetch_slots.h"

void
fetch_slots_open(struct fetch_slots *p, struct fetch_common *m, size_t n, size_t n_spare)
{
	*p = (struct fetch_slots){.n = n, .n_spare = n_spare};
	p->all = xcalloc(n, sizeof(*p->all));
	p->free = xcalloc(n, sizeof(struct fetch_slot *));
	for (size_t i = n; i-- > 0;) {
		p->all[i].common = m;
		p->free[p->n_free++] = &p->all[i];
	}
}

void
fetch_slots_close(struct fetch_slots *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct fetch_exchange *x = p->all[i].exchange;

		for (int k = 0; x != NULL && k < 2; k++)
			if (x->slot[k] != NULL)
				x->slot[k]->exchange = NULL;
		free(x);
		fetch_slot_free(&p->all[i]);
	}
	free(p->all);
	free(p->free);
}

struct fetch_slot *
fetch_slots_take(struct fetch_slots *p, const struct fetch_route *r, int fresh)
{
	size_t at = p->n_free - 1;
	struct fetch_slot *s;

	for (size_t i = p->n_free; i-- > 0;) {
		s = p->free[i];
		if (!fresh && fetch_conn_fits(&s->conn, r)) {
			at = i;
			break;
		}
		if (s->conn.state == FETCH_CONN_CLOSED &&
		    p->free[at]->conn.state != FETCH_CONN_CLOSED)
			at = i;
	}
	s = p->free[at];
	p->free[at] = p->free[--p->n_free];
	if (fresh || !fetch_conn_fits(&s->conn, r))
		fetch_conn_close(&s->conn);
	return s;
}

void
fetch_slots_release(struct fetch_slots *p, struct fetch_slot *s)
{
	fetch_slot_clear(s);
	p->free[p->n_free++] = s;
}

void
fetch_slots_move_marked(struct fetch_slots *p, struct fetch_common *m)
{
	for (size_t i = 0; i < p->n && m->n_again > 0; i++) {
		struct fetch_slot *s = &p->all[i];

		if (!s->again)
			continue;
		m->n_again--;
		s->again = 0;
		fetch_slot_move(s);
	}
}

int
fetch_slots_are_waiting(const struct fetch_slots *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct fetch_slot *s = &p->all[i];

		if (s->exchange != NULL &&
		    (s->conn.state != FETCH_CONN_OPEN || s->sending || s->in.began))
			return 0;
	}
	return p->n_free < p->n;
}
