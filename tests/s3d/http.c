/*
 * From libmicrohttpd's callbacks to a request that op_run can carry out.
 */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/num.h"
#include "exchange.h"

/* A body up to this size is read before an early error is answered: the client may not look for an
 * answer while it sends. XML bodies may not be larger than DOC_MAX. */
enum { DRAIN_MAX = 1 << 20, DOC_MAX = 2 << 20 };
#define BODY_MAX (UINT64_C(6) << 30)

void
exchange_started(void *cls, struct MHD_Connection *conn, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct worker *w = cls;
	struct exchange *x = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
		    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);

		if (info != NULL && info->tls_session != NULL)
			gnutls_session_ticket_enable_server(info->tls_session, &w->srv->ticket_key);
		*context = x = xcalloc(1, sizeof(*x));
		x->worker = w;
		x->conn = conn;
		x->req.srv = w->srv;
		w->srv->stats.connections++;
		w->srv->stats.open++;
		return;
	}
	w->srv->stats.open--;
	if (x == NULL)
		return;
	buf_free(&x->raw);
	target_free(&x->req.target);
	buf_free(&x->req.auth.extra);
	buf_free(&x->req.body);
	answer_reset(&x->req.ans);
	buf_free(&x->req.ans.headers);
	buf_free(&x->req.ans.body);
	free(x);
}

/* Makes the request empty, keeping its memory. */
static void
request_reset(struct exchange *x)
{
	struct req *r = &x->req;
	static const char digits[] = "0123456789ABCDEF";
	uint64_t id = random_next(&x->worker->ids);

	r->n_headers = 0;
	r->op = OP_UNKNOWN;
	buf_reset(&r->auth.extra);
	r->auth = (struct auth_result){.extra = r->auth.extra};
	buf_reset(&r->body);
	r->has_md5 = 0;
	r->trailer.name[0] = '\0';
	r->fault = (struct fault){0};
	for (int i = 0; i < 16; i++)
		r->id[i] = digits[id >> (4 * i) & 15];
	answer_reset(&r->ans);
	x->stage = STAGE_NEW;
	x->expects = x->stalled = 0;
	x->length = 0;
}

void *
exchange_target(void *cls, const char *uri, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct exchange *x = info->socket_context;

	(void)cls;
	request_reset(x);
	buf_reset(&x->raw);
	buf_adds(&x->raw, uri);
	return x;
}

static enum MHD_Result
on_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct req *r = cls;

	(void)kind;
	if (r->n_headers == HEADERS_MAX)
		return MHD_NO;
	r->headers[r->n_headers++] = (struct header){name, value != NULL ? value : ""};
	return MHD_YES;
}

static int
from_loopback(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *sa = info != NULL ? info->client_addr : NULL;
	struct sockaddr_in in;

	if (sa == NULL || sa->sa_family != AF_INET)
		return 0;
	memcpy(&in, sa, sizeof(in));
	return ntohl(in.sin_addr.s_addr) >> 24 == 127;
}

static enum model_kind
model_kind(enum op op)
{
	switch (op) {
	case OP_LIST_V1:
	case OP_LIST_V2:
	case OP_LIST_UPLOADS:
	case OP_LIST_PARTS:
	case OP_LIST_BUCKETS: return MODEL_LIST;
	case OP_GET:
	case OP_HEAD:
	case OP_LOCATION:
	case OP_BUCKET_HEAD: return MODEL_READ;
	default: return MODEL_WRITE;
	}
}

static void
authenticate(struct exchange *x)
{
	struct req *r = &x->req;
	const struct auth_config *conf = &r->srv->opt.auth;
	struct auth_request a = {
	    r->method, &r->target, r->headers, r->n_headers, server_time(r->srv)};

	auth_check(&r->auth, &a, conf, &x->worker->auth);
	if (r->auth.code == NULL)
		return;
	answer_error(r, r->auth.code, buf_str(&r->auth.extra));
	if (strcmp(r->auth.code, "AuthorizationHeaderMalformed") == 0)
		answer_header(&r->ans, "x-amz-bucket-region", conf->region);
}

/* Faults that replace the answer. */
static void
fault_answer(struct req *r)
{
	const struct fault *f = &r->fault;
	const char *by_status = f->n == 503 ? "SlowDown" : "InternalError";
	struct buf extra = {0};

	switch (f->action) {
	case FAULT_STATUS:
		answer_error_status(
		    r, (unsigned)f->n % 1000, f->text[0] != '\0' ? f->text : by_status, NULL);
		if (f->m > 0) {
			answer_headerf(&r->ans, "Retry-After", "%llu", (unsigned long long)f->m);
			answer_headerf(
			    &r->ans, "x-amz-retry-after", "%llu", (unsigned long long)f->m * 1000);
		}
		break;
	case FAULT_ERROR_200:
		answer_error_status(r, 200, f->text[0] != '\0' ? f->text : "InternalError", NULL);
		break;
	case FAULT_REDIRECT:
		buf_addf(&extra, "<Region>%s</Region><Bucket>%.*s</Bucket>", f->text,
		    (int)r->bucket.len, r->bucket.p);
		answer_error_status(r, (unsigned)f->n % 1000,
		    f->n == 307 ? "TemporaryRedirect" : "PermanentRedirect", buf_str(&extra));
		answer_header(&r->ans, "x-amz-bucket-region", f->text);
		break;
	case FAULT_EXPIRED: answer_error(r, "ExpiredToken", NULL); break;
	case FAULT_NOT_MODIFIED: r->ans.status = 304; break;
	default: break;
	}
	buf_free(&extra);
}

