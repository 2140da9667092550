#include <stdlib.h>

#include "http/fetch_msg.h"

void
fetch_msg_header(struct fetch_msg *m, const char *name, const char *value)
{
	if (m->n_headers == FETCH_MSG_HEADERS_MAX)
		abort();
	m->n_headers++;
	buf_adds(&m->headers, name);
	buf_adds(&m->headers, ": ");
	buf_adds(&m->headers, value);
	buf_addc(&m->headers, '\0');
}

void
fetch_msg_reset(struct fetch_msg *m)
{
	buf_reset(&m->origin);
	buf_reset(&m->target);
	buf_reset(&m->headers);
	*m = (struct fetch_msg){.origin = m->origin, .target = m->target, .headers = m->headers};
}

void
fetch_msg_free(struct fetch_msg *m)
{
	buf_free(&m->origin);
	buf_free(&m->target);
	buf_wipe(&m->headers);
}
