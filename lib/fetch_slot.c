#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fetch_slot.h"

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct fetch_slot *s = arg;
	size_t len = size * n, line = len;
	SSL *ssl;
	struct curl_tlssessioninfo *info = NULL;

	while (line > 0 && (p[line - 1] == '\n' || p[line - 1] == '\r'))
		line--;
	s->progress_ms = fetch_now_ms(s->engine);
	if (s->drop)
		return 0;
	if (line > 9 && memcmp(p, "HTTP/", 5) == 0) {
		const char *sp = memchr(p, ' ', line);

		s->status = sp != NULL ? strtol(sp + 1, NULL, 10) : 0;
		if (s->handshake) {
			s->handshake = 0;
			if (curl_easy_getinfo(s->easy, CURLINFO_TLS_SSL_PTR, &info) == CURLE_OK &&
			    info != NULL && (ssl = info->internals) != NULL &&
			    SSL_session_reused(ssl))
				fetch_stats_of(s->engine)->tls_resumed++;
		}
		if (s->status >= 200 && !fetch_slot_wins(s->engine, s))
			return len; /* its hedge may still do better; fetch.c decides at the end */
	}
	if (s->status >= 200 && line > 0 && s->task->winner == s)
		s->task->ops->header(s->task->job, p, line);
	return len;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct fetch_slot *s = arg;
	size_t len = size * n;

	s->progress_ms = fetch_now_ms(s->engine);
	if (s->drop)
		return 0;
	if (s->task->winner != s)
		return len;
	switch (s->task->ops->body(s->task->job, p, len)) {
	case FETCH_TAKE: fetch_stats_of(s->engine)->bytes_in += len; return len;
	case FETCH_PAUSE: s->paused = 1; return CURL_WRITEFUNC_PAUSE;
	case FETCH_ABORT: break;
	}
	return 0;
}

static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
	struct fetch_slot *s = arg;
	ssize_t r;

	s->progress_ms = fetch_now_ms(s->engine);
	if (s->drop || s->task->ops->read == NULL)
		return CURL_READFUNC_ABORT;
	r = s->task->ops->read(s->task->job, s->read_offset, p, size * n);
	if (r < 0)
		return CURL_READFUNC_ABORT;
	s->read_offset += (uint64_t)r;
	return (size_t)r;
}

static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct fetch_slot *s = arg;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_FAIL;
	s->read_offset = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch_slot *s = arg;
	curl_socket_t fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);

	(void)purpose;
	if (fd == -1)
		return CURL_SOCKET_BAD;
	if (fetch_socket_opened(s->engine, fd) != CURLE_OK) {
		close(fd);
		return CURL_SOCKET_BAD;
	}
	fetch_stats_of(s->engine)->connections++;
	return fd;
}

/* The connection may outlive the slot that opened it, so the argument is the engine. */
static int
on_close(void *arg, curl_socket_t fd)
{
	fetch_socket_closed(arg, fd);
	return close(fd);
}

static CURLcode
on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
	struct fetch_slot *s = arg;
	X509_STORE *trust = fetch_trust(s->engine);

	(void)easy;
	if (trust == NULL)
		return CURLE_SSL_CACERT_BADFILE;
	/* one store for all connections: what it read from the hashed folder stays read */
	SSL_CTX_set1_cert_store(ctx, trust);
	fetch_stats_of(s->engine)->tls_handshakes++;
	s->handshake = 1;
	return CURLE_OK;
}

int
fetch_slot_init(struct fetch_slot *s, struct fetch *f, const struct fetch_opt *opt, CURLSH *share)
{
	CURL *c = curl_easy_init();

	*s = (struct fetch_slot){.engine = f, .easy = c};
	if (c == NULL)
		return -1;
	curl_easy_setopt(c, CURLOPT_PRIVATE, s);
	curl_easy_setopt(c, CURLOPT_SHARE, share);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->errbuf);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, opt->user_agent);
	if (opt->direct)
		curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(
	    c, CURLOPT_CONNECTTIMEOUT_MS, opt->connect_ms != 0 ? (long)opt->connect_ms : 10000L);
	curl_easy_setopt(
	    c, CURLOPT_BUFFERSIZE, opt->buffer_len != 0 ? (long)opt->buffer_len : 16384L);
	curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(c, CURLOPT_READDATA, s);
	curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(c, CURLOPT_SEEKDATA, s);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, s);
	curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, f);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
	curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, s);
	s->method = "GET";
	return 0;
}

void
fetch_slot_free(struct fetch_slot *s)
{
	if (s->easy != NULL)
		curl_easy_cleanup(s->easy);
	buf_free(&s->msg.url);
	buf_free(&s->msg.headers);
}

static void
set_method(struct fetch_slot *s)
{
	const char *m = s->msg.method;

	if (s->msg.has_body) {
		curl_easy_setopt(s->easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, m);
		curl_easy_setopt(s->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->msg.body_len);
	} else if (strcmp(s->method, m) != 0) {
		curl_easy_setopt(s->easy, CURLOPT_NOBODY, 0L);
		curl_easy_setopt(s->easy, CURLOPT_UPLOAD, 0L);
		curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, NULL);
		if (strcmp(m, "HEAD") == 0)
			curl_easy_setopt(s->easy, CURLOPT_NOBODY, 1L);
		else if (strcmp(m, "GET") != 0)
			curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, m);
	}
	s->method = m;
}

void
fetch_slot_set(struct fetch_slot *s, int fresh)
{
	struct fetch_msg *m = &s->msg;
	char *line;

	if (m->has_body)
		fetch_msg_header(m, "Expect", NULL);
	buf_str(&m->headers);
	line = m->headers.p;
	for (size_t i = 0; i < m->n_headers; i++) {
		s->nodes[i].data = line;
		s->nodes[i].next = i + 1 < m->n_headers ? &s->nodes[i + 1] : NULL;
		line += strlen(line) + 1;
	}
	set_method(s);
	curl_easy_setopt(s->easy, CURLOPT_URL, buf_str(&m->url));
	curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, m->n_headers > 0 ? s->nodes : NULL);
	curl_easy_setopt(s->easy, CURLOPT_FRESH_CONNECT, (long)fresh);
	s->status = 0;
	s->read_offset = 0;
	s->drop = s->paused = s->resume = s->handshake = 0;
	s->errbuf[0] = '\0';
}

enum fetch_fault
fetch_slot_fault(CURLcode code)
{
	switch (code) {
	case CURLE_OK: return FETCH_FAULT_NONE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_URL_MALFORMAT: return FETCH_FAULT_HOST;
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR: /* also a connection lost inside the handshake */
		return FETCH_FAULT_CONNECT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR: return FETCH_FAULT_TLS;
	case CURLE_PARTIAL_FILE: return FETCH_FAULT_SHORT;
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 not allowed: no status line came */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_HTTP2: return FETCH_FAULT_GARBAGE;
	case CURLE_WRITE_ERROR:
	case CURLE_READ_ERROR:
	case CURLE_ABORTED_BY_CALLBACK: return FETCH_FAULT_CALLER;
	default: return FETCH_FAULT_RESET;
	}
}
