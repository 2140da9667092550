#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "http/fetch_hedge.h"
#include "http/fetch_queue.h"
#include "http/fetch_slots.h"
#include "http/origin.h"
#include "http/pace.h"
#include "http/retry.h"

enum {
	STALL_MS = 20000,
	SCAN_MS = 250,	   /* how often deadlines and hedges are looked at, at least */
	BLOCKED_MS = 3000, /* a longer gap between scans is our caller's doing, not the network's */
	NAP_MIN_MS = 2,
	NAP_MAX_MS = 100,
	READ_LEN = 64 << 10,
	FREE_TRIES_MAX = 8,
};

struct fetch {
	struct fetch_common common; /* first: a pointer to it is a pointer to its engine */
	struct fetch_slots slots;
	struct fetch_queue queue;
	size_t n_exchanges;
	enum { FIRST_NONE, FIRST_SENT, FIRST_OVER } first; /* exchange over TLS */
	struct fetch_opt opt;
	struct fetch_msg msg; /* the next one; swapped with that of the slot it is sent in */
	struct retry retry;
	struct fetch_hedge hedge;
	uint64_t reserved_ns; /* when the n_reserved sends drawn from the pace may begin */
	size_t n_reserved;
	int64_t scanned_ms, scan_ms; /* when, and how long until the next time */
	int napped;		     /* answers may have waited for this step */
	char refused[160];	     /* why a message cannot be sent */
};

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
	case FETCH_FAULT_REQUEST: return "the request cannot be sent";
	default: return "stopped";
	}
}

static void
clock_update(struct fetch *f)
{
	f->common.now_us = clock_mono_us();
}

static int64_t
now_ms(const struct fetch *f)
{
	return fetch_common_now_ms(&f->common);
}

const struct fetch_stats *
fetch_get_stats(const struct fetch *f)
{
	return &f->common.stats;
}

/* --- exchanges --- */

struct fetch_exchange *
fetch_start(struct fetch *f, const struct fetch_ops *ops, void *job)
{
	struct fetch_exchange *x = fetch_queue_new(&f->queue);

	x->ops = ops;
	x->job = job;
	fetch_queue_last(&f->queue, x);
	f->n_exchanges++;
	return x;
}

size_t
fetch_backlog(const struct fetch *f)
{
	return f->queue.n_ready;
}

static void
exchange_spent(struct fetch *f, struct fetch_exchange *x)
{
	fetch_queue_spent(&f->queue, x);
	f->n_exchanges--;
}

static void
exchange_end(struct fetch *f, struct fetch_exchange *x, int ok, const struct fetch_answer *a)
{
	const struct fetch_ops *ops = x->ops;
	void *job = x->job;

	exchange_spent(f, x);
	ops->end(job, ok, a);
}

/* 1 when the exchange will be sent again. */
static int
exchange_again(struct fetch *f, struct fetch_exchange *x, enum fetch_verdict v,
    const struct fetch_again *again)
{
	struct fetch_stats *st = &f->common.stats;
	int throttled = again->cause == FETCH_CAUSE_THROTTLED;

	x->winner = NULL;
	if (v == FETCH_AGAIN_FREE && x->free_tries < FREE_TRIES_MAX) {
		x->free_tries++;
		x->tries--;
		st->retries++;
		st->causes[again->cause]++;
		fetch_queue_first(&f->queue, x);
		return 1;
	}
	if (x->tries >= f->opt.max_tries)
		return 0;
	/* the pace reacts to throttling, so it is free of the budget */
	if (!throttled && !again->insist &&
	    !retry_pay(&f->retry, again->cause == FETCH_CAUSE_TIMEOUT, &x->paid))
		return 0;
	st->retries++;
	st->causes[again->cause]++;
	fetch_queue_wait(&f->queue, x,
	    now_ms(f) + retry_wait_ms(&f->retry, x->tries, throttled, again->wait_ms));
	return 1;
}

static void
exchange_answered(struct fetch *f, struct fetch_exchange *x, const struct fetch_answer *a)
{
	struct fetch_again again = {.cause = FETCH_CAUSE_OTHER};
	enum fetch_verdict v = x->ops->answer(x->job, a, &again);

	if (a->fault == FETCH_FAULT_NONE)
		hist_add(&f->common.stats.latency, a->us);
	if (f->opt.pace != NULL && a->fault == FETCH_FAULT_NONE) {
		pace_latency(f->opt.pace, a->us);
		if (v == FETCH_AGAIN && again.cause == FETCH_CAUSE_THROTTLED)
			pace_throttled(f->opt.pace, f->common.now_us * 1000);
		else
			pace_answered(f->opt.pace, f->common.now_us * 1000);
	}
	if (v == FETCH_DONE) {
		retry_earn(&f->retry, x->paid);
		exchange_end(f, x, 1, a);
	} else if (v == FETCH_FAIL || !exchange_again(f, x, v, &again)) {
		exchange_end(f, x, 0, a);
	}
}

