/*
 * The admin side: /_s3d/stats, /_s3d/reset, /_s3d/faults. Unsigned; http.c lets it through from the
 * loopback address only, and does not count it.
 */
#include <string.h>

#include "req.h"
#include "server.h"

static struct buf *
answer_json(struct req *r)
{
	r->ans.status = 200;
	answer_header(&r->ans, "Content-Type", "application/json");
	return &r->ans.body;
}

static void
admin_faults(struct req *r)
{
	struct buf err = {0};

	if (strcmp(r->method, "GET") != 0 &&
	    faults_load(r->srv->faults, r->body.p, r->body.len, &err) == -1) {
		r->ans.status = 400;
		answer_header(&r->ans, "Content-Type", "text/plain");
		buf_add(&r->ans.body, err.p, err.len);
		buf_addc(&r->ans.body, '\n');
	} else {
		faults_json(r->srv->faults, answer_json(r));
		buf_addc(&r->ans.body, '\n');
	}
	buf_free(&err);
}

void
op_admin(struct req *r)
{
	struct stats *stats = &r->srv->stats;
	const struct str *keys = req_param(r, "keys");

	if (str_eq(r->key, "stats")) {
		struct buf *b = answer_json(r);

		stats_json(stats, b, keys != NULL);
		pthread_rwlock_rdlock(&r->srv->store.lock);
		buf_addf(
		    b, ",\n\"open_uploads\":%llu}\n", (unsigned long long)r->srv->store.n_uploads);
		pthread_rwlock_unlock(&r->srv->store.lock);
	} else if (str_eq(r->key, "reset")) {
		stats_reset(stats);
		if (keys != NULL)
			stats->count_keys = !str_eq(*keys, "0");
		buf_adds(answer_json(r), "{}\n");
	} else if (str_eq(r->key, "faults")) {
		admin_faults(r);
	} else {
		answer_error(r, "MethodNotAllowed", NULL);
	}
}
