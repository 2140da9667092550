#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>
#include <openssl/x509.h>

#include "fetch_events.h"
#include "fetch_slot.h"
#include "pace.h"

enum {
	CONNECT_TIMEOUT_MS = 10000,
	STALL_MS = 20000,
	SCAN_MS = 100,	   /* how often deadlines and hedges are looked at */
	BLOCKED_MS = 3000, /* a longer gap between scans was our caller's, not the network's */
	FREE_TRIES_MAX = 8,
	TOKENS_MAX = 500, /* retry budget, as the AWS SDKs' standard mode has it */
	TOKENS_RETRY = 5,
	TOKENS_TIMEOUT = 10,
	BACKOFF_MS = 50, /* base; times 2 to the number of tries */
	BACKOFF_THROTTLED_MS = 500,
	BACKOFF_MAX_MS = 20000,
	SERVER_WAIT_MAX_MS = 60000, /* the longest Retry-After that is obeyed */
	HEDGE_MIN_MS = 500,
	HEDGE_SAMPLES = 100, /* answers before "the slowest percent" means anything */
	HEDGE_SHARE = 50,    /* at most one request in so many */
};

struct fetch {
	CURLM *multi;
	CURLSH *share;
	X509_STORE *trust;
	struct fetch_events events;
	struct fetch_slot *slots;
	size_t n_slots, n_spare;	/* the last n_spare are for hedges only */
	struct fetch_slot **free_slots; /* stack */
	size_t n_free;
	struct fetch_task *ready, **ready_tail; /* to be sent */
	struct fetch_task *waiting;		/* for a retry, by time */
	struct fetch_task *spent;		/* for reuse */
	size_t n_tasks, n_drops, n_resumes;
	struct fetch_opt opt;
	unsigned tokens;
	uint64_t reserved_ns; /* a sending time drawn from the pace and not used yet */
	uint64_t now_us;
	int64_t scanned_ms;
	int64_t hedge_after_ms;
	uint64_t hedge_seen;
	struct fetch_stats stats;
	uint64_t rng;
};

static const char *const cause_names[FETCH_CAUSES] = {
    "throttled", "server_error", "timeout", "connect", "reset", "short_body", "checksum", "other"};

const char *
fetch_cause_name(enum fetch_cause c)
{
	return cause_names[c];
}

const char *
fetch_fault_words(enum fetch_fault f)
{
	switch (f) {
	case FETCH_FAULT_HOST: return "cannot find the host";
	case FETCH_FAULT_CONNECT: return "cannot connect";
	case FETCH_FAULT_TLS: return "the server's certificate is not trusted";
	case FETCH_FAULT_RESET: return "connection lost";
	case FETCH_FAULT_SHORT: return "connection lost inside the body";
	case FETCH_FAULT_STALL: return "timed out";
	case FETCH_FAULT_GARBAGE: return "the server does not speak HTTP";
	default: return "stopped";
	}
}

static void
clock_update(struct fetch *f)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	f->now_us = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int64_t
fetch_now_ms(const struct fetch *f)
{
	return (int64_t)(f->now_us / 1000);
}

/* Made for the first TLS connection: a bundle takes 20 ms to read, and plain HTTP needs none. */
X509_STORE *
fetch_trust(struct fetch *f)
{
	const char *dir = getenv(X509_get_default_cert_dir_env());
	int ok;

	if (f->trust != NULL)
		return f->trust;
	if ((f->trust = X509_STORE_new()) == NULL)
		err_nomem();
	X509_STORE_set_flags(f->trust, X509_V_FLAG_TRUSTED_FIRST);
	if (f->opt.ca_file != NULL)
		ok = X509_STORE_load_file(f->trust, f->opt.ca_file);
	else
		ok =
		    X509_STORE_load_path(f->trust, dir != NULL ? dir : X509_get_default_cert_dir());
	return ok ? f->trust : NULL;
}

struct fetch_stats *
fetch_stats_of(struct fetch *f)
{
	return &f->stats;
}

const struct fetch_stats *
fetch_get_stats(const struct fetch *f)
{
	return &f->stats;
}

void
fetch_msg_header(struct fetch_msg *m, const char *name, const char *value)
{
	if (m->n_headers == FETCH_HEADERS_MAX)
		abort();
	m->n_headers++;
	buf_adds(&m->headers, name);
	buf_addc(&m->headers, ':');
	if (value != NULL) {
		buf_addc(&m->headers, ' ');
		buf_adds(&m->headers, value);
	}
	buf_addc(&m->headers, '\0');
}

