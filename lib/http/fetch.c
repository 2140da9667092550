#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "http/fetch_queue.h"
#include "http/fetch_slot.h"
#include "http/origin.h"
#include "http/pace.h"
#include "http/retry.h"

enum {
	STALL_MS = 20000,
	SCAN_MS = 250,	   /* at least so often deadlines and hedges are looked at */
	BLOCKED_MS = 3000, /* a longer gap between scans was our caller's, not the network's */
	GATHER = 10,	   /* sending times drawn at once, so that one waking serves several */
	NAP_MIN_MS = 2,
	NAP_MAX_MS = 100,
	READ_LEN = 64 << 10,
	FREE_TRIES_MAX = 8,
	HEDGE_MIN_MS = 500,
	HEDGE_SAMPLES = 100, /* answers before "the slowest percent" means anything */
	HEDGE_SHARE = 50,    /* at most one request in so many */
};

struct fetch {
	struct fetch_wire wire;
	struct fetch_slot *slots;
	size_t n_slots, n_spare;	/* the last n_spare are for hedges only */
	struct fetch_slot **free_slots; /* stack */
	size_t n_free;
	struct fetch_queue queue;
	size_t n_exchanges, n_resumes;
	enum { FIRST_NONE, FIRST_SENT, FIRST_OVER } first; /* exchange over TLS */
	struct fetch_opt opt;
	struct fetch_msg msg; /* the next one; it changes places with that of its slot */
	char *room;	      /* what is read from any connection goes here first */
	struct retry retry;
	uint64_t reserved_ns; /* from when on n_reserved sends are due, drawn from the pace */
	size_t n_reserved;
	uint64_t now_us;
	int64_t scanned_ms, scan_ms; /* when, and how long until the next time */
	int napped;		     /* answers may have waited for this step */
	int64_t hedge_after_ms;
	uint64_t hedge_seen;
	struct fetch_stats stats;
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
	default: return "stopped";
	}
}

static void
clock_update(struct fetch *f)
{
	f->now_us = clock_mono_us();
}

int64_t
fetch_now_ms(const struct fetch *f)
{
	return (int64_t)(f->now_us / 1000);
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
	buf_adds(&m->headers, ": ");
	buf_adds(&m->headers, value);
	buf_addc(&m->headers, '\0');
}

char *
fetch_read_room(struct fetch *f, size_t *cap)
{
	*cap = f->opt.buffer_len;
	return f->room;
}

/* --- making and ending --- */

static void
slots_new(struct fetch *f)
{
	f->n_spare = f->opt.hedge_ms >= 0 ? f->opt.connections / 16 + 1 : 0;
	f->n_slots = f->opt.connections + f->n_spare;
	f->slots = xcalloc(f->n_slots, sizeof(*f->slots));
	f->free_slots = xcalloc(f->n_slots, sizeof(struct fetch_slot *));
	for (size_t i = f->n_slots; i-- > 0;) {
		f->slots[i].engine = f;
		f->free_slots[f->n_free++] = &f->slots[i];
	}
}

/* Half of the shortest deadline is what any is missed by at most. */
static void
scan_next(struct fetch *f, int64_t after)
{
	int64_t least = after < (int64_t)f->opt.stall_ms ? after : (int64_t)f->opt.stall_ms;

	f->scan_ms = least / 2 < SCAN_MS ? least / 2 + 1 : SCAN_MS;
}

struct fetch *
fetch_new(const struct fetch_opt *opt, struct err *e)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	f->opt = *opt;
	fetch_queue_begin(&f->queue);
	retry_begin(&f->retry);
	if (f->opt.stall_ms == 0)
		f->opt.stall_ms = STALL_MS;
	if (f->opt.buffer_len == 0)
		f->opt.buffer_len = READ_LEN;
	clock_update(f);
	f->scanned_ms = fetch_now_ms(f);
	scan_next(f, f->opt.hedge_ms > 0 ? f->opt.hedge_ms : INT64_MAX);
	slots_new(f);
	f->room = xmalloc(f->opt.buffer_len);
	if (fetch_wire_open(&f->wire, &f->opt, f->n_slots, &f->stats, fetch_now_ms(f), e) == -1) {
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
	for (size_t i = 0; i < f->n_slots; i++) {
		struct fetch_exchange *x = f->slots[i].exchange;

		for (int k = 0; x != NULL && k < 2; k++)
			if (x->slot[k] != NULL)
				x->slot[k]->exchange = NULL;
		free(x);
		fetch_slot_free(&f->slots[i]);
	}
	fetch_wire_close(&f->wire);
	fetch_queue_free(&f->queue);
	free(f->slots);
	free(f->free_slots);
	if (f->room != NULL)
		explicit_bzero(f->room, f->opt.buffer_len);
	free(f->room);
	buf_free(&f->msg.origin);
	buf_free(&f->msg.target);
	buf_wipe(&f->msg.headers);
	free(f);
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
	int throttled = again->cause == FETCH_CAUSE_THROTTLED;

	x->winner = NULL;
	if (v == FETCH_AGAIN_FREE && x->free_tries < FREE_TRIES_MAX) {
		x->free_tries++;
		x->tries--;
		f->stats.retries++;
		f->stats.causes[again->cause]++;
		fetch_queue_first(&f->queue, x);
		return 1;
	}
	if (x->tries >= f->opt.max_tries)
		return 0;
	/* throttling is the pace's to end, so it does not use the budget up */
	if (!throttled && !again->insist &&
	    !retry_pay(&f->retry, again->cause == FETCH_CAUSE_TIMEOUT, &x->paid))
		return 0;
	f->stats.retries++;
	f->stats.causes[again->cause]++;
	fetch_queue_wait(&f->queue, x,
	    fetch_now_ms(f) + retry_wait_ms(&f->retry, x->tries, throttled, again->wait_ms));
	return 1;
}

