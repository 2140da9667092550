/*
 * A create whose answer was lost may have begun an upload all the same, of which nobody knows the
 * id. It is looked for in the listing of the key's uploads, where another program's upload of the
 * same key may stand beside it. What we look for
 *
 * - was begun between our first create and a while behind our last;
 * - has the storage class, the checksum and the initiator that our own upload is shown with (where
 *   none of ours was begun: what we asked for, and all of them one initiator);
 * - has no part, though it is ALONE_S seconds old at least: others get theirs soon.
 *
 * Those are aborted if no more of them are found than answers were lost. Otherwise one of them is
 * another's, and they are named.
 *
 * The listing has whole seconds of the server's clock, so windows are wider by one.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "s3/put/s3_putter.h"

enum {
	ALONE_S = 4,	 /* without a part for so long, it is of nobody who goes on with it */
	LATE_S = 30,	 /* so much later a create may arrive, of a connection that stalled */
	LOOK_MS = 10000, /* for a listing, and again for the rest */
	LOOK_INTERRUPTED_MS = 6500, /* for all of it, from a signal on */
};

static int
is_over(void *arg)
{
	struct putter *p = arg;
	int64_t now = clock_mono_ms();

	if (*p->interrupted) {
		putter_is_late(p); /* begins to count */
		if (now >= p->stop_ms - PUTTER_GRACE_MS + LOOK_INTERRUPTED_MS)
			return 1;
	}
	return now >= p->lost.until_ms;
}

static void
tell_open(const struct putter *p, const char *id)
{
	log_line(LOG_WARN, NULL,
	    "s3://%s/%s: the multipart upload %s, begun at the same time, stays open: of another "
	    "program, or ours, as an answer was lost",
	    p->opt->uri.bucket, p->opt->uri.key, id);
}

static void
tell_blind(const struct putter *p, const struct err *e)
{
	log_line(p->lost.n > 0 ? LOG_WARN : LOG_INFO, NULL,
	    p->lost.n > 0 ? "s3://%s/%s: a multipart upload may stay open, as an answer was lost; "
			    "those that are open cannot be listed: %s"
			  : "s3://%s/%s: unfinished uploads cannot be looked for: %s",
	    p->opt->uri.bucket, p->opt->uri.key, e->text);
}

static int
list(struct putter *p, struct s3_uploads *found, struct err *e)
{
	const struct s3_patience patience = {is_over, p};
	int rc;

	p->lost.until_ms = clock_mono_ms() + LOOK_MS;
	rc = s3_uploads_list(found, p->s3, &p->opt->uri, p->upload_id, &patience, e);
	p->lost.until_ms = clock_mono_ms() + LOOK_MS;
	return rc;
}

static void
end_upload(struct putter *p, const char *id)
{
	const struct s3_patience patience = {is_over, p};

	if (putter_abort(p, id, &patience) == 0)
		log_line(LOG_INFO, NULL, "the unfinished multipart upload %s is aborted", id);
}

void
putter_clear(struct putter *p)
{
	struct s3_uploads found;
	struct err e;

	if (list(p, &found, &e) == 0) {
		for (size_t i = 0; i < found.n; i++)
			end_upload(p, found.uploads[i].id);
		s3_uploads_free(&found);
	} else {
		tell_blind(p, &e);
	}
	p->lost.n = 0;
}

void
putter_lost_own(struct putter *p)
{
	struct s3_uploads found;

	if (p->lost.n == 0 || p->lost.own.id != NULL || p->upload_id == NULL ||
	    list(p, &found, NULL) == -1)
		return;
	p->lost.own = found.own;
	found.own = (struct s3_upload){0};
	s3_uploads_free(&found);
}

/* --- which of them --- */

/* Seconds of the server's clock. */
struct window {
	int64_t from, to, now; /* to: INT64_MAX where there is no end */
};

static int64_t
seconds(int64_t ms)
{
	return (ms + 999) / 1000;
}

/* 1, or 0 where the server tells no time. */
static int
find_window(const struct putter *p, const struct s3_uploads *found, struct window *w)
{
	int64_t began = p->lost.own.initiated, now = clock_mono_ms();

	if (began != 0) { /* ours was begun between the first create and the end of the last */
		w->from = began - seconds(p->lost.over_ms - p->lost.first_ms) - 1;
		w->to = began + seconds(p->lost.over_ms - p->lost.first_ms) + LATE_S;
		w->now = began + (now - p->lost.over_ms) / 1000;
		return 1;
	}
	w->from = found->date - seconds(now - p->lost.first_ms) - 1;
	w->to = INT64_MAX;
	w->now = found->date;
	return found->date != 0;
}