CURLcode
fetch_socket_opened(struct fetch *f, curl_socket_t fd)
{
	fetch_events_opened(&f->events, fd);
	return CURLE_OK;
}

void
fetch_socket_closed(struct fetch *f, curl_socket_t fd)
{
	fetch_events_closed(&f->events, fd);
}

/* --- making and ending --- */

/* The handles themselves are made at their first use: many programs need one or two. */
static void
slots_new(struct fetch *f)
{
	f->n_spare = f->opt.hedge_ms >= 0 ? f->opt.connections / 16 + 1 : 0;
	f->n_slots = f->opt.connections + f->n_spare;
	f->slots = xcalloc(f->n_slots, sizeof(*f->slots));
	f->free_slots = xcalloc(f->n_slots, sizeof(struct fetch_slot *));
	for (size_t i = f->n_slots; i-- > 0;)
		f->free_slots[f->n_free++] = &f->slots[i];
}

struct fetch *
fetch_new(const struct fetch_opt *opt, struct err *e)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	f->opt = *opt;
	f->events.epoll = -1;
	f->ready_tail = &f->ready;
	f->tokens = TOKENS_MAX;
	if (f->opt.stall_ms == 0)
		f->opt.stall_ms = STALL_MS;
	if (f->opt.connect_ms == 0)
		f->opt.connect_ms = CONNECT_TIMEOUT_MS;
	RAND_bytes((unsigned char *)&f->rng, sizeof(f->rng));
	f->rng |= 1;
	clock_update(f);
	f->scanned_ms = fetch_now_ms(f);
	if (opt->ca_file != NULL && access(opt->ca_file, R_OK) == -1) {
		err_errno(e, EXIT_USAGE, "%s: CA certificates", opt->ca_file);
		goto fail;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (f->multi = curl_multi_init()) == NULL || (f->share = curl_share_init()) == NULL) {
		err_set(e, EXIT_FAILED, "libcurl cannot be initialised");
		goto fail;
	}
	curl_share_setopt(f->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	if (fetch_events_open(&f->events, f->multi, fetch_now_ms(f), e) == -1)
		goto fail;
	slots_new(f);
	curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)f->n_slots);
	return f;
fail:
	fetch_free(f);
	return NULL;
}

static void
tasks_free(struct fetch_task *t)
{
	while (t != NULL) {
		struct fetch_task *next = t->next;

		free(t);
		t = next;
	}
}

void
fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n_slots; i++) {
		struct fetch_slot *s = &f->slots[i];

		if (s->task == NULL)
			continue;
		curl_multi_remove_handle(f->multi, s->easy);
		if (s->task->slot[0] == s)
			s->task->slot[0] = NULL;
		else
			s->task->slot[1] = NULL;
		if (s->task->slot[0] == NULL && s->task->slot[1] == NULL)
			free(s->task);
	}
	for (size_t i = 0; i < f->n_slots; i++)
		fetch_slot_free(&f->slots[i]);
	if (f->multi != NULL)
		curl_multi_cleanup(f->multi);
	if (f->share != NULL)
		curl_share_cleanup(f->share);
	X509_STORE_free(f->trust);
	fetch_events_close(&f->events);
	tasks_free(f->ready);
	tasks_free(f->waiting);
	tasks_free(f->spent);
	free(f->slots);
	free(f->free_slots);
	free(f);
}

/* --- tasks --- */

struct fetch_task *
fetch_start(struct fetch *f, const struct fetch_ops *ops, void *job)
{
	struct fetch_task *t = f->spent;

	if (t != NULL)
		f->spent = t->next;
	else
		t = xmalloc(sizeof(*t));
	*t = (struct fetch_task){.ops = ops, .job = job};
	*f->ready_tail = t;
	f->ready_tail = &t->next;
	f->n_tasks++;
	return t;
}

/* What was sent before goes out before what was not. */
static void
ready_first(struct fetch *f, struct fetch_task *t)
{
	t->next = f->ready;
	if (f->ready == NULL)
		f->ready_tail = &t->next;
	f->ready = t;
}

