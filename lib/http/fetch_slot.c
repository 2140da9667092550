#include <string.h>

#include "http/fetch_slot.h"
#include "http/origin.h"

enum {
	QUIET_MS = 1000, /* before the kernel is asked whether it still sends */
	SEND_LEN = 64 << 10,
	TURN_MAX = 16, /* reads or writes before the other connections have their turn */
};

/* --- the request --- */

/* A proxy is told the whole URL, a server the target alone. */
static void
write_head(struct fetch_slot *s, const struct fetch_wire *w, int by_proxy)
{
	struct fetch_msg *m = &s->msg;
	struct buf *b = &s->out;
	const char *origin = buf_str(&m->origin);

	buf_reset(b);
	buf_adds(b, m->method);
	buf_addc(b, ' ');
	if (by_proxy)
		buf_adds(b, origin);
	buf_add(b, m->target.p, m->target.len);
	buf_adds(b, " HTTP/1.1\r\nHost: ");
	buf_adds(b, origin_authority(origin));
	if (by_proxy && w->proxy_authorization.len > 0) {
		buf_adds(b, "\r\nProxy-Authorization: ");
		buf_add(b, w->proxy_authorization.p, w->proxy_authorization.len);
	}
	buf_adds(b, "\r\n");
	buf_add(b, m->headers.p, m->headers.len);
	if (m->has_body)
		buf_addf(b, "Content-Length: %llu\r\n", (unsigned long long)m->body_len);
	buf_adds(b, "\r\n");
}

/* Reads more of the body into the buffer. 0, or -1 when the caller aborts. */
static int
read_body(struct fetch_slot *s)
{
	const struct fetch_exchange *x = s->exchange;

	while (s->msg.has_body && s->read_offset < s->msg.body_len && s->out.len < SEND_LEN) {
		uint64_t left = s->msg.body_len - s->read_offset;
		size_t cap = SEND_LEN - s->out.len;
		ssize_t n;

		if (x->ops->read == NULL)
			return -1;
		n = x->ops->read(x->job, s->read_offset, buf_room(&s->out, cap),
		    left < cap ? (size_t)left : cap);
		if (n <= 0) /* also where it ends before its length */
			return -1;
		s->out.len += (size_t)n;
		s->read_offset += (uint64_t)n;
	}
	return 0;
}

/* Sends what can be sent now. 0, or -1: the exchange has finished. */
static int
send_some(struct fetch_slot *s)
{
	for (int i = 0; s->sending; i++) {
		ssize_t n;

		if (i == TURN_MAX) {
			fetch_slot_again(s);
			return 0;
		}
		if (s->out_at == s->out.len) {
			buf_reset(&s->out);
			s->out_at = 0;
		}
		if (s->out_at == 0 && read_body(s) == -1) {
			s->common->ops->finished(s, FETCH_FAULT_CALLER, "");
			return -1;
		}
		if (s->out_at == s->out.len) {
			s->sending = 0;
			return 0;
		}
		n = fetch_conn_send(&s->conn, s->out.p + s->out_at, s->out.len - s->out_at);
		if (n == FETCH_CONN_LATER)
			return 0;
		if (n == -1) { /* an answer that says why may be there to be read */
			s->sending = 0;
			s->conn.hung_up = 1;
			fetch_slot_again(s);
			return 0;
		}
		s->out_at += (size_t)n;
	}
	return 0;
}

void
fetch_slot_start(struct fetch_slot *s, const struct fetch_route *r)
{
	struct fetch_wire *w = &s->common->wire;

	write_head(s, w, r->by_proxy);
	s->out_at = 0;
	s->read_offset = 0;
	s->sending = 1;
	s->paused = 0;
	http_parse_begin(&s->in, strcmp(s->msg.method, "HEAD") == 0);
	if (s->conn.state == FETCH_CONN_OPEN)
		send_some(s);
	else
		fetch_conn_open(&s->conn, w, r, fetch_common_now_ms(s->common));
}

void
fetch_slot_opened(struct fetch_slot *s)
{
	fetch_slot_watch(s);
	/* the handshake may have read more than its own bytes, and no event will tell of them */
	if (send_some(s) == 0 && !fetch_conn_is_plain(&s->conn))
		fetch_slot_again(s);
}

/* --- the answer --- */

static void
take_status(struct fetch_slot *s)
{
	const struct fetch_exchange *x = s->exchange;

	if (s->sending && s->in.status >= 300) { /* the server wants no more of the body */
		s->sending = 0;
		s->in.close = 1;
	}
	if (s->common->ops->wins(s))
		x->ops->status(x->job, s->in.status);
	/* else a 5xx, while its hedge may still do better; finished() decides */
}

static void
take_header(struct fetch_slot *s)
{
	const struct fetch_exchange *x = s->exchange;

	if (x->winner == s)
		x->ops->header(x->job, &s->in.field);
}

/* Hands a piece of the body to the caller. 0: go on. 1: paused. -1: finished. */
static int
take_piece(struct fetch_slot *s, const char *piece, size_t len)
{
	if (s->exchange->winner != s)
		return 0;
	switch (s->exchange->ops->body(s->exchange->job, piece, len)) {
	case FETCH_TAKE: s->common->stats.bytes_in += len; return 0;
	case FETCH_PAUSE: s->paused = 1; return 1;
	case FETCH_ABORT: break;
	}
	s->common->ops->finished(s, FETCH_FAULT_CALLER, "");
	return -1;
}

