/*
 * Sending answers: through libmicrohttpd or, for faults that it would never commit, by hand on the
 * connection's socket.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "exchange.h"

enum { BLOCK = 64 << 10, RAW_WAIT_MS = 5000 };

static int
socket_of(struct MHD_Connection *conn)
{
	return MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static gnutls_session_t
tls_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info != NULL ? info->tls_session : NULL;
}

/* Connecting a TCP socket to "nowhere" sends RST at once; SO_LINGER would only act on close, behind
 * the FIN that libmicrohttpd sends first. */
static void
reset_connection(struct MHD_Connection *conn)
{
	struct sockaddr sa = {.sa_family = AF_UNSPEC};

	if (connect(socket_of(conn), &sa, sizeof(sa)) == -1)
		perror("s3d: reset");
}

static void
raw_send(struct MHD_Connection *conn, const char *p, size_t n)
{
	gnutls_session_t tls = tls_of(conn);
	int fd = socket_of(conn);

	while (n > 0) {
		ssize_t k =
		    tls != NULL ? gnutls_record_send(tls, p, n) : send(fd, p, n, MSG_NOSIGNAL);
		struct pollfd pfd = {.fd = fd, .events = POLLOUT};

		if (k > 0) {
			p += k;
			n -= (size_t)k;
		} else if (tls != NULL ? k != GNUTLS_E_AGAIN && k != GNUTLS_E_INTERRUPTED
				       : errno != EAGAIN && errno != EINTR) {
			return;
		} else if (poll(&pfd, 1, RAW_WAIT_MS) != 1) {
			return;
		}
	}
}

/* A body that is read in pieces, with the fault that applies to it. */
struct source {
	struct exchange *x;
	struct object *object; /* one reference, or NULL: text */
	struct buf text;       /* owned */
	uint64_t off, len;
};

static void
source_free(void *cls)
{
	struct source *s = cls;

	object_unref(s->object);
	buf_free(&s->text);
	free(s);
}

static int
source_get(struct source *s, uint64_t pos, char *out, size_t n)
{
	if (s->object != NULL)
		return object_read(&s->x->worker->srv->store, s->object, s->off + pos, out, n);
	memcpy(out, s->text.p + pos, n);
	return 0;
}

/* Bytes of the body before the fault happens; UINT64_MAX if none does. */
static uint64_t
fault_at(const struct source *s)
{
	const struct fault *f = &s->x->req.fault;

	if (f->action == FAULT_RESET_BODY || f->action == FAULT_SHORT)
		return f->n < s->len ? f->n : s->len - 1;
	if (f->action == FAULT_STALL_BODY && !s->x->stalled)
		return f->m < s->len ? f->m : s->len - 1;
	return UINT64_MAX;
}

static ssize_t
source_read(void *cls, uint64_t pos, char *out, size_t max)
{
	struct source *s = cls;
	struct exchange *x = s->x;
	const struct fault *f = &x->req.fault;
	uint64_t at = fault_at(s), n = s->len - pos;

	if (pos >= at) {
		if (f->action == FAULT_RESET_BODY)
			reset_connection(x->conn);
		if (f->action != FAULT_STALL_BODY)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		x->stalled = 1;
		worker_sleep(x->worker, x, f->n * 1000);
		return 0;
	}
	if (n > max)
		n = max;
	if (at != UINT64_MAX && n > at - pos)
		n = at - pos;
	if (source_get(s, pos, out, (size_t)n) == -1)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (f->action == FAULT_CORRUPT) {
		uint64_t bad = f->n < s->len ? f->n : s->len - 1;

		if (bad >= pos && bad < pos + n)
			out[bad - pos] ^= 0x20;
	}
	return (ssize_t)n;
}

static int
fault_in_body(const struct req *r)
{
	switch (r->fault.action) {
	case FAULT_RESET_BODY:
	case FAULT_SHORT:
	case FAULT_STALL_BODY:
	case FAULT_CORRUPT: return 1;
	default: return 0;
	}
}

static uint64_t
body_len(const struct answer *a)
{
	return a->object != NULL ? a->len : a->body.len;
}

static struct MHD_Response *
response_from_source(struct exchange *x)
{
	struct answer *a = &x->req.ans;
	struct source *s = xcalloc(1, sizeof(*s));
	struct MHD_Response *resp;

	s->x = x;
	s->len = body_len(a);
	s->off = a->off;
	s->object = a->object;
	a->object = NULL;
	if (s->object == NULL) {
		s->text = a->body;
		a->body = (struct buf){0};
	}
	resp = MHD_create_response_from_callback(
	    s->len, s->len < BLOCK ? (size_t)s->len : BLOCK, source_read, s, source_free);
	if (resp == NULL)
		source_free(s);
	return resp;
}

static void
unref(void *cls)
{
	object_unref(cls);
}

static struct MHD_Response *
response_make(struct exchange *x)
{
	static char nothing[1];
	struct req *r = &x->req;
	struct answer *a = &r->ans;
	struct MHD_Response *resp;
	const char *span;
	char *p;

	if (body_len(a) == 0 || r->op == OP_HEAD || strcmp(r->method, "HEAD") == 0) {
		/* for a HEAD an error document does not count in Content-Length either */
		if (body_len(a) == 0 || a->object == NULL)
			return MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
		return response_from_source(x);
	}
	if (fault_in_body(r))
		return response_from_source(x);
	if (a->object == NULL) {
		resp =
		    MHD_create_response_from_buffer(a->body.len, a->body.p, MHD_RESPMEM_MUST_FREE);
		a->body = (struct buf){0};
		return resp;
	}
	span = object_span(a->object, a->off, a->len);
	if (span != NULL) {
		struct object *o = a->object;

		a->object = NULL;
		return MHD_create_response_from_buffer_with_free_callback_cls(
		    (size_t)a->len, (void *)(uintptr_t)span, unref, o);
	}
	if (a->len > BLOCK)
		return response_from_source(x);
	p = xmalloc((size_t)a->len);
	if (object_read(&r->srv->store, a->object, a->off, p, (size_t)a->len) == -1) {
		free(p);
		return NULL;
	}
	return MHD_create_response_from_buffer((size_t)a->len, p, MHD_RESPMEM_MUST_FREE);
}