static void
wait_until(struct fetch *f, struct fetch_task *t, int64_t due_ms)
{
	struct fetch_task **at = &f->waiting;

	t->due_ms = due_ms;
	while (*at != NULL && (*at)->due_ms <= due_ms)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

static void
task_spent(struct fetch *f, struct fetch_task *t)
{
	t->next = f->spent;
	f->spent = t;
	f->n_tasks--;
}

static void
task_end(struct fetch *f, struct fetch_task *t, int ok, const struct fetch_answer *a)
{
	const struct fetch_ops *ops = t->ops;
	void *job = t->job;

	task_spent(f, t);
	ops->end(job, ok, a);
}

static double
random_share(struct fetch *f)
{
	f->rng ^= f->rng << 13; /* xorshift64: jitter needs no more */
	f->rng ^= f->rng >> 7;
	f->rng ^= f->rng << 17;
	return (double)(f->rng >> 11) / 9007199254740992.0;
}

static int64_t
backoff_ms(struct fetch *f, const struct fetch_task *t, const struct fetch_again *again)
{
	uint64_t ms = again->cause == FETCH_CAUSE_THROTTLED ? BACKOFF_THROTTLED_MS : BACKOFF_MS;
	uint64_t wait = again->wait_ms < SERVER_WAIT_MAX_MS ? again->wait_ms : SERVER_WAIT_MAX_MS;

	ms <<= t->tries - 1 < 12 ? t->tries - 1 : 12;
	if (ms > BACKOFF_MAX_MS)
		ms = BACKOFF_MAX_MS;
	return (int64_t)(wait + (uint64_t)(random_share(f) * (double)ms));
}

/* 1 when the task will be sent again. */
static int
task_again(
    struct fetch *f, struct fetch_task *t, enum fetch_verdict v, const struct fetch_again *again)
{
	unsigned cost = again->cause == FETCH_CAUSE_TIMEOUT ? TOKENS_TIMEOUT : TOKENS_RETRY;

	t->winner = NULL;
	if (v == FETCH_AGAIN_FREE && t->free_tries < FREE_TRIES_MAX) {
		t->free_tries++;
		t->tries--;
		f->stats.retries++;
		f->stats.causes[again->cause]++;
		ready_first(f, t);
		return 1;
	}
	if (t->tries >= f->opt.max_tries)
		return 0;
	/* throttling is the pace's to end, so it does not use the budget up */
	if (again->cause != FETCH_CAUSE_THROTTLED) {
		if (f->tokens < cost)
			return 0;
		f->tokens -= cost;
		t->cost += cost;
	}
	f->stats.retries++;
	f->stats.causes[again->cause]++;
	wait_until(f, t, fetch_now_ms(f) + backoff_ms(f, t, again));
	return 1;
}

static void
task_answered(struct fetch *f, struct fetch_task *t, const struct fetch_answer *a)
{
	struct fetch_again again = {.cause = FETCH_CAUSE_OTHER};
	enum fetch_verdict v = t->ops->answer(t->job, a, &again);

	if (a->fault == FETCH_FAULT_NONE)
		hist_add(&f->stats.latency, a->us);
	if (f->opt.pace != NULL && a->fault == FETCH_FAULT_NONE) {
		if (v == FETCH_AGAIN && again.cause == FETCH_CAUSE_THROTTLED)
			pace_throttled(f->opt.pace, f->now_us * 1000);
		else
			pace_answered(f->opt.pace, f->now_us * 1000);
	}
	if (v == FETCH_DONE) {
		f->tokens += t->cost != 0 ? t->cost : 1;
		if (f->tokens > TOKENS_MAX)
			f->tokens = TOKENS_MAX;
		task_end(f, t, 1, a);
	} else if (v == FETCH_FAIL || !task_again(f, t, v, &again)) {
		task_end(f, t, 0, a);
	}
}

/* --- slots --- */

static void
slot_release(struct fetch *f, struct fetch_slot *s)
{
	struct fetch_task *t = s->task;

	curl_multi_remove_handle(f->multi, s->easy);
	if (t != NULL) {
		if (t->slot[0] == s)
			t->slot[0] = NULL;
		if (t->slot[1] == s)
			t->slot[1] = NULL;
	}
	s->task = NULL;
	f->free_slots[f->n_free++] = s;
}

/* Off the wire, whatever it was doing. */
static void
slot_abandon(struct fetch *f, struct fetch_slot *s)
{
	f->n_drops -= s->drop != 0;
	f->n_resumes -= s->resume != 0;
	slot_release(f, s);
}

static void
unlink_task(struct fetch_task **at, const struct fetch_task *t)
{
	while (*at != NULL && *at != t)
		at = &(*at)->next;
	if (*at != NULL)
		*at = t->next;
}

void
fetch_cancel(struct fetch *f, struct fetch_task *t)
{
	if (t->slot[0] == NULL && t->slot[1] == NULL) {
		unlink_task(&f->waiting, t);
		unlink_task(&f->ready, t);
		for (f->ready_tail = &f->ready; *f->ready_tail != NULL;)
			f->ready_tail = &(*f->ready_tail)->next;
	}
	for (int i = 0; i < 2; i++)
		if (t->slot[i] != NULL)
			slot_abandon(f, t->slot[i]);
	task_spent(f, t);
}

/* 0, or -1 when the exchange cannot be made. */
static int
slot_send(struct fetch *f, struct fetch_task *t, int hedge)
{
	struct fetch_slot *s = f->free_slots[--f->n_free];

	if (s->easy == NULL && fetch_slot_init(s, f, &f->opt, f->share) == -1)
		err_nomem();
	buf_reset(&s->msg.url);
	buf_reset(&s->msg.headers);
	s->msg.n_headers = 0;
	s->msg.has_body = 0;
	s->msg.body_len = 0;
	if (t->ops->build(t->job, &s->msg) == -1) {
		f->free_slots[f->n_free++] = s;
		return -1;
	}
	s->task = t;
	t->slot[hedge] = s;
	fetch_slot_set(s, hedge);
	s->sent_us = f->now_us;
	s->progress_ms = fetch_now_ms(f);
	f->stats.requests++;
	if (curl_multi_add_handle(f->multi, s->easy) != CURLM_OK)
		abort();
	return 0;
}

int
fetch_slot_wins(struct fetch *f, struct fetch_slot *s)
{
	struct fetch_task *t = s->task;
	struct fetch_slot *other = t->slot[0] == s ? t->slot[1] : t->slot[0];

	if (t->winner != NULL)
		return t->winner == s;
	if (other != NULL) {
		if (s->status >= 500)
			return 0;
		other->drop = 1;
		f->n_drops++;
		f->stats.hedges_won += t->slot[1] == s;
	}
	t->winner = s;
	return 1;
}

/* The transfer on s is over, with code (or stalled). */
static void
slot_finished(struct fetch *f, struct fetch_slot *s, enum fetch_fault fault, const char *text)
{
	struct fetch_task *t = s->task;
	struct fetch_slot *other = t->slot[0] == s ? t->slot[1] : t->slot[0];
	struct fetch_answer a = {.fault = fault, .status = s->status, .us = f->now_us - s->sent_us};

	if (s->drop)
		f->n_drops--;
	if (s->drop || (other != NULL && t->winner != s)) {
		slot_release(f, s);
		return;
	}
	if (other != NULL) {
		f->n_drops -= other->drop != 0;
		slot_release(f, other);
	}
	if (s->paused && s->resume)
		f->n_resumes--;
	a.fault_text = s->errbuf[0] != '\0' ? s->errbuf : text;
	a.tries = ++t->tries;
	slot_release(f, s);
	task_answered(f, t, &a);
}

static void
finish_all(struct fetch *f)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
		struct fetch_slot *s;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
		slot_finished(
		    f, s, fetch_slot_fault(code), code == CURLE_OK ? "" : curl_easy_strerror(code));
	}
}