/* Checks all that is known before the body; on an error r->ans gets a status. */
static void
request_head(struct exchange *x)
{
	struct req *r = &x->req;
	const char *host, *length;
	struct str fault_key;
	const struct str *prefix;

	MHD_get_connection_values(x->conn, MHD_HEADER_KIND, on_header, r);
	if (target_parse(&r->target, buf_str(&x->raw)) == -1) {
		answer_error(r, "InvalidURI", NULL);
		return;
	}
	host = req_header(r, "host");
	target_address(
	    &r->target, host != NULL ? host : "", r->srv->opt.domains, r->srv->opt.n_domains);
	r->bucket = r->target.bucket;
	r->key = r->target.key;
	r->op = req_classify(r);
	length = req_header(r, "content-length");
	if (length != NULL && num_parse(length, 0, BODY_MAX, &x->length) == -1)
		answer_error(r, "EntityTooLarge", NULL);
	/* a chunked transfer is accepted if the payload's length is given elsewhere */
	if (req_header(r, "transfer-encoding") != NULL && length == NULL &&
	    req_header(r, "x-amz-decoded-content-length") == NULL)
		answer_error(r, "MissingContentLength", NULL);
	x->expects = req_header(r, "expect") != NULL;
	if (r->op == OP_ADMIN) {
		if (!from_loopback(x->conn))
			answer_error(r, "AccessDenied", NULL);
		return;
	}
	if (r->ans.status == 0 && r->op != OP_PUT && r->op != OP_PART && x->length > DOC_MAX)
		answer_error(r, "EntityTooLarge", NULL);
	prefix = model_kind(r->op) == MODEL_LIST ? req_param(r, "prefix") : NULL;
	fault_key = prefix != NULL ? *prefix : r->key;
	r->fault = faults_match(r->srv->faults, fault_key, r->method, op_name(r->op));
	if (r->fault.action != FAULT_NONE)
		r->srv->stats.faults++;
	if (r->ans.status == 0)
		fault_answer(r);
	if (r->ans.status == 0 && model_throttled(&r->srv->model, model_kind(r->op))) {
		r->srv->stats.throttled++;
		answer_error(r, "SlowDown", NULL);
	}
	if (r->ans.status == 0)
		authenticate(x);
}

static int
is_resumed(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info != NULL && info->tls_session != NULL &&
	    gnutls_session_is_resumed(info->tls_session);
}

static void
request_begin(struct exchange *x, const char *method)
{
	x->began_us = clock_us();
	x->requests++;
	x->req.method = method;
	if (x->requests == 1 && is_resumed(x->conn))
		x->worker->srv->stats.tls_resumed++;
	request_head(x);
	if (x->req.op != OP_ADMIN) {
		x->active = 1;
		x->worker->srv->stats.in_flight++;
	}
	if (x->req.ans.status == 0 && x->length > 0)
		buf_room(&x->req.body, x->length);
}

/* Faults that happen before the request is carried out. */
static int
fault_before(const struct req *r)
{
	return r->fault.action == FAULT_RESET || r->fault.action == FAULT_CLOSE ||
	    r->fault.action == FAULT_GARBAGE;
}

/* The body is complete and any delay is over. */
static enum MHD_Result
request_finish(struct exchange *x)
{
	struct req *r = &x->req;
	const char *code = NULL;

	if (r->op != OP_ADMIN)
		stats_request(&r->srv->stats, r);
	if (fault_before(r))
		return send_answer(x);
	if (r->ans.status == 0 && r->op != OP_ADMIN)
		code = body_check(r);
	if (code != NULL)
		answer_error(r, code, NULL);
	if (r->ans.status == 0)
		op_run(r);
	return send_answer(x);
}

static uint64_t
delay_us(struct exchange *x)
{
	struct req *r = &x->req;
	uint64_t us;

	if (r->op == OP_ADMIN)
		return 0;
	us = model_delay_us(&r->srv->model, model_kind(r->op));
	if (r->fault.action == FAULT_STALL)
		us += r->fault.n * 1000;
	return us;
}

enum MHD_Result
exchange_run(void *cls, struct MHD_Connection *conn, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_size, void **context)
{
	struct exchange *x = *context;
	struct worker *w = cls;
	uint64_t us;

	(void)conn;
	(void)url;
	(void)version;
	if (w->srv->stopping)
		return MHD_NO;
	if (x->stage == STAGE_NEW) {
		request_begin(x, method);
		x->stage = STAGE_BODY;
		/* an answer in this first call makes libmicrohttpd close the connection */
		if (x->req.ans.status == 0 || x->length == 0 ||
		    (!x->expects && x->length <= DRAIN_MAX))
			return MHD_YES;
		x->stage = STAGE_READY;
	}
	if (x->stage == STAGE_BODY) {
		if (*upload_size > 0) {
			if (x->req.ans.status == 0 && x->req.body.len < BODY_MAX)
				buf_add(&x->req.body, upload, *upload_size);
			*upload_size = 0;
			return MHD_YES;
		}
		x->stage = STAGE_READY;
	}
	if (x->stage == STAGE_READY && (us = delay_us(x)) > 0) {
		x->stage = STAGE_SLEPT;
		worker_sleep(w, x, us);
		return MHD_YES;
	}
	return request_finish(x);
}

void
exchange_done(
    void *cls, struct MHD_Connection *conn, void **context, enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *context;
	struct worker *w = cls;
	const struct model_config *m = &w->srv->model.conf;

	(void)why;
	if (x == NULL)
		return;
	answer_reset(&x->req.ans);
	if (!x->active)
		return;
	x->active = 0;
	w->srv->stats.in_flight--;
	if (m->close_silent && x->requests >= m->close_after)
		shutdown(
		    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
		    SHUT_RDWR);
}