static void
exchange_answered(struct fetch *f, struct fetch_exchange *x, const struct fetch_answer *a)
{
	struct fetch_again again = {.cause = FETCH_CAUSE_OTHER};
	enum fetch_verdict v = x->ops->answer(x->job, a, &again);

	if (a->fault == FETCH_FAULT_NONE)
		hist_add(&f->stats.latency, a->us);
	if (f->opt.pace != NULL && a->fault == FETCH_FAULT_NONE) {
		if (v == FETCH_AGAIN && again.cause == FETCH_CAUSE_THROTTLED)
			pace_throttled(f->opt.pace, f->now_us * 1000);
		else
			pace_answered(f->opt.pace, f->now_us * 1000);
	}
	if (v == FETCH_DONE) {
		retry_earn(&f->retry, x->paid);
		exchange_end(f, x, 1, a);
	} else if (v == FETCH_FAIL || !exchange_again(f, x, v, &again)) {
		exchange_end(f, x, 0, a);
	}
}

/* --- slots --- */

static int
is_reusable(struct fetch_slot *s)
{
	return s->conn.state == FETCH_CONN_OPEN && http_parse_is_whole(&s->in) && !s->in.close &&
	    !s->conn.hung_up && !s->sending && fetch_conn_is_clean(&s->conn);
}

/* Off its exchange, whatever it was doing. */
static void
slot_release(struct fetch *f, struct fetch_slot *s)
{
	struct fetch_exchange *x = s->exchange;

	if (x->slot[0] == s)
		x->slot[0] = NULL;
	if (x->slot[1] == s)
		x->slot[1] = NULL;
	f->n_resumes -= s->resume != 0;
	s->resume = 0;
	f->first = FIRST_OVER;
	if (!is_reusable(s))
		fetch_conn_close(&s->conn);
	fetch_slot_clear(s);
	f->free_slots[f->n_free++] = s;
}

/* A free slot: the one that was used last, of those whose connection can be used again, else one
 * without, else any. fresh: one without goes first. */
static struct fetch_slot *
slot_choose(struct fetch *f, const struct fetch_route *r, int fresh)
{
	size_t at = f->n_free - 1;
	struct fetch_slot *s;

	for (size_t i = f->n_free; i-- > 0;) {
		s = f->free_slots[i];
		if (!fresh && fetch_conn_fits(&s->conn, r)) {
			at = i;
			break;
		}
		if (s->conn.state == FETCH_CONN_CLOSED &&
		    f->free_slots[at]->conn.state != FETCH_CONN_CLOSED)
			at = i;
	}
	s = f->free_slots[at];
	f->free_slots[at] = f->free_slots[--f->n_free];
	if (fresh || !fetch_conn_fits(&s->conn, r))
		fetch_conn_close(&s->conn);
	return s;
}

void
fetch_cancel(struct fetch *f, struct fetch_exchange *x)
{
	if (x->slot[0] == NULL && x->slot[1] == NULL)
		fetch_queue_drop(&f->queue, x);
	for (int i = 0; i < 2; i++)
		if (x->slot[i] != NULL)
			slot_release(f, x->slot[i]);
	exchange_spent(f, x);
}

static void
msg_reset(struct fetch_msg *m)
{
	buf_reset(&m->origin);
	buf_reset(&m->target);
	buf_reset(&m->headers);
	*m = (struct fetch_msg){.origin = m->origin, .target = m->target, .headers = m->headers};
}