/* Parses n bytes. 1: the exchange has finished or is paused. */
static int
take(struct fetch_slot *s, const char *p, size_t n)
{
	const char *out;
	size_t out_len;

	for (;;) {
		switch (http_parse_next(&s->in, &p, &n, &out, &out_len)) {
		case HTTP_MORE: return 0;
		case HTTP_STATUS: take_status(s); break;
		case HTTP_HEADER: take_header(s); break;
		case HTTP_BODY:
			switch (take_piece(s, out, out_len)) {
			case 0: break;
			case 1:
				/* parsed again from here when the caller resumes */
				http_parse_untake(&s->in, out_len);
				buf_reset(&s->held);
				buf_add(&s->held, out, out_len + n);
				return 1;
			default: return 1;
			}
			break;
		case HTTP_END:
			s->in.close |= n > 0 || s->sending;
			s->conn.answers++;
			s->common->ops->finished(s, FETCH_FAULT_NONE, "");
			return 1;
		case HTTP_BAD:
			s->common->ops->finished(s, FETCH_FAULT_GARBAGE, s->in.bad);
			return 1;
		}
	}
}

/* The connection was closed by the server (lost is NULL) or failed (lost says how). */
static void
take_end(struct fetch_slot *s, const char *lost)
{
	int in_body = http_parse_in_body(&s->in);

	if (lost == NULL && http_parse_eof(&s->in) == HTTP_END)
		s->common->ops->finished(s, FETCH_FAULT_NONE, "");
	else if (lost == NULL && in_body)
		s->common->ops->finished(s, FETCH_FAULT_SHORT, "it ended too early");
	else
		s->common->ops->finished(s, FETCH_FAULT_RESET,
		    lost != NULL && *lost != '\0' ? lost : "the server closed it");
}

static void
read_some(struct fetch_slot *s)
{
	size_t cap = s->common->room_len;
	char *room = s->common->room;

	for (int i = 0; i < TURN_MAX; i++) {
		ssize_t n = fetch_conn_recv(&s->conn, room, cap);

		if (n == FETCH_CONN_LATER)
			return;
		if (n <= 0) {
			take_end(s, n == 0 ? NULL : s->conn.errbuf);
			return;
		}
		if (take(s, room, (size_t)n))
			return;
		if ((size_t)n < cap && fetch_conn_is_plain(&s->conn) && !s->conn.hung_up)
			return;
	}
	fetch_slot_again(s);
}

/* Parses what a paused body did not take. 1: the exchange is paused again or has finished. */
static int
take_held(struct fetch_slot *s)
{
	struct buf held = s->held;
	int rc;

	if (held.len == 0)
		return 0;
	s->held = (struct buf){0};
	rc = take(s, held.p, held.len);
	buf_wipe(&held);
	return rc;
}

void
fetch_slot_move(struct fetch_slot *s)
{
	if (s->paused || send_some(s) == -1 || take_held(s))
		return;
	read_some(s);
}

/* --- stalls --- */

static struct fetch_seen
see(struct fetch_slot *s, int look)
{
	return (struct fetch_seen){.now_ms = fetch_common_now_ms(s->common),
	    .in = fetch_conn_in(&s->conn),
	    .out = fetch_conn_out(&s->conn, look),
	    .sending = s->sending,
	    .began = s->in.began,
	    .in_head = !http_parse_in_body(&s->in),
	    .slow_answer = s->msg.slow_answer};
}

void
fetch_slot_watch(struct fetch_slot *s)
{
	struct fetch_seen seen = see(s, 0);

	fetch_watch_begin(&s->watch, &seen);
}

const char *
fetch_slot_stalled(struct fetch_slot *s, int64_t stall_ms)
{
	int quiet = fetch_common_now_ms(s->common) - s->watch.moved_ms > QUIET_MS;
	struct fetch_seen seen = see(s, quiet);

	return fetch_watch_check(&s->watch, &seen, stall_ms);
}

/* --- between exchanges --- */

void
fetch_slot_again(struct fetch_slot *s)
{
	s->common->n_again += s->again == 0;
	s->again = 1;
}

/* 1 when the connection can carry another exchange. */
static int
is_reusable(struct fetch_slot *s)
{
	return s->conn.state == FETCH_CONN_OPEN && http_parse_is_whole(&s->in) && !s->in.close &&
	    !s->conn.hung_up && !s->sending && fetch_conn_is_clean(&s->conn);
}

void
fetch_slot_clear(struct fetch_slot *s)
{
	struct fetch_exchange *x = s->exchange;

	for (int i = 0; i < 2; i++)
		if (x->slot[i] == s)
			x->slot[i] = NULL;
	s->exchange = NULL;
	s->common->n_again -= s->again != 0;
	s->again = s->paused = 0;
	buf_reset(&s->held);
	if (!is_reusable(s))
		fetch_conn_close(&s->conn);
}

void
fetch_slot_free(struct fetch_slot *s)
{
	fetch_conn_free(&s->conn);
	http_parse_free(&s->in);
	fetch_msg_free(&s->msg);
	buf_wipe(&s->out);
	buf_wipe(&s->held);
}