/* --- what slots and connections report --- */

static struct fetch *
engine_of(const struct fetch_slot *s)
{
	return (struct fetch *)s->common;
}

static void
release(struct fetch *f, struct fetch_slot *s)
{
	f->first = FIRST_OVER;
	fetch_slots_release(&f->slots, s);
}

static struct fetch_slot *
hedge_of(const struct fetch_slot *s)
{
	const struct fetch_exchange *x = s->exchange;

	return x->slot[0] == s ? x->slot[1] : x->slot[0];
}

static int
on_status(struct fetch_slot *s)
{
	struct fetch *f = engine_of(s);
	struct fetch_exchange *x = s->exchange;
	struct fetch_slot *other = hedge_of(s);

	f->first = FIRST_OVER; /* its TLS session can be resumed from now on */
	if (x->winner != NULL)
		return x->winner == s;
	if (other != NULL) {
		if (s->in.status >= 500)
			return 0;
		f->common.stats.hedges_won += x->slot[1] == s;
		release(f, other);
	}
	x->winner = s;
	return 1;
}

/* 1 for a request lost because the server had closed the idle connection before it arrived, which
 * is no failure (RFC 9112, 9.3.1): it can be sent again at once. Not a POST, which might be carried
 * out twice. */
static int
is_late(const struct fetch_slot *s, enum fetch_fault fault)
{
	return fault == FETCH_FAULT_RESET && s->conn.answers > 0 && !s->in.began &&
	    strcmp(s->msg.method, "POST") != 0;
}

/* From the send to the answer's last byte, which may have come while we slept. */
static uint64_t
answered_after_us(const struct fetch *f, const struct fetch_slot *s)
{
	uint64_t us, ago;

	if (!f->napped || s->conn.state != FETCH_CONN_OPEN)
		return f->common.now_us - s->sent_us;
	ago = fetch_conn_silent_us(&s->conn);
	us = clock_mono_us() - s->sent_us;
	return us > ago ? us - ago : us; /* somebody may have set the wall clock */
}

static void
on_finished(struct fetch_slot *s, enum fetch_fault fault, const char *text)
{
	struct fetch *f = engine_of(s);
	struct fetch_exchange *x = s->exchange;
	struct fetch_slot *other = hedge_of(s);
	struct fetch_answer a = {.fault = fault,
	    .fault_text = text,
	    .status = s->in.status,
	    .us = answered_after_us(f, s)};
	int late = is_late(s, fault);

	/* a 5xx whose head was skipped because its hedge might do better, and did not */
	if (fault == FETCH_FAULT_NONE && x->winner != s) {
		a.fault = FETCH_FAULT_RESET;
		a.fault_text = "it failed, and its hedge too";
		a.status = 0;
	}

	release(f, s);
	if (other != NULL) {
		if (x->winner != s)
			return;
		release(f, other);
	}
	if (late && x->free_tries < FREE_TRIES_MAX) {
		x->free_tries++;
		x->winner = NULL;
		fetch_queue_first(&f->queue, x);
		return;
	}
	a.tries = ++x->tries;
	exchange_answered(f, x, &a);
}

static const struct fetch_slot_ops slot_ops = {on_status, on_finished};

static void
on_opened(struct fetch_conn *c, enum fetch_fault fault, const char *text)
{
	struct fetch_slot *s = (struct fetch_slot *)c;

	if (fault == FETCH_FAULT_NONE)
		fetch_slot_opened(s);
	else
		on_finished(s, fault, text);
}

static void
on_ready(struct fetch_conn *c)
{
	struct fetch_slot *s = (struct fetch_slot *)c;

	if (s->exchange != NULL) {
		fetch_slot_move(s);
	} else if (fetch_conn_recv(c, s->common->room, 1) != FETCH_CONN_LATER) {
		/* an idle connection that was closed, or sends what nobody asked for */
		fetch_conn_close(c);
	}
}

static const struct fetch_wire_ops wire_ops = {on_opened, on_ready};

/* --- opening and closing --- */

/* Deadlines are missed by at most half of the shortest. */
static void
scan_next(struct fetch *f, int64_t hedge_age_ms)
{
	int64_t least = (int64_t)f->opt.stall_ms;

	if (least > hedge_age_ms)
		least = hedge_age_ms;
	f->scan_ms = least / 2 < SCAN_MS ? least / 2 + 1 : SCAN_MS;
}