static void
send_ready(struct fetch *f)
{
	struct fetch_task *t;

	while (f->waiting != NULL && f->waiting->due_ms <= fetch_now_ms(f)) {
		t = f->waiting;
		f->waiting = t->next;
		ready_first(f, t);
	}
	while ((t = f->ready) != NULL && f->n_free > f->n_spare) {
		if (f->opt.pace != NULL) {
			if (f->reserved_ns == 0)
				f->reserved_ns = pace_take(f->opt.pace, f->now_us * 1000);
			if (f->reserved_ns > f->now_us * 1000)
				return;
			f->reserved_ns = 0;
		}
		f->ready = t->next;
		if (f->ready == NULL)
			f->ready_tail = &f->ready;
		t->next = NULL;
		if (slot_send(f, t, 0) == -1) {
			struct fetch_answer a = {
			    .fault = FETCH_FAULT_CALLER, .fault_text = "", .tries = t->tries};

			task_end(f, t, 0, &a);
		}
	}
}

/* --- deadlines and hedges --- */

static int64_t
hedge_after(struct fetch *f)
{
	const struct hist *h = &f->stats.latency;

	if (f->opt.hedge_ms != 0)
		return f->opt.hedge_ms;
	if (h->n < HEDGE_SAMPLES)
		return INT64_MAX;
	if (h->n >= f->hedge_seen + HEDGE_SAMPLES || f->hedge_after_ms == 0) {
		f->hedge_after_ms = (int64_t)(hist_quantile_us(h, 0.99) / 1000) + 1;
		if (f->hedge_after_ms < HEDGE_MIN_MS)
			f->hedge_after_ms = HEDGE_MIN_MS;
		f->hedge_seen = h->n;
	}
	return f->hedge_after_ms;
}

