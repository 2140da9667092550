#include <string.h>

#include "work/audit_dest.h"
#include "work/batch_name.h"
#include "work/keys.h"

/* What a destination may hold besides the merged objects. */
static int
is_known(const struct audit *a, const struct keys_line *l)
{
	const char *uri = l->uri, *name = uri + strlen(a->dest);

	if (strncmp(uri, a->src, strlen(a->src)) == 0)
		return 1;
	/* a folder, as consoles make it; servers that show their own tell any size */
	if (l->size == 0 && *uri != '\0' && uri[strlen(uri) - 1] == '/')
		return 1;
	return strncmp(uri, a->dest, strlen(a->dest)) == 0 &&
	    (*name == '\0' || strcmp(name, "_sheaf/") == 0 ||
		strcmp(name, "_sheaf/run.json") == 0 || strcmp(name, "_sheaf/ledger.tar.gz") == 0);
}

static void
check_object(struct audit *a, const struct keys_line *l)
{
	struct audit_object *o = &a->one;
	const struct receipt *r;
	uint32_t n;

	if (batch_name_object_parse(l->uri, a->dest, &n) == 0 && n < a->n_batches) {
		o = &a->batches[n];
	} else if (!a->one.made || strcmp(l->uri, a->one.receipt.uri) != 0) {
		if (!is_known(a, l))
			audit_problem(a, "%s: is not part of this merge", l->uri);
		return;
	}
	o->at_dest = 1;
	if (!o->made)
		return; /* told already */
	r = &o->receipt;
	if (l->size != r->bytes)
		audit_problem(a, "%s: has %llu bytes, but had %llu when it was stored", l->uri,
		    (unsigned long long)l->size, (unsigned long long)r->bytes);
	else if (!a->is_backup && (r->etag == NULL || strcmp(l->etag, r->etag) != 0))
		audit_problem(a, "%s: has the ETag %s, but had %s when it was stored", l->uri,
		    l->etag, r->etag != NULL ? r->etag : "none");
}

int
audit_dest(struct audit *a, const char *list, struct err *e)
{
	struct keys_line l;
	struct tsv t;
	int rc = tsv_open(&t, NULL, list, e);

	while (rc == 0 && (rc = keys_next(&t, &l, e)) == 1) {
		check_object(a, &l);
		rc = 0;
	}
	tsv_close(&t);
	for (uint32_t n = 0; n < a->n_batches && rc == 0; n++)
		if (a->batches[n].made && !a->batches[n].at_dest)
			audit_problem_at(a, n, "is missing");
	if (rc == 0 && a->one.made && !a->one.at_dest)
		audit_problem(a, "%s: is missing", a->one.receipt.uri);
	return rc;
}