static void
log_line(const struct exchange *x, unsigned status, uint64_t bytes)
{
	const struct req *r = &x->req;
	struct buf b = {0};
	char date[32];

	time_iso(date, now_ms());
	buf_addf(&b, "%s %s ", date, r->method);
	uri_encode(
	    &b, r->bucket.len > 0 ? r->bucket.p : "-", r->bucket.len > 0 ? r->bucket.len : 1, 0);
	buf_addc(&b, ' ');
	uri_encode(&b, r->key.len > 0 ? r->key.p : "-", r->key.len > 0 ? r->key.len : 1, 1);
	buf_addf(&b, " %u %llu %s %s %llu\n", status, (unsigned long long)bytes, op_name(r->op),
	    r->ans.code != NULL ? r->ans.code : "-",
	    (unsigned long long)(clock_us() - x->began_us));
	if (write(r->srv->log_fd, b.p, b.len) != (ssize_t)b.len)
		perror("s3d: log");
	buf_free(&b);
}

/* Before the client sees the answer, so that the log and the numbers have it by then. */
static void
account(struct exchange *x, unsigned status)
{
	struct req *r = &x->req;
	uint64_t bytes = status == 0 || strcmp(r->method, "HEAD") == 0 ? 0 : body_len(&r->ans);

	if (r->op == OP_ADMIN)
		return;
	stats_answer(&r->srv->stats, status);
	atomic_fetch_add_explicit(&r->srv->stats.bytes_out, bytes, memory_order_relaxed);
	if (r->srv->log_fd != -1)
		log_line(x, status, bytes);
}

/* The answer with n surplus bytes after its body. */
static void
send_long(struct exchange *x)
{
	struct answer *a = &x->req.ans;
	struct buf b = {0};
	const char *end;
	uint64_t len = body_len(a), more = x->req.fault.n > 0 ? x->req.fault.n : 16;

	buf_addf(
	    &b, "HTTP/1.1 %u OK\r\nContent-Length: %llu\r\n", a->status, (unsigned long long)len);
	end = a->headers.p + a->headers.len;
	for (const char *p = a->headers.p; p < end;) {
		const char *value = p + strlen(p) + 1;

		buf_addf(&b, "%s: %s\r\n", p, value);
		p = value + strlen(value) + 1;
	}
	buf_adds(&b, "\r\n");
	if (a->object != NULL)
		object_read(
		    &x->worker->srv->store, a->object, a->off, buf_room(&b, len), (size_t)len);
	else if (len > 0) /* else there may be no body at all */
		memcpy(buf_room(&b, len), a->body.p, len);
	b.len += len;
	for (uint64_t i = 0; i < more; i++)
		buf_addc(&b, 'x');
	raw_send(x->conn, b.p, b.len);
	buf_free(&b);
}

/* Faults that libmicrohttpd cannot send. 1 if it was one. */
static int
send_fault(struct exchange *x)
{
	static const char garbage[] = "\x16\x03\x01\x02 this is not HTTP \xff\xfe\r\n\r\n";
	struct req *r = &x->req;

	switch (r->fault.action) {
	case FAULT_RESET:
	case FAULT_LOST:
		account(x, 0);
		reset_connection(x->conn);
		return 1;
	case FAULT_CLOSE: account(x, 0); return 1;
	case FAULT_GARBAGE:
		account(x, 0);
		raw_send(x->conn, garbage, sizeof(garbage) - 1);
		return 1;
	case FAULT_LONG:
		if (r->ans.status == 204 || r->ans.status == 304 || strcmp(r->method, "HEAD") == 0)
			return 0;
		account(x, r->ans.status);
		send_long(x);
		return 1;
	default: return 0;
	}
}

static void
headers_add(struct exchange *x, struct MHD_Response *resp)
{
	const struct req *r = &x->req;
	const char *p = r->ans.headers.p, *end = p + r->ans.headers.len;
	const struct model_config *m = &r->srv->model.conf;
	char date[32];

	while (p < end) {
		const char *value = p + strlen(p) + 1;

		MHD_add_response_header(resp, p, value);
		p = value + strlen(value) + 1;
	}
	if (r->op == OP_ADMIN)
		return;
	if (r->srv->opt.clock_offset_s != 0) {
		time_http(date, (int64_t)server_time(r->srv) * 1000);
		MHD_add_response_header(resp, "Date", date);
	}
	MHD_add_response_header(resp, "x-amz-request-id", r->id);
	MHD_add_response_header(resp, "Server", "s3d");
	if (m->close_after != 0 && x->requests >= m->close_after && !m->close_silent)
		MHD_add_response_header(resp, "Connection", "close");
}

enum MHD_Result
send_answer(struct exchange *x)
{
	struct req *r = &x->req;
	struct MHD_Response *resp;
	enum MHD_Result rc;

	if (send_fault(x))
		return MHD_NO;
	account(x, r->ans.status);
	resp = response_make(x);
	if (resp == NULL)
		return MHD_NO;
	headers_add(x, resp);
	rc = MHD_queue_response(x->conn, r->ans.status, resp);
	MHD_destroy_response(resp);
	return rc;
}
