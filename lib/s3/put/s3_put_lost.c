/*
 * A create whose answer was lost may nevertheless have begun an upload, whose id is unknown. It is
 * looked for in the listing of the key's uploads, which may also show those of other programs. An
 * upload may be ours if it
 *
 * - was begun between our first create and a while after our last;
 * - has the same storage class, checksum and initiator as the upload that we did begin (if there is
 *   none: those that we asked for, and one initiator for all of them);
 * - has no part, although it is at least ALONE_S seconds old: others soon have one.
 *
 * These are aborted if there are no more of them than answers were lost. Otherwise one of them
 * belongs to another program, and they are named.
 *
 * The listing has whole seconds of the server's clock, so time windows are wider by one second.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "s3/put/s3_putter.h"

enum {
	ALONE_S = 4,	 /* an upload without a part for so long is abandoned */
	LATE_S = 30,	 /* a create on a stalled connection may arrive this much later */
	LOOK_MS = 10000, /* for a listing, and as much for the rest */
	LOOK_INTERRUPTED_MS = 6500, /* for everything, after a signal */
};

static int
is_over(void *arg)
{
	struct putter *p = arg;
	int64_t now = clock_mono_ms();

	if (*p->interrupted) {
		putter_is_late(p); /* starts the clock */
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
			  : "s3://%s/%s: cannot look for unfinished uploads: %s",
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
		for (size_t i = 0; i < found.n; i++) {
			p->lost.until_ms = clock_mono_ms() + LOOK_MS;
			end_upload(p, found.uploads[i].id);
		}
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
	int64_t from, to, now; /* to: INT64_MAX if open */
};

static int64_t
seconds(int64_t ms)
{
	return (ms + 999) / 1000;
}

/* 1, or 0 if the server does not tell the time. */
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

/* Some servers show no checksum; AWS gives one to uploads that asked for none. */
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

/* Removes from found those that are not kept. */
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

/* Waits until each is ALONE_S seconds old. */
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

/* Keeps the uploads without a part. 0, or -1, logged, if that cannot be determined. */
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
			log_line(LOG_WARN, NULL, "cannot determine whether an upload has parts: %s",
			    e.text);
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
	/* a listing that does not show an upload we did begin is not reliable */
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