struct fetch *
fetch_new(const struct fetch_opt *opt, struct err *e)
{
	struct fetch *f = xcalloc(1, sizeof(*f));
	size_t n_spare = opt->hedge_ms >= 0 ? opt->connections / 16 + 1 : 0;

	f->opt = *opt;
	f->common.ops = &slot_ops;
	f->hedge.after_ms = opt->hedge_ms;
	fetch_queue_begin(&f->queue);
	retry_begin(&f->retry);
	if (f->opt.stall_ms == 0)
		f->opt.stall_ms = STALL_MS;
	if (f->opt.buffer_len == 0)
		f->opt.buffer_len = READ_LEN;
	clock_update(f);
	f->scanned_ms = now_ms(f);
	scan_next(f, fetch_hedge_age_ms(&f->hedge, &f->common.stats.latency));
	fetch_slots_open(&f->slots, &f->common, opt->connections + n_spare, n_spare);
	f->common.room_len = f->opt.buffer_len;
	f->common.room = xmalloc(f->common.room_len);
	if (fetch_wire_open(&f->common.wire, &f->opt, f->slots.n, &f->common.stats, now_ms(f), e) ==
	    -1) {
		fetch_free(f);
		return NULL;
	}
	return f;
}

void
fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	fetch_slots_close(&f->slots);
	fetch_wire_close(&f->common.wire);
	fetch_queue_free(&f->queue);
	if (f->common.room != NULL)
		explicit_bzero(f->common.room, f->common.room_len);
	free(f->common.room);
	fetch_msg_free(&f->msg);
	free(f);
}

void
fetch_cancel(struct fetch *f, struct fetch_exchange *x)
{
	if (x->slot[0] == NULL && x->slot[1] == NULL)
		fetch_queue_drop(&f->queue, x);
	for (int i = 0; i < 2; i++)
		if (x->slot[i] != NULL)
			release(f, x->slot[i]);
	exchange_spent(f, x);
}

/* --- sending --- */

/* Builds the next message. FETCH_FAULT_NONE, or why there is none. */
static enum fetch_fault
build(struct fetch *f, struct fetch_exchange *x)
{
	f->refused[0] = '\0';
	fetch_msg_reset(&f->msg);
	if (x->ops->build(x->job, &f->msg) == -1)
		return FETCH_FAULT_CALLER;
	if (f->opt.user_agent != NULL)
		fetch_msg_header(&f->msg, "User-Agent", f->opt.user_agent);
	return fetch_msg_check(&f->msg, f->refused, sizeof(f->refused)) == 0 ? FETCH_FAULT_NONE
									     : FETCH_FAULT_REQUEST;
}

/* FETCH_FAULT_NONE, or why nothing was sent. hedge: 1 for the second request. */
static enum fetch_fault
send_exchange(struct fetch *f, struct fetch_exchange *x, int hedge)
{
	struct fetch_slot *s;
	struct fetch_route r;
	struct fetch_msg m;
	enum fetch_fault fault = build(f, x);

	if (fault != FETCH_FAULT_NONE)
		return fault;
	r = fetch_wire_route(&f->common.wire, buf_str(&f->msg.origin));
	s = fetch_slots_take(&f->slots, &r, hedge);
	m = s->msg;
	s->msg = f->msg;
	f->msg = m;
	s->exchange = x;
	x->slot[hedge] = s;
	s->sent_us = f->common.now_us;
	f->common.stats.requests++;
	/* the first connection is alone, so that the others can resume its TLS session */
	if (f->first == FIRST_NONE && origin_is_tls(buf_str(&s->msg.origin)))
		f->first = FIRST_SENT;
	fetch_slot_watch(s);
	fetch_slot_start(s, &r);
	return FETCH_FAULT_NONE;
}

/* 1 when an exchange waits for nothing but the pace. */
static int
can_send(const struct fetch *f)
{
	return f->queue.ready != NULL && f->slots.n_free > f->slots.n_spare &&
	    f->first != FIRST_SENT;
}

/* 1 when the pace allows a send now. */
static int
may_send(struct fetch *f)
{
	uint64_t now_ns = f->common.now_us * 1000;

	if (f->opt.pace == NULL)
		return 1;
	if (f->n_reserved == 0) {
		size_t n = f->slots.n_free - f->slots.n_spare,
		       most = pace_batch(f->opt.pace, now_ns);

		n = n < f->queue.n_ready ? n : f->queue.n_ready;
		f->n_reserved = n < most ? n : most; /* so that one waking serves several */
		f->reserved_ns = pace_take(f->opt.pace, now_ns, (unsigned)f->n_reserved);
	}
	return f->reserved_ns <= now_ns;
}