static const char *
asked_class(const struct putter *p)
{
	for (size_t i = 0; i < p->opt->n_headers; i++)
		if (strcmp(p->opt->headers[i].name, "x-amz-storage-class") == 0)
			return p->opt->headers[i].value;
	return "STANDARD";
}

/* Servers show a checksum, or know none; AWS gives one to uploads that asked for none. */
static int
is_asked_checksum(const struct putter *p, const char *shown)
{
	const char *name =
	    p->opt->checksum != CHECKSUM_NONE ? checksum_name(p->opt->checksum) : "CRC64NVME";
	size_t len = strlen(name);

	return *shown == '\0' ||
	    (strncmp(shown, name, len) == 0 && (shown[len] == ' ' || shown[len] == '\0'));
}

static int
is_like_ours(const struct putter *p, const struct s3_upload *u)
{
	const struct s3_upload *own = &p->lost.own;

	if (own->id != NULL)
		return strcmp(u->initiator, own->initiator) == 0 &&
		    strcmp(u->storage_class, own->storage_class) == 0 &&
		    strcmp(u->checksum, own->checksum) == 0;
	return (*u->storage_class == '\0' || strcmp(u->storage_class, asked_class(p)) == 0) &&
	    is_asked_checksum(p, u->checksum);
}

/* Leaves in found only those that may be ours. */
static void
keep(struct s3_uploads *found, const unsigned char *kept)
{
	size_t n = 0;

	for (size_t i = 0; i < found->n; i++) {
		if (kept[i])
			found->uploads[n++] = found->uploads[i];
		else
			s3_upload_free(&found->uploads[i]);
	}
	found->n = n;
}

static void
keep_by_listing(const struct putter *p, struct s3_uploads *found, const struct window *w)
{
	unsigned char *kept = xcalloc(found->n + 1, 1);

	for (size_t i = 0; i < found->n; i++) {
		const struct s3_upload *u = &found->uploads[i];

		kept[i] = u->initiated >= w->from && u->initiated <= w->to && is_like_ours(p, u);
	}
	keep(found, kept);
	free(kept);
}

/* Until each has been there for ALONE_S seconds. */
static void
wait_for_parts(struct putter *p, const struct s3_uploads *found, const struct window *w)
{
	int64_t until = clock_mono_ms(), youngest = w->from;

	for (size_t i = 0; i < found->n; i++)
		if (found->uploads[i].initiated > youngest)
			youngest = found->uploads[i].initiated;
	if (youngest > w->now)
		youngest = w->now;
	until += (youngest + ALONE_S + 1 - w->now) * 1000;
	while (clock_mono_ms() < until && !is_over(p))
		poll(NULL, 0, PUTTER_STEP_MS);
}

/* Those without a part. 0, or -1 where that is not to be known, which is told. */
static int
keep_empty(struct putter *p, struct s3_uploads *found)
{
	const struct s3_patience patience = {is_over, p};
	unsigned char *kept = xcalloc(found->n + 1, 1);
	int rc = 0;
	struct err e;

	for (size_t i = 0; i < found->n; i++) {
		int has =
		    s3_upload_has_parts(p->s3, &p->opt->uri, found->uploads[i].id, &patience, &e);

		kept[i] = has <= 0;
		if (has == -1 && rc == 0) {
			log_line(
			    LOG_WARN, NULL, "whether an upload has parts is not known: %s", e.text);
			rc = -1;
		}
	}
	keep(found, kept);
	free(kept);
	return rc;
}

static int
have_one_initiator(const struct s3_uploads *found)
{
	for (size_t i = 1; i < found->n; i++)
		if (strcmp(found->uploads[i].initiator, found->uploads[0].initiator) != 0)
			return 0;
	return 1;
}

void
putter_lost_end(struct putter *p)
{
	struct s3_uploads found;
	struct window w;
	struct err e;
	int known;

	if (list(p, &found, &e) == -1) {
		tell_blind(p, &e);
		return;
	}
	/* where one of ours was begun, but not shown, the listing is not to be relied on */
	known = find_window(p, &found, &w) && (p->done == NULL || p->lost.own.id != NULL);
	keep_by_listing(p, &found, &w);
	if (found.n > 0) {
		wait_for_parts(p, &found, &w);
		known &= keep_empty(p, &found) == 0;
	}
	for (size_t i = 0; i < found.n; i++) {
		if (known && found.n <= p->lost.n && have_one_initiator(&found))
			end_upload(p, found.uploads[i].id);
		else
			tell_open(p, found.uploads[i].id);
	}
	s3_uploads_free(&found);
}