static void
scan(struct fetch *f)
{
	int64_t now = fetch_now_ms(f), gap = now - f->scanned_ms;
	int64_t after = f->opt.hedge_ms >= 0 ? hedge_after(f) : INT64_MAX;

	f->scanned_ms = now;
	for (size_t i = 0; i < f->n_slots; i++) {
		struct fetch_slot *s = &f->slots[i];

		if (s->task == NULL || s->paused)
			continue;
		if (gap > BLOCKED_MS) /* we were not there to see anything move */
			s->progress_ms += gap;
		if (now - s->progress_ms > (int64_t)f->opt.stall_ms) {
			slot_finished(f, s, FETCH_FAULT_STALL, "nothing came for too long");
		} else if (s->status == 0 && s->task->slot[1] == NULL && s->task->slot[0] == s &&
		    now - (int64_t)(s->sent_us / 1000) > after && f->n_free > 0 &&
		    strcmp(s->msg.method, "GET") == 0 &&
		    f->stats.hedged * HEDGE_SHARE <= f->stats.requests) {
			if (slot_send(f, s->task, 1) == 0)
				f->stats.hedged++;
		}
	}
}

static void
sweep(struct fetch *f)
{
	for (size_t i = 0; i < f->n_slots && (f->n_drops > 0 || f->n_resumes > 0); i++) {
		struct fetch_slot *s = &f->slots[i];

		if (s->task == NULL)
			continue;
		if (s->drop) {
			f->n_drops--;
			slot_release(f, s);
		} else if (s->resume) {
			f->n_resumes--;
			s->resume = s->paused = 0;
			s->progress_ms = fetch_now_ms(f);
			curl_easy_pause(s->easy, CURLPAUSE_CONT);
		}
	}
}

void
fetch_resume(struct fetch *f, struct fetch_task *t)
{
	struct fetch_slot *s = t->winner;

	if (s != NULL && s->paused && !s->resume) {
		s->resume = 1;
		f->n_resumes++;
	}
}

/* --- the loop --- */

static int
wait_ms(const struct fetch *f, int max_wait_ms)
{
	int64_t now = fetch_now_ms(f), due = now + max_wait_ms;

	if (f->n_resumes > 0)
		return 0;
	if (f->n_free < f->n_slots && due > f->scanned_ms + SCAN_MS)
		due = f->scanned_ms + SCAN_MS;
	if (f->waiting != NULL && due > f->waiting->due_ms)
		due = f->waiting->due_ms;
	if (f->reserved_ns != 0 && due > (int64_t)(f->reserved_ns / 1000000) + 1)
		due = (int64_t)(f->reserved_ns / 1000000) + 1;
	return due > now ? (int)(due - now) : 0;
}

size_t
fetch_step(struct fetch *f, int max_wait_ms)
{
	int n;

	clock_update(f);
	send_ready(f);
	if (f->n_tasks == 0)
		return 0;
	n = fetch_events_wait(&f->events, fetch_now_ms(f), wait_ms(f, max_wait_ms));
	clock_update(f);
	fetch_events_handle(&f->events, n, fetch_now_ms(f));
	finish_all(f);
	if (f->n_drops > 0 || f->n_resumes > 0)
		sweep(f);
	if (fetch_now_ms(f) - f->scanned_ms >= SCAN_MS)
		scan(f);
	return f->n_tasks;
}

void
fetch_run(struct fetch *f)
{
	while (fetch_step(f, 1000) > 0)
		;
}