static void
send_ready(struct fetch *f)
{
	struct fetch_wire *w = &f->common.wire;
	struct fetch_exchange *x;

	fetch_queue_due(&f->queue, now_ms(f));
	/* idle connections may have been closed meanwhile */
	if (f->slots.n_free == f->slots.n && can_send(f) && may_send(f))
		fetch_wire_handle(w, fetch_wire_wait(w, now_ms(f), 0), now_ms(f), &wire_ops);
	while (can_send(f) && may_send(f)) {
		struct fetch_answer a = {.fault_text = f->refused};

		f->n_reserved -= f->n_reserved > 0;
		x = fetch_queue_take(&f->queue);
		a.tries = x->tries;
		if ((a.fault = send_exchange(f, x, 0)) != FETCH_FAULT_NONE)
			exchange_end(f, x, 0, &a);
	}
}

/* --- deadlines and hedges --- */

static int
wants_hedge(const struct fetch *f, const struct fetch_slot *s, int64_t age_ms)
{
	return s->in.status == 0 && s->exchange->slot[1] == NULL && s->exchange->slot[0] == s &&
	    now_ms(f) - (int64_t)(s->sent_us / 1000) > age_ms && f->slots.n_free > 0 &&
	    strcmp(s->msg.method, "GET") == 0 && fetch_hedge_is_allowed(&f->common.stats);
}

static void
scan(struct fetch *f)
{
	int64_t now = now_ms(f), gap = now - f->scanned_ms;
	int64_t hedge_age_ms = fetch_hedge_age_ms(&f->hedge, &f->common.stats.latency);

	f->scanned_ms = now;
	scan_next(f, hedge_age_ms);
	for (size_t i = 0; i < f->slots.n; i++) {
		struct fetch_slot *s = &f->slots.all[i];
		const char *stalled;

		if (s->exchange == NULL || s->paused)
			continue;
		if (gap > BLOCKED_MS) /* nobody looked whether anything moved */
			fetch_slot_watch(s);
		if ((stalled = fetch_slot_stalled(s, (int64_t)f->opt.stall_ms)) != NULL)
			on_finished(s, FETCH_FAULT_STALL, stalled);
		else if (fetch_conn_is_late(&s->conn, now))
			on_finished(s, FETCH_FAULT_CONNECT, "no TLS handshake in time");
		else if (wants_hedge(f, s, hedge_age_ms) &&
		    send_exchange(f, s->exchange, 1) == FETCH_FAULT_NONE)
			f->common.stats.hedged++;
	}
}

void
fetch_resume(struct fetch_exchange *x)
{
	struct fetch_slot *s = x->winner;

	if (s == NULL || !s->paused)
		return;
	s->paused = 0;
	fetch_slot_watch(s);
	fetch_slot_again(s);
}

/* --- the loop --- */

static int
wait_ms(const struct fetch *f, int max_wait_ms)
{
	int64_t now = now_ms(f), due = now + max_wait_ms;

	if (f->common.n_again > 0)
		return 0;
	if (f->slots.n_free < f->slots.n && due > f->scanned_ms + f->scan_ms)
		due = f->scanned_ms + f->scan_ms;
	if (f->queue.waiting != NULL && due > f->queue.waiting->due_ms)
		due = f->queue.waiting->due_ms;
	if (f->n_reserved > 0 && can_send(f) && due > (int64_t)(f->reserved_ns / 1000000) + 1)
		due = (int64_t)(f->reserved_ns / 1000000) + 1;
	return due > now ? (int)(due - now) : 0;
}

/* Sleeps while the pace holds the next send back and all slots wait for answers: nothing is lost
 * when these wait too, and to be woken costs more than to take an answer. 1 if it slept. */
static int
nap(struct fetch *f, int max_ms)
{
	struct timespec ts;

	if (f->n_reserved == 0 || !can_send(f) || max_ms < NAP_MIN_MS ||
	    !fetch_slots_are_waiting(&f->slots))
		return 0;
	if (max_ms > NAP_MAX_MS)
		max_ms = NAP_MAX_MS;
	ts = (struct timespec){.tv_nsec = (long)max_ms * 1000000};
	nanosleep(&ts, NULL);
	clock_update(f);
	return 1;
}

size_t
fetch_step(struct fetch *f, int max_wait_ms)
{
	struct fetch_wire *w = &f->common.wire;
	int n;

	clock_update(f);
	send_ready(f);
	if (f->n_exchanges == 0)
		return 0;
	max_wait_ms = wait_ms(f, max_wait_ms);
	f->napped = nap(f, max_wait_ms);
	n = fetch_wire_wait(w, now_ms(f), f->napped ? 0 : max_wait_ms);
	clock_update(f);
	fetch_wire_handle(w, n, now_ms(f), &wire_ops);
	if (f->common.n_again > 0)
		fetch_slots_move_marked(&f->slots, &f->common);
	if (now_ms(f) - f->scanned_ms >= f->scan_ms)
		scan(f);
	return f->n_exchanges;
}