/* 0, or -1 when the exchange cannot be made. */
static int
slot_send(struct fetch *f, struct fetch_exchange *x, int hedge)
{
	struct fetch_slot *s;
	struct fetch_route r;
	struct fetch_msg m = f->msg;

	msg_reset(&m);
	f->msg = m;
	if (x->ops->build(x->job, &f->msg) == -1)
		return -1;
	if (f->opt.user_agent != NULL)
		fetch_msg_header(&f->msg, "User-Agent", f->opt.user_agent);
	r = fetch_wire_route(&f->wire, buf_str(&f->msg.origin));
	s = slot_choose(f, &r, hedge);
	m = s->msg;
	s->msg = f->msg;
	f->msg = m;
	s->exchange = x;
	x->slot[hedge] = s;
	s->sent_us = f->now_us;
	s->progress_ms = fetch_now_ms(f);
	f->stats.requests++;
	/* the first connection is alone, so that the others can resume its TLS session */
	if (f->first == FIRST_NONE && origin_is_tls(buf_str(&s->msg.origin)))
		f->first = FIRST_SENT;
	fetch_slot_start(s, &f->wire, &r);
	return 0;
}

int
fetch_slot_wins(struct fetch *f, struct fetch_slot *s)
{
	struct fetch_exchange *x = s->exchange;
	struct fetch_slot *other = x->slot[0] == s ? x->slot[1] : x->slot[0];

	f->first = FIRST_OVER; /* what it needs of its TLS session came before */
	if (x->winner != NULL)
		return x->winner == s;
	if (other != NULL) {
		if (s->in.status >= 500)
			return 0;
		f->stats.hedges_won += x->slot[1] == s;
		slot_release(f, other);
	}
	x->winner = s;
	return 1;
}

/* 1 for a request that was lost because its connection had ended before it, which is no failure
 * (RFC 9112, 9.3.1): it can be sent again at once. Not where it would make something twice. */
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
		return f->now_us - s->sent_us;
	ago = fetch_conn_silent_us(&s->conn);
	us = clock_mono_us() - s->sent_us;
	return us > ago ? us - ago : us; /* somebody may have set the clock */
}

void
fetch_slot_finished(struct fetch *f, struct fetch_slot *s, enum fetch_fault fault, const char *text)
{
	struct fetch_exchange *x = s->exchange;
	struct fetch_slot *other = x->slot[0] == s ? x->slot[1] : x->slot[0];
	struct fetch_answer a = {.fault = fault,
	    .fault_text = text,
	    .status = s->in.status,
	    .us = answered_after_us(f, s)};
	int late = is_late(s, fault);

	/* a 5xx that was passed over, as its hedge might have done better, and did not */
	if (fault == FETCH_FAULT_NONE && x->winner != s) {
		a.fault = FETCH_FAULT_RESET;
		a.fault_text = "it failed, and its hedge too";
		a.status = 0;
	}

	slot_release(f, s);
	if (other != NULL) {
		if (x->winner != s)
			return;
		slot_release(f, other);
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

void
fetch_slot_again(struct fetch *f, struct fetch_slot *s)
{
	f->n_resumes += s->resume == 0;
	s->resume = 1;
}

static void
on_opened(struct fetch_conn *c, enum fetch_fault fault, const char *text)
{
	struct fetch_slot *s = (struct fetch_slot *)c;

	if (fault == FETCH_FAULT_NONE)
		fetch_slot_opened(s);
	else
		fetch_slot_finished(s->engine, s, fault, text);
}

static void
on_ready(struct fetch_conn *c)
{
	struct fetch_slot *s = (struct fetch_slot *)c;

	if (s->exchange != NULL) {
		fetch_slot_move(s);
	} else if (fetch_conn_recv(c, s->engine->room, 1) != FETCH_CONN_LATER) {
		/* an idle connection that ended, or says what nobody asked for */
		fetch_conn_close(c);
	}
}

static const struct fetch_wire_ops wire_ops = {on_opened, on_ready};

/* 1 when an exchange waits for nothing but the pace. */
static int
can_send(const struct fetch *f)
{
	return f->queue.ready != NULL && f->n_free > f->n_spare && f->first != FIRST_SENT;
}

/* 1 when the pace allows a send now. */
static int
may_send(struct fetch *f)
{
	if (f->opt.pace == NULL)
		return 1;
	if (f->n_reserved == 0) {
		size_t n = f->n_free - f->n_spare;

		n = n < f->queue.n_ready ? n : f->queue.n_ready;
		f->n_reserved = n < GATHER ? n : GATHER;
		f->reserved_ns = pace_take(f->opt.pace, f->now_us * 1000, (unsigned)f->n_reserved);
	}
	return f->reserved_ns <= f->now_us * 1000;
}

static void
send_ready(struct fetch *f)
{
	struct fetch_exchange *x;

	fetch_queue_due(&f->queue, fetch_now_ms(f));
	if (f->n_free == f->n_slots && can_send(f) && may_send(f)) /* what has ended meanwhile */
		fetch_wire_handle(&f->wire, fetch_wire_wait(&f->wire, fetch_now_ms(f), 0),
		    fetch_now_ms(f), &wire_ops);
	while (can_send(f) && may_send(f)) {
		f->n_reserved -= f->n_reserved > 0;
		x = fetch_queue_take(&f->queue);
		if (slot_send(f, x, 0) == -1) {
			struct fetch_answer a = {
			    .fault = FETCH_FAULT_CALLER, .fault_text = "", .tries = x->tries};

			exchange_end(f, x, 0, &a);
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
	scan_next(f, after);
	for (size_t i = 0; i < f->n_slots; i++) {
		struct fetch_slot *s = &f->slots[i];

		if (s->exchange == NULL || s->paused)
			continue;
		if (gap > BLOCKED_MS) /* we were not there to see anything move */
			s->progress_ms = now;
		if (now - s->progress_ms > (int64_t)f->opt.stall_ms) {
			fetch_slot_finished(f, s, FETCH_FAULT_STALL, "nothing came for too long");
		} else if (fetch_conn_is_late(&s->conn, now)) {
			fetch_slot_finished(f, s, FETCH_FAULT_CONNECT, "no TLS handshake in time");
		} else if (s->in.status == 0 && s->exchange->slot[1] == NULL &&
		    s->exchange->slot[0] == s && now - (int64_t)(s->sent_us / 1000) > after &&
		    f->n_free > 0 && strcmp(s->msg.method, "GET") == 0 &&
		    f->stats.hedged * HEDGE_SHARE <= f->stats.requests) {
			if (slot_send(f, s->exchange, 1) == 0)
				f->stats.hedged++;
		}
	}
}

/* Those that need no event to go on. */
static void
resume_all(struct fetch *f)
{
	for (size_t i = 0; i < f->n_slots && f->n_resumes > 0; i++) {
		struct fetch_slot *s = &f->slots[i];

		if (!s->resume)
			continue;
		f->n_resumes--;
		s->resume = 0;
		fetch_slot_move(s);
	}
}

void
fetch_resume(struct fetch *f, struct fetch_exchange *x)
{
	struct fetch_slot *s = x->winner;

	if (s == NULL || !s->paused)
		return;
	s->paused = 0;
	s->progress_ms = fetch_now_ms(f);
	fetch_slot_again(f, s);
}

/* --- the loop --- */

static int
wait_ms(const struct fetch *f, int max_wait_ms)
{
	int64_t now = fetch_now_ms(f), due = now + max_wait_ms;

	if (f->n_resumes > 0)
		return 0;
	if (f->n_free < f->n_slots && due > f->scanned_ms + f->scan_ms)
		due = f->scanned_ms + f->scan_ms;
	if (f->queue.waiting != NULL && due > f->queue.waiting->due_ms)
		due = f->queue.waiting->due_ms;
	if (f->n_reserved > 0 && can_send(f) && due > (int64_t)(f->reserved_ns / 1000000) + 1)
		due = (int64_t)(f->reserved_ns / 1000000) + 1;
	return due > now ? (int)(due - now) : 0;
}

/* Nothing goes on but that servers think of their answers. */
static int
is_quiet(const struct fetch *f)
{
	for (size_t i = 0; i < f->n_slots; i++) {
		const struct fetch_slot *s = &f->slots[i];

		if (s->exchange != NULL &&
		    (s->conn.state != FETCH_CONN_OPEN || s->sending || s->in.began))
			return 0;
	}
	return f->n_free < f->n_slots;
}

/* While the pace holds the next send back nothing is lost when answers wait for it: a waking costs
 * more than an answer. 1 where it slept. */
static int
nap(struct fetch *f, int max_ms)
{
	struct timespec ts;

	if (f->n_reserved == 0 || !can_send(f) || max_ms < NAP_MIN_MS || !is_quiet(f))
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
	int n;

	clock_update(f);
	send_ready(f);
	if (f->n_exchanges == 0)
		return 0;
	max_wait_ms = wait_ms(f, max_wait_ms);
	f->napped = nap(f, max_wait_ms);
	n = fetch_wire_wait(&f->wire, fetch_now_ms(f), f->napped ? 0 : max_wait_ms);
	clock_update(f);
	fetch_wire_handle(&f->wire, n, fetch_now_ms(f), &wire_ops);
	if (f->n_resumes > 0)
		resume_all(f);
	if (fetch_now_ms(f) - f->scanned_ms >= f->scan_ms)
		scan(f);
	return f->n_exchanges;
}

void
fetch_run(struct fetch *f)
{
	while (fetch_step(f, 1000) > 0)
		;
}
